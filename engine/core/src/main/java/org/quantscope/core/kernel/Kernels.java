package org.quantscope.core.kernel;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The loops over values, on one core. Values are float32 in native byte order at any byte offset of native memory
 * ({@link ValueWindow} provides that), read where they lie.
 *
 * <p>All versions give the same counts, maxima and quantized values, bit for bit; sums, all in double, agree within
 * 1e-12 of their size, as versions add in a different order. Each has a fixed order, so that the same version repeats
 * its sums bit for bit.
 */
public sealed interface Kernels permits ScalarKernels, VectorKernels {
    /** System property that chooses the version: {@code vector}, {@code scalar}, or {@code auto}, the default. */
    String PROPERTY = "quantscope.kernels";

    /** The version for this machine, chosen at the first call; the log says which and why. */
    static Kernels chosen() {
        return KernelChoice.CHOSEN;
    }

    /** Every version that this machine can run, the plain one first. */
    static List<Kernels> available() {
        return KernelChoice.moduleIsThere()
                ? List.of(new ScalarKernels(), new VectorKernels())
                : List.of(new ScalarKernels());
    }

    /** {@code vector} or {@code scalar}. */
    String name();

    /** Adds the errors of {@code count} values to {@code sums}; values that are not finite are counted and left out. */
    void addErrors(MemorySegment values, long offset, int count, AffineGrid grid, ErrorSums sums);

    /** Σ(x−y)² over those of {@code count} values that are finite. */
    double squaredError(MemorySegment values, long offset, int count, AffineGrid grid);

    /** Fake-quantizes {@code count} values to {@code out[at ..]}; infinities saturate, NaN stays NaN. */
    void quantize(MemorySegment values, long offset, int count, AffineGrid grid, float[] out, int at);

    /** Fake-quantizes {@code count} values to {@code out[at ..]}; infinities saturate, NaN stays NaN. */
    void quantize(MemorySegment values, long offset, int count, LevelTable levels, float[] out, int at);

    /**
     * Fake-quantizes {@code count} values, each with a grid of its own, to {@code out}; infinities saturate, NaN stays
     * NaN.
     *
     * @param scale of each value, tensor units per step
     * @param loSteps lowest code less the zero point of each value, as {@link AffineGrid#loSteps}
     * @param hiSteps highest code less the zero point of each value
     */
    void quantizeEach(
            MemorySegment values, long offset, int count, float[] scale, float[] loSteps, float[] hiSteps, float[] out);

    /**
     * Adds the errors of {@code count} values, at most {@link ValueWindow#MOST}, that were quantized before; values
     * that are not finite are counted and left out.
     *
     * @param quantized the quantized value of each
     * @param lo lowest level of the grid of each value
     * @param hi highest level of the grid of each value
     */
    void addErrors(
            MemorySegment values, long offset, int count, float[] quantized, float[] lo, float[] hi, ErrorSums sums);

    /** Σ(x−y)² over those of {@code count} values that are finite; they were quantized before. */
    double squaredError(MemorySegment values, long offset, int count, float[] quantized);

    /** Turns bfloat16 into the bits of float32: {@code out[i] = halves[i] << 16}. */
    void widen(short[] halves, int[] out, int count);

    /** Columns of a panel for {@link #multiplyPanel}. */
    int PANEL = 16;

    /** Vectors that {@link #multiplyPanel} multiplies at a time. */
    int VECTORS = 8;

    /**
     * Multiplies {@link #VECTORS} vectors with a panel of {@link #PANEL} columns of a matrix: {@code out[v·PANEL + c] =
     * Σ_j x[at + v·stride + j]·panel[from + j·PANEL + c]}, each product and each sum rounded to float32, in the order of
     * j. All versions give the same, bit for bit.
     *
     * @param rows of the panel
     * @param out [VECTORS·PANEL]
     */
    void multiplyPanel(float[] panel, int from, int rows, float[] x, int at, int stride, float[] out);
}
