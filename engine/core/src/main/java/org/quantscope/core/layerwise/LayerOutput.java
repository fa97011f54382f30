package org.quantscope.core.layerwise;

import java.util.Optional;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.rounding.LayerMoments;
import org.quantscope.core.tensor.Tensor;

/**
 * The output of one layer as a function of its weight's parameters: finds the {@link OutputError} of any number of them
 * without running the model. Keeps a copy of the weight. Thread safe.
 */
public final class LayerOutput {
    private final Tensor weight;
    private final LayerMoments moments;
    /** [rows·columns]; 0 in place of what is no finite number. */
    private final float[] rows;

    private final double signal;
    /** The mean square of each output in float. */
    private final double[] signals;

    /** More multiplications than this do not fit in a frame. */
    private static final long FRAME = 1 << 25;

    /** @param moments those of the weight's layer */
    public LayerOutput(Tensor weight, LayerMoments moments, CancelToken cancel) {
        this.weight = weight;
        this.moments = moments;
        float[] all = moments.rows(weight.data().toFloats());
        for (int i = 0; i < all.length; i++) {
            all[i] = Float.isFinite(all[i]) ? all[i] : 0;
        }
        rows = all;
        signals = moments.errors(rows, cancel);
        signal = mean(signals);
    }

    public LayerMoments moments() {
        return moments;
    }

    /** The error at the output under some parameters. */
    public OutputError error(QuantParams params, CancelToken cancel) {
        return error(ErrorPass.fakeQuantize(weight, params, cancel), cancel);
    }

    /**
     * The same for the values of codes that a rounding chose.
     *
     * @param values in storage order
     */
    public OutputError error(float[] values, CancelToken cancel) {
        float[] quantized = moments.rows(values);
        float[] change = new float[quantized.length];
        for (int i = 0; i < change.length; i++) {
            float d = quantized[i] - rows[i];
            change[i] = Float.isFinite(d) ? d : 0;
        }
        return new OutputError(mean(moments.errors(change, cancel)), signal, moments.isWhole());
    }

    /**
     * An estimate from some of the outputs, evenly spaced, whose errors stand for those of outputs with as much signal.
     *
     * @return empty if the error of all outputs takes hardly longer
     */
    public Optional<OutputError> estimate(QuantParams params, CancelToken cancel) {
        int all = moments.rows();
        int some = (int) Math.max(1, FRAME / Math.max(1, moments.work()));
        if (all < 2 * some) {
            return Optional.empty();
        }
        float[] quantized = moments.rows(ErrorPass.fakeQuantize(weight, params, cancel));
        int columns = moments.columns();
        float[] change = new float[columns];
        double[] error = new double[1];
        double errors = 0;
        double seen = 0;
        for (int i = 0; i < some; i++) {
            cancel.check();
            int row = (int) ((long) i * all / some);
            for (int c = 0; c < columns; c++) {
                float d = quantized[row * columns + c] - rows[row * columns + c];
                change[c] = Float.isFinite(d) ? d : 0;
            }
            moments.errorsOf(row, change, 1, error);
            errors += error[0];
            seen += signals[row];
        }
        double mse = seen > 0 ? errors / seen * signal : errors / some;
        return Optional.of(new OutputError(mse, signal, false));
    }

    /**
     * The error at the one output whose weights a slice holds.
     *
     * @return empty if the slice is not one row of weights
     */
    public Optional<OutputError> errorOfSlice(Slicing slicing, int slice, Grid grid) {
        int columns = moments.columns();
        int row = moments.row(slicing.element(slice, 0));
        if (slicing.slices() != moments.rows()
                || slicing.sliceOf(moments.stored(row, 0)) != slice
                || slicing.sliceOf(moments.stored(row, columns - 1)) != slice) {
            return Optional.empty();
        }
        float[] change = new float[columns];
        for (int c = 0; c < columns; c++) {
            float x = rows[row * columns + c];
            change[c] = grid.quantize(x) - x;
        }
        double[] error = new double[1];
        moments.errorsOf(row, change, 1, error);
        return Optional.of(new OutputError(error[0], signals[row], moments.isWhole()));
    }

    private static double mean(double[] rows) {
        double sum = 0;
        for (double row : rows) {
            sum += row;
        }
        return sum / rows.length;
    }
}
