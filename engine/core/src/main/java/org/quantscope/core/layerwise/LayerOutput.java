package org.quantscope.core.layerwise;

import org.quantscope.core.job.CancelToken;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.quant.QuantParams;
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

    /** @param moments those of the weight's layer */
    public LayerOutput(Tensor weight, LayerMoments moments, CancelToken cancel) {
        this.weight = weight;
        this.moments = moments;
        float[] all = moments.rows(weight.data().toFloats());
        for (int i = 0; i < all.length; i++) {
            all[i] = Float.isFinite(all[i]) ? all[i] : 0;
        }
        rows = all;
        signal = mean(moments.errors(rows, cancel));
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

    private static double mean(double[] rows) {
        double sum = 0;
        for (double row : rows) {
            sum += row;
        }
        return sum / rows.length;
    }
}
