package org.quantscope.linalg.train;

import java.util.Arrays;
import java.util.Optional;
import org.bytedeco.openblas.global.openblas;
import org.quantscope.linalg.Nd4jBackend;

/** Products of dense row-major matrices in float arrays: OpenBLAS for large ones, plain Java for small ones. */
final class Products {
    /** Below this many multiplications a call of the library costs more than it saves. */
    private static final long FEW = 1 << 15;

    private Products() {}

    /** Loaded at the first large product. */
    private static final class Library {
        private static final Optional<String> UNAVAILABLE = Nd4jBackend.unavailable();
    }

    /**
     * {@code c = op(a)·op(b) + c}, or without the old {@code c}.
     *
     * @param a [m, k], or [k, m] if {@code ta}
     * @param b [k, n], or [n, k] if {@code tb}
     * @param add false to overwrite c
     * @param c [m, n]
     */
    static void product(boolean ta, float[] a, boolean tb, float[] b, int m, int n, int k, boolean add, float[] c) {
        if ((long) m * n * k < FEW || Library.UNAVAILABLE.isPresent()) {
            plain(ta, a, 0, tb, b, 0, m, n, k, add, c, 0);
            return;
        }
        openblas.cblas_sgemm(
                openblas.CblasRowMajor,
                ta ? openblas.CblasTrans : openblas.CblasNoTrans,
                tb ? openblas.CblasTrans : openblas.CblasNoTrans,
                m,
                n,
                k,
                1,
                a,
                ta ? m : k,
                b,
                tb ? k : n,
                add ? 1 : 0,
                c,
                n);
    }

    /** The same for matrices that begin inside the arrays; they are copied for the library. */
    static void product(
            boolean ta,
            float[] a,
            int aFrom,
            boolean tb,
            float[] b,
            int bFrom,
            int m,
            int n,
            int k,
            boolean add,
            float[] c,
            int cFrom) {
        if ((long) m * n * k < 4 * FEW || Library.UNAVAILABLE.isPresent()) {
            plain(ta, a, aFrom, tb, b, bFrom, m, n, k, add, c, cFrom);
            return;
        }
        float[] out = add ? Arrays.copyOfRange(c, cFrom, cFrom + m * n) : new float[m * n];
        product(
                ta,
                Arrays.copyOfRange(a, aFrom, aFrom + m * k),
                tb,
                Arrays.copyOfRange(b, bFrom, bFrom + n * k),
                m,
                n,
                k,
                add,
                out);
        System.arraycopy(out, 0, c, cFrom, m * n);
    }

    private static void plain(
            boolean ta,
            float[] a,
            int aFrom,
            boolean tb,
            float[] b,
            int bFrom,
            int m,
            int n,
            int k,
            boolean add,
            float[] c,
            int cFrom) {
        for (int i = 0; i < m; i++) {
            int row = cFrom + i * n;
            if (!add) {
                Arrays.fill(c, row, row + n, 0);
            }
            if (tb) {
                for (int j = 0; j < n; j++) {
                    float sum = 0;
                    int other = bFrom + j * k;
                    for (int p = 0; p < k; p++) {
                        sum += a[aFrom + (ta ? p * m + i : i * k + p)] * b[other + p];
                    }
                    c[row + j] += sum;
                }
            } else {
                for (int p = 0; p < k; p++) {
                    float x = a[aFrom + (ta ? p * m + i : i * k + p)];
                    int other = bFrom + p * n;
                    for (int j = 0; j < n; j++) {
                        c[row + j] += x * b[other + j];
                    }
                }
            }
        }
    }
}
