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

    /** Rows of one group that are worked on together, so that a row of the moments serves all of them from the cache. */
    static final int TOGETHER = 8;

    /** Some successive rows of one group. */
    @FunctionalInterface
    interface Rows {
        /** @param end exclusive */
        void work(int from, int end);
    }

    /** Does something for all rows, {@link #TOGETHER} of one group at a time, on all cores. */
    void eachRows(CancelToken cancel, Rows work) {
        int blocks = Math.ceilDiv(rows, TOGETHER);
        IntStream.range(0, groups * blocks).parallel().forEach(b -> {
            cancel.check();
            int from = b / blocks * rows + b % blocks * TOGETHER;
            work.work(from, Math.min(from + TOGETHER, (b / blocks + 1) * rows));
        });
    }

    /**
     * Each row of a matrix times the moments of its group.
     *
     * @param matrix [groups·rows·columns]
     * @return [groups·rows·columns]
     */
    float[] times(float[] matrix, CancelToken cancel) {
        float[] product = new float[matrix.length];
        times(matrix, product, cancel);
        return product;
    }

    /** The same into an array that exists. */
    void times(float[] matrix, float[] product, CancelToken cancel) {
        java.util.Arrays.fill(product, 0);
        if (groups == 1) {
            cancel.check();
            MomentProducts.best().addProduct(matrix, moments[0], rows, columns, product);
            return;
        }
        eachRows(cancel, (from, end) -> {
            float[] h = momentsOf(from);
            for (int j = 0; j < columns; j++) {
                for (int row = from; row < end; row++) {
                    add(matrix[row * columns + j], h, j * columns, product, row * columns, columns);
                }
            }
        });
    }

    static void add(float times, float[] from, int at, float[] to, int toAt, int n) {
        if (times != 0) {
            for (int j = 0; j < n; j++) {
                to[toAt + j] += times * from[at + j];
            }
        }
    }

    /**
     * The mean of squares of the error at each output, summed over the outputs: tr(ΔW H ΔWᵀ).
     *
     * @param weights [groups·rows·columns], quantized
     */
    public double outputError(float[] weights, CancelToken cancel) {
        float[] change = new float[weights.length];
        for (int i = 0; i < change.length; i++) {
            change[i] = weights[i] - target[i];
        }
        return squares(change, cancel);
    }

    /** The mean square of the float outputs, summed over the outputs: what {@link #outputError} is small against. */
    public double signal(CancelToken cancel) {
        return squares(target, cancel);
    }

    private double squares(float[] matrix, CancelToken cancel) {
        float[] product = times(matrix, cancel);
        double sum = 0;
        for (int i = 0; i < matrix.length; i++) {
            sum += (double) matrix[i] * product[i];
        }
        return sum;
    }
}
