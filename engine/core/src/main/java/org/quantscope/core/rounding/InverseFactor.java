package org.quantscope.core.rounding;

/**
 * The upper triangular R with RᵀR = A⁻¹ for a symmetric positive definite A, in double.
 *
 * <p>A taken backwards in both directions is CᵀC (Cholesky); then A = VVᵀ with the upper triangular V that is Cᵀ taken
 * backwards, and R = V⁻¹. Both steps add multiples of rows to rows, which the compiler turns into vector instructions.
 */
final class InverseFactor {
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
        for (int k = 0; k < n; k++) {
            double pivot = c[k][k];
            if (!(pivot > 0)) {
                throw new ArithmeticException("the moments are not positive definite: pivot " + k + " is " + pivot);
            }
            double root = Math.sqrt(pivot);
            double[] row = c[k];
            for (int j = k; j < n; j++) {
                row[j] /= root;
            }
            for (int i = k + 1; i < n; i++) {
                subtract(c[i], row, row[i], i, n);
            }
        }
        double[][] r = new double[n][n];
        for (int i = n - 1; i >= 0; i--) {
            double[] row = r[i];
            for (int k = i + 1; k < n; k++) {
                // V[i][k] is C[n−1−k][n−1−i].
                subtract(row, r[k], c[n - 1 - k][n - 1 - i], k, n);
            }
            double own = c[n - 1 - i][n - 1 - i];
            for (int j = i + 1; j < n; j++) {
                row[j] /= own;
            }
            row[i] = 1 / own;
        }
        return new InverseFactor(r);
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

    /** b·A⁻¹ for a row b. */
    double[] solve(double[] b) {
        int n = b.length;
        double[] x = new double[n];
        for (int i = 0; i < n; i++) {
            double[] row = rows[i];
            double sum = 0;
            for (int j = i; j < n; j++) {
                sum += row[j] * b[j];
            }
            subtract(x, row, -sum, i, n);
        }
        return x;
    }
}
