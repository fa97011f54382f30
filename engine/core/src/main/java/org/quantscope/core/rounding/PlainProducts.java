package org.quantscope.core.rounding;

import java.util.stream.IntStream;

/** Rows added to rows, which the compiler turns into vector instructions; on all cores. */
public final class PlainProducts implements MomentProducts {
    @Override
    public void addGram(float[] x, int rows, int columns, float[] sum) {
        IntStream.range(0, columns).parallel().forEach(i -> addRow(x, x, rows, columns, i, i, sum));
    }

    @Override
    public void addCross(float[] x, float[] y, int rows, int columns, float[] sum) {
        IntStream.range(0, columns).parallel().forEach(i -> addRow(x, y, rows, columns, i, 0, sum));
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
