package org.quantscope.linalg;

import java.util.Optional;
import org.bytedeco.openblas.global.openblas;
import org.quantscope.core.rounding.MomentProducts;
import org.quantscope.core.rounding.PlainProducts;

/** The products of OpenBLAS, which ND4J ships; plain Java where it cannot be loaded. */
public final class BlasProducts implements MomentProducts {
    private static final MomentProducts PLAIN = new PlainProducts();
    /** Below this many columns a call costs more than it saves. */
    private static final int FEW = 16;

    /** Below this many multiplications too: a small model does without the library, which takes seconds to load. */
    private static final long LITTLE = 1 << 24;

    /** Loaded at the first large product. */
    private static final class Library {
        private static final Optional<String> UNAVAILABLE = Nd4jBackend.unavailable();
    }

    private static boolean plain(int rows, int columns) {
        return columns < FEW || (long) rows * columns * columns < LITTLE || Library.UNAVAILABLE.isPresent();
    }

    @Override
    public void addGram(float[] x, int rows, int columns, float[] sum) {
        if (plain(rows, columns)) {
            PLAIN.addGram(x, rows, columns, sum);
            return;
        }
        openblas.cblas_ssyrk(
                openblas.CblasRowMajor,
                openblas.CblasUpper,
                openblas.CblasTrans,
                columns,
                rows,
                1,
                x,
                columns,
                1,
                sum,
                columns);
    }

    @Override
    public void addCross(float[] x, float[] y, int rows, int columns, float[] sum) {
        if (plain(rows, columns)) {
            PLAIN.addCross(x, y, rows, columns, sum);
            return;
        }
        openblas.cblas_sgemm(
                openblas.CblasRowMajor,
                openblas.CblasTrans,
                openblas.CblasNoTrans,
                columns,
                columns,
                rows,
                1,
                x,
                columns,
                y,
                columns,
                1,
                sum,
                columns);
    }

    @Override
    public void addProduct(float[] x, float[] m, int rows, int columns, float[] sum) {
        if (plain(rows, columns)) {
            PLAIN.addProduct(x, m, rows, columns, sum);
            return;
        }
        openblas.cblas_sgemm(
                openblas.CblasRowMajor,
                openblas.CblasNoTrans,
                openblas.CblasNoTrans,
                rows,
                columns,
                columns,
                1,
                x,
                columns,
                m,
                columns,
                1,
                sum,
                columns);
    }
}
