package org.quantscope.core.rounding;

import java.util.stream.IntStream;

/** Rows added to rows, which the compiler turns into vector instructions; on all cores. */
public final class PlainProducts implements MomentProducts {
    /** Rows that share a row of the matrix while it is in the nearest cache. */
    private static final int TOGETHER = 8;

    @Override
    public void addGram(float[] x, int rows, int columns, float[] sum) {
        IntStream.range(0, columns).parallel().forEach(i -> addRow(x, x, rows, columns, i, i, sum));
    }

    @Override
    public void addCross(float[] x, float[] y, int rows, int columns, float[] sum) {
        IntStream.range(0, columns).parallel().forEach(i -> addRow(x, y, rows, columns, i, 0, sum));
    }

    @Override
    public void addProduct(float[] x, float[] m, int rows, int columns, float[] sum) {
        IntStream.range(0, Math.ceilDiv(rows, TOGETHER)).parallel().forEach(block -> {
            int end = Math.min(rows, (block + 1) * TOGETHER);
            for (int i = 0; i < columns; i++) {
                for (int p = block * TOGETHER; p < end; p++) {
                    float times = x[p * columns + i];
                    if (times != 0) {
                        addTimes(times, m, i * columns, sum, p * columns, columns);
                    }
                }
            }
        });
    }

    private static void addTimes(float times, float[] from, int at, float[] to, int toAt, int n) {
        for (int j = 0; j < n; j++) {
            to[toAt + j] += times * from[at + j];
        }
    }

    private static void addRow(float[] x, float[] y, int rows, int columns, int i, int from, float[] sum) {
        for (int p = 0; p < rows; p++) {
            float times = x[p * columns + i];
            if (times != 0) {
                int start = p * columns;
                for (int j = from; j < columns; j++) {
                    sum[i * columns + j] += times * y[start + j];
                }
            }
        }
    }
}
