package org.quantscope.core.rounding;

import java.util.stream.IntStream;

/**
 * The upper triangular R with RᵀR = A⁻¹ for a symmetric positive definite A, in double.
 *
 * <p>A taken backwards in both directions is CᵀC (Cholesky); then A = VVᵀ with the upper triangular V that is Cᵀ taken
 * backwards, and R = V⁻¹. Both steps add multiples of rows to rows, which the compiler turns into vector instructions.
 */
final class InverseFactor {
    private static final int TOGETHER = 8;
    /** From this many rows on the work is shared out. */
    private static final int LARGE = 256;

    private static final int PART = 64;

    private final double[][] rows;

    private InverseFactor(double[][] rows) {
        this.rows = rows;
    }

    /**
     * @param a [n·n], symmetric
     * @throws ArithmeticException if it is not positive definite
     */
    static InverseFactor of(float[] a, int n) {
        double[][] c = new double[n][n];
        for (int i = 0; i < n; i++) {
            for (int j = i; j < n; j++) {
                c[i][j] = a[(n - 1 - i) * n + n - 1 - j];
            }
        }
        for (int from = 0; from < n; from += TOGETHER) {
            int first = from;
            int last = Math.min(n, first + TOGETHER);
            for (int k = first; k < last; k++) {
                for (int i = first; i < k; i++) {
                    subtract(c[k], c[i], c[i][k], k, n);
                }
                divideByRoot(c[k], k);
            }
            // A row is taken from memory once for several rows that are done.
            inParts(n - last, n, (begin, end) -> {
                for (int i = last + begin; i < last + end; i++) {
                    for (int k = first; k < last; k++) {
                        subtract(c[i], c[k], c[k][i], i, n);
                    }
                }
            });
        }
        double[][] v = new double[n][n];
        for (int i = 0; i < n; i++) {
            for (int k = i; k < n; k++) {
                v[i][k] = c[n - 1 - k][n - 1 - i];
            }
        }
        double[][] r = new double[n][n];
        inParts(n, n, (begin, end) -> {
            for (int i = end - 1; i >= 0; i--) {
                for (int k = i + 1; k < end; k++) {
                    subtract(r[i], r[k], v[i][k], Math.max(begin, k), end);
                }
                for (int j = Math.max(begin, i + 1); j < end; j++) {
                    r[i][j] /= v[i][i];
                }
                if (i >= begin) {
                    r[i][i] = 1 / v[i][i];
                }
            }
        });
        return new InverseFactor(r);
    }

    private static void divideByRoot(double[] row, int k) {
        double pivot = row[k];
        if (!(pivot > 0)) {
            throw new ArithmeticException("the moments are not positive definite: pivot " + k + " is " + pivot);
        }
        double root = Math.sqrt(pivot);
        for (int j = k; j < row.length; j++) {
            row[j] /= root;
        }
    }

    @FunctionalInterface
    private interface Part {
        /** @param end exclusive */
        void work(int begin, int end);
    }

    /** Does something for 0 to {@code count − 1}, in parts on all cores if the matrix is large. */
    private static void inParts(int count, int n, Part part) {
        if (n < LARGE) {
            part.work(0, count);
            return;
        }
        IntStream.range(0, Math.ceilDiv(count, PART))
                .parallel()
                .forEach(p -> part.work(p * PART, Math.min(count, (p + 1) * PART)));
    }

    private static void subtract(double[] from, double[] row, double times, int begin, int end) {
        if (times != 0) {
            for (int j = begin; j < end; j++) {
                from[j] -= times * row[j];
            }
        }
    }

    /** Row i; its entries before i are 0. Not to be changed. */
    double[] row(int i) {
        return rows[i];
    }

    /** b·A⁻¹ for some rows b. */
    double[][] solve(double[][] b) {
        int n = rows.length;
        double[][] x = new double[b.length][n];
        for (int i = 0; i < n; i++) {
            double[] row = rows[i];
            for (int p = 0; p < b.length; p++) {
                double sum = dot(row, b[p], i);
                subtract(x[p], row, -sum, i, n);
            }
        }
        return x;
    }

    /** The sum of the products from a place on: four sums, so that an addition need not wait for the one before. */
    private static double dot(double[] a, double[] b, int from) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        int j = from;
        for (; j + 3 < a.length; j += 4) {
            s0 += a[j] * b[j];
            s1 += a[j + 1] * b[j + 1];
            s2 += a[j + 2] * b[j + 2];
            s3 += a[j + 3] * b[j + 3];
        }
        for (; j < a.length; j++) {
            s0 += a[j] * b[j];
        }
        return s0 + s1 + (s2 + s3);
    }
}
