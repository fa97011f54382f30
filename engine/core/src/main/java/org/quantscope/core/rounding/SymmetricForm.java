package org.quantscope.core.rounding;

import org.quantscope.core.kernel.Kernels;

/**
 * A symmetric matrix H and the value d·H·dᵀ for many vectors at once. Only the upper triangle is kept, with half of the
 * diagonal, in panels of {@link Kernels#PANEL} columns: of the 2·Σ d_j·H_jk·d_k over j ≤ k the sums over j are in float32,
 * those over k in double. Thread safe.
 */
final class SymmetricForm {
    private static final int WIDE = Kernels.PANEL;
    private static final int TOGETHER = Kernels.VECTORS;
    /** Vectors that pass over a panel while it stays in the nearest cache. */
    private static final int NEAR = 8 * TOGETHER;

    private final int size;
    private final float[] panels;

    /** The element of a matrix in a row and a column that is not before it. */
    @FunctionalInterface
    interface Upper {
        double at(int row, int column);
    }

    SymmetricForm(int size, Upper upper) {
        this.size = size;
        panels = new float[Math.toIntExact(length(size))];
        for (int c = 0; c < size; c++) {
            for (int j = 0; j <= c; j++) {
                double h = upper.at(j, c);
                panels[place(j, c)] = (float) (j == c ? h / 2 : h);
            }
        }
    }

    /** The number of values that are kept for a size. */
    static long length(int size) {
        long whole = size / WIDE;
        return (whole * (whole + 1) / 2 * WIDE + (size % WIDE == 0 ? 0 : size)) * WIDE;
    }

    /** Where a panel begins. */
    private static int start(int panel) {
        return (int) ((long) panel * (panel + 1) / 2 * WIDE * WIDE);
    }

    private static int place(int row, int column) {
        return start(column / WIDE) + row * WIDE + column % WIDE;
    }

    int size() {
        return size;
    }

    double at(int i, int j) {
        return i == j ? 2.0 * panels[place(i, i)] : i < j ? panels[place(i, j)] : panels[place(j, i)];
    }

    /**
     * Adds d·H·dᵀ of each vector to {@code sums}.
     *
     * @param d vectors of this size, {@code stride} apart
     * @param at where the first one begins
     */
    void add(float[] d, int at, int stride, int vectors, double[] sums, int to) {
        Kernels kernels = Kernels.chosen();
        float[] out = new float[TOGETHER * WIDE];
        for (int from = 0; from < vectors; from += NEAR) {
            int end = Math.min(vectors, from + NEAR);
            int whole = from + (end - from) / TOGETHER * TOGETHER;
            float[] rest = whole == end ? out : new float[TOGETHER * size];
            for (int v = whole; v < end; v++) {
                System.arraycopy(d, at + v * stride, rest, (v - whole) * size, size);
            }
            for (int panel = 0; panel * WIDE < size; panel++) {
                for (int v = from; v < whole; v += TOGETHER) {
                    eight(kernels, panel, d, at + v * stride, stride, TOGETHER, out, sums, to + v);
                }
                if (whole < end) {
                    eight(kernels, panel, rest, 0, size, end - whole, out, sums, to + whole);
                }
            }
        }
    }

    /** Adds what one panel gives for up to {@link #TOGETHER} vectors. */
    private void eight(
            Kernels kernels,
            int panel,
            float[] d,
            int at,
            int stride,
            int vectors,
            float[] out,
            double[] sums,
            int to) {
        int first = panel * WIDE;
        int n = Math.min(WIDE, size - first);
        kernels.multiplyPanel(panels, start(panel), first + n, d, at, stride, out);
        for (int v = 0; v < vectors; v++) {
            double sum = 0;
            for (int c = 0; c < n; c++) {
                sum += (double) out[v * WIDE + c] * d[at + v * stride + first + c];
            }
            sums[to + v] += 2 * sum;
        }
    }
}
