package org.quantscope.core.rounding;

import java.util.stream.IntStream;
import org.quantscope.core.job.CancelToken;

/**
 * A layer's weight as rows that all read the same inputs, with the second moments of these inputs. The error at the
 * output of row w' instead of w, as a mean of squares over the data, is (w' − w) H (w' − w)ᵀ.
 *
 * <p>A grouped convolution has several groups of rows, each with moments of its own. Arrays are taken over, and not to
 * be changed.
 *
 * @param groups number of groups, at least 1
 * @param rows output channels of one group
 * @param columns inputs of one row: of a convolution, input channels of a group times positions of the kernel
 * @param target [groups·rows·columns], the weights to come close to
 * @param moments for each group [columns·columns], symmetric and positive definite
 * @param slices [groups·rows·columns], for each weight the slice whose scale it has
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record LayerProblem(int groups, int rows, int columns, float[] target, float[][] moments, int[] slices) {
    public LayerProblem {
        long count = (long) groups * rows * columns;
        if (groups < 1 || rows < 1 || columns < 1 || target.length != count || slices.length != count) {
            throw new IllegalArgumentException("target: " + target.length + " weights and " + slices.length
                    + " slices for " + groups + " groups of " + rows + " rows of " + columns);
        }
        if (moments.length != groups) {
            throw new IllegalArgumentException("moments: " + moments.length + " matrices for " + groups + " groups");
        }
        for (float[] h : moments) {
            if (h.length != (long) columns * columns) {
                throw new IllegalArgumentException("moments: " + h.length + " values for " + columns + " columns");
            }
        }
    }

    int allRows() {
        return groups * rows;
    }

    float[] momentsOf(int row) {
        return moments[row / rows];
    }

    /** Does something for each row, on all cores. */
    void eachRow(CancelToken cancel, java.util.function.IntConsumer work) {
        IntStream.range(0, allRows()).parallel().forEach(row -> {
            cancel.check();
            work.accept(row);
        });
    }

    /**
     * The mean of squares of the error at each output, summed over the outputs: tr(ΔW H ΔWᵀ).
     *
     * @param weights [groups·rows·columns], quantized
     */
    public double outputError(float[] weights, CancelToken cancel) {
        double[] of = new double[allRows()];
        eachRow(cancel, row -> {
            int from = row * columns;
            float[] h = momentsOf(row);
            double sum = 0;
            for (int j = 0; j < columns; j++) {
                double d = (double) weights[from + j] - target[from + j];
                if (d != 0) {
                    double inner = 0;
                    for (int k = 0; k < columns; k++) {
                        inner += h[j * columns + k] * ((double) weights[from + k] - target[from + k]);
                    }
                    sum += d * inner;
                }
            }
            of[row] = sum;
        });
        double all = 0;
        for (double row : of) {
            all += row;
        }
        return all;
    }

    /** The mean square of the float outputs, summed over the outputs: what {@link #outputError} is small against. */
    public double signal(CancelToken cancel) {
        float[] nothing = new float[target.length];
        return outputError(nothing, cancel);
    }
}
