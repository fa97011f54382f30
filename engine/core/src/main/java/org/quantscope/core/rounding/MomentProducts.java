package org.quantscope.core.rounding;

import java.util.ServiceLoader;

/**
 * The products that second moments are summed up by, and that errors at outputs follow from. The core's own are plain Java; a module with a linear algebra
 * library brings faster ones, which are found on the class path and agree with them but for the order of additions.
 */
public interface MomentProducts {
    /**
     * Adds xᵀx to the upper triangle of a sum.
     *
     * @param x [rows·columns], row-major
     * @param sum [columns·columns], row-major; what is below its diagonal is not defined
     */
    void addGram(float[] x, int rows, int columns, float[] sum);

    /**
     * Adds xᵀy to a sum.
     *
     * @param x [rows·columns]
     * @param y [rows·columns]
     * @param sum [columns·columns]
     */
    void addCross(float[] x, float[] y, int rows, int columns, float[] sum);

    /**
     * Adds x·m to a sum.
     *
     * @param x [rows·columns]
     * @param m [columns·columns]
     * @param sum [rows·columns]
     */
    void addProduct(float[] x, float[] m, int rows, int columns, float[] sum);

    /**
     * Runs work that calls this object from several threads at once, so that a library need not share out each single
     * product too.
     */
    default void onOneThreadEach(Runnable work) {
        work.run();
    }

    /** The fastest that this class path has. */
    static MomentProducts best() {
        return Best.FOUND;
    }

    /** Looked for once. */
    final class Best {
        private static final MomentProducts FOUND = ServiceLoader.load(
                        MomentProducts.class, MomentProducts.class.getClassLoader())
                .findFirst()
                .orElseGet(PlainProducts::new);

        private Best() {}
    }
}
