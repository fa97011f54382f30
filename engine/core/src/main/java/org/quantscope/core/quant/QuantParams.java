package org.quantscope.core.quant;

import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.RandomAccess;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Resolved parameters: what is exported. For each slice of the tensor, in storage order, either a scale and a zero point
 * (<i>affine</i>), or a scale and a codebook: one that all slices share, or one for each.
 *
 * <p>scales: [slices], finite, &gt; 0; tensor units per step, or for codebooks tensor units per unit of the codebook. zeroPoints:
 * [slices] if affine, codes in {@code [qmin, qmax]}, else empty.
 */
public final class QuantParams {
    private final Granularity granularity;
    private final float[] scales;
    /** A single one if all slices have the same; empty for codebooks. */
    private final int[] zeroPoints;

    private final int qmin;
    private final int qmax;
    private final List<CodebookGrid> codebooks;
    /** Null if the range is fixed. */
    private final @Nullable RunRange runRange;

    /**
     * Affine parameters.
     *
     * @param granularity with every default axis replaced by a real one
     * @throws IllegalArgumentException if the arrays differ in length or a slice's values cannot make a {@link UniformGrid}
     */
    public QuantParams(Granularity granularity, float[] scales, int[] zeroPoints, int qmin, int qmax) {
        this(granularity, qmin, qmax, scales.clone(), zeroPoints.clone());
        if (scales.length != zeroPoints.length) {
            throw new IllegalArgumentException(
                    "scales: " + scales.length + " scales for " + zeroPoints.length + " zero points");
        }
    }

    private QuantParams(Granularity granularity, int qmin, int qmax, float[] scales, int[] zeroPoints) {
        if (scales.length == 0 || (zeroPoints.length != 1 && zeroPoints.length != scales.length)) {
            throw new IllegalArgumentException(
                    "scales: " + scales.length + " scales for " + zeroPoints.length + " zero points");
        }
        this.granularity = granularity;
        this.scales = scales;
        this.zeroPoints = zeroPoints.length > 1 && IntStream.of(zeroPoints).allMatch(z -> z == zeroPoints[0])
                ? new int[] {zeroPoints[0]}
                : zeroPoints;
        this.qmin = qmin;
        this.qmax = qmax;
        this.codebooks = List.of();
        this.runRange = null;
        for (int i = 0; i < scales.length; i++) {
            uniform(i);
        }
    }

    /**
     * Affine parameters that take over the arrays: a copy of millions of scales would double their memory. The caller
     * must not keep them.
     *
     * @param zeroPoints one for each scale, or a single one for all
     */
    static QuantParams takingOver(Granularity granularity, float[] scales, int[] zeroPoints, int qmin, int qmax) {
        return new QuantParams(granularity, qmin, qmax, scales, zeroPoints);
    }

    /** One codebook for all slices, taking over the scales as {@link #takingOver(Granularity, float[], int[], int, int)}. */
    static QuantParams takingOver(Granularity granularity, float[] scales, CodebookGrid shared) {
        return new QuantParams(granularity, scales, List.of(shared));
    }

    /**
     * The same scales along another axis of the same length, as after a transposition.
     *
     * @param other one slice for each of these
     */
    public QuantParams along(Granularity other) {
        return codebooks.isEmpty()
                ? new QuantParams(other, qmin, qmax, scales, zeroPoints)
                : new QuantParams(other, scales, codebooks);
    }

    /** @param scales not copied */
    private QuantParams(Granularity granularity, float[] scales, List<CodebookGrid> codebooks) {
        if (scales.length == 0) {
            throw new IllegalArgumentException("scales: at least one is needed, got none");
        }
        if (codebooks.size() != 1 && codebooks.size() != scales.length) {
            throw new IllegalArgumentException(
                    "codebooks: one, or one for each of " + scales.length + " scales, got " + codebooks.size());
        }
        this.granularity = granularity;
        this.scales = scales;
        this.zeroPoints = new int[0];
        this.qmin = 0;
        this.qmax = codebooks.stream().mapToInt(CodebookGrid::size).max().orElseThrow() - 1;
        this.codebooks = List.copyOf(codebooks);
        this.runRange = null;
        for (int i = 0; i < scales.length; i++) {
            float scale = scales[i];
            if (!(scale > 0) || !Float.isFinite(scale)) {
                throw new IllegalArgumentException("scale: a finite number above 0 is needed, got " + scale);
            }
            CodebookGrid book = codebook(i);
            if (!Float.isFinite(book.lo() * scale) || !Float.isFinite(book.hi() * scale)) {
                throw new IllegalArgumentException("scale: with " + scale + " the end levels " + book.lo() + " and "
                        + book.hi() + " are not finite");
            }
        }
    }

    /**
     * One codebook for all slices, times the scale of each.
     *
     * @param granularity with every default axis replaced by a real one
     * @throws IllegalArgumentException if a scale is not finite and above 0, or makes a level overflow float32
     */
    public static QuantParams ofCodebook(Granularity granularity, float[] scales, CodebookGrid shared) {
        return new QuantParams(granularity, scales.clone(), List.of(shared));
    }

    /**
     * A codebook for each slice, or one for all, times the scale of each slice.
     *
     * @throws IllegalArgumentException as {@link #ofCodebook}, and if there is neither one codebook nor one for each
     *     scale
     */
    public static QuantParams ofCodebooks(Granularity granularity, float[] scales, List<CodebookGrid> codebooks) {
        return new QuantParams(granularity, scales.clone(), codebooks);
    }

    private QuantParams(QuantParams of, @Nullable RunRange runRange) {
        this.granularity = of.granularity;
        this.scales = of.scales;
        this.zeroPoints = of.zeroPoints;
        this.qmin = of.qmin;
        this.qmax = of.qmax;
        this.codebooks = of.codebooks;
        this.runRange = runRange;
    }

    /**
     * These parameters as the reference of a range that is found while the network runs.
     *
     * @throws IllegalArgumentException if they are not affine with one slice, as those of an activation are
     */
    public QuantParams withRunRange(RunRange range) {
        if (!isAffine() || slices() != 1) {
            throw new IllegalArgumentException(
                    "clip: a range that is found while the network runs needs evenly spaced levels and one scale");
        }
        return new QuantParams(this, range);
    }

    /** The same with the reference as a fixed range. */
    public QuantParams withoutRunRange() {
        return runRange == null ? this : new QuantParams(this, null);
    }

    /** How the range is found while the network runs; empty if it is fixed, as it is for every stored tensor. */
    public Optional<RunRange> runRange() {
        return Optional.ofNullable(runRange);
    }

    public Granularity granularity() {
        return granularity;
    }

    /** The number of slices. */
    public int slices() {
        return scales.length;
    }

    /** True for evenly spaced levels with integer codes: value = (code − zero point) · scale. False for codebooks. */
    public boolean isAffine() {
        return codebooks.isEmpty();
    }

    public float scale(int slice) {
        return scales[slice];
    }

    /** @throws IllegalStateException for a codebook, which has no zero point */
    public int zeroPoint(int slice) {
        if (!isAffine()) {
            throw new IllegalStateException("zeroPoint: a codebook has none");
        }
        return zeroPoint(slice, zeroPoints);
    }

    private static int zeroPoint(int slice, int[] zeroPoints) {
        return zeroPoints[zeroPoints.length == 1 ? 0 : slice];
    }

    public float[] scales() {
        return scales.clone();
    }

    /**
     * How far apart the scales of the slices are.
     */
    public Spread scaleSpread() {
        return Spread.of(slices(), this::scale);
    }

    /** [slices], or empty for codebooks. */
    public int[] zeroPoints() {
        int[] all = new int[isAffine() ? slices() : 0];
        for (int i = 0; i < all.length; i++) {
            all[i] = zeroPoint(i, zeroPoints);
        }
        return all;
    }

    /** The lowest code; 0 for codebooks, whose codes number the levels from the lowest. */
    public int qmin() {
        return qmin;
    }

    /** The highest code, for codebooks that of the longest one. */
    public int qmax() {
        return qmax;
    }

    /** The codebooks before scaling: one for all slices, or one for each; empty if affine. */
    public List<CodebookGrid> codebooks() {
        return codebooks;
    }

    /** The levels of a slice. For a codebook they are made anew at each call, unless the scale is 1. */
    public Grid grid(int slice) {
        return isAffine() ? uniform(slice) : codebook(slice).scaled(scales[slice]);
    }

    private UniformGrid uniform(int slice) {
        return new UniformGrid(scales[slice], zeroPoint(slice, zeroPoints), qmin, qmax);
    }

    private CodebookGrid codebook(int slice) {
        return codebooks.get(codebooks.size() == 1 ? 0 : slice);
    }

    /** The effective range of a slice: its lowest and highest level. */
    public ClipRange effective(int slice) {
        return isAffine()
                ? uniform(slice).effective()
                : new ClipRange(
                        codebook(slice).lo() * scales[slice], codebook(slice).hi() * scales[slice]);
    }

    /**
     * The effective range of each slice: lowest to highest level after the zero point was rounded. Each is computed when
     * it is asked for.
     */
    public List<ClipRange> effective() {
        return new Effective(this);
    }

    private static final class Effective extends AbstractList<ClipRange> implements RandomAccess {
        private final QuantParams params;

        Effective(QuantParams params) {
            this.params = params;
        }

        @Override
        public ClipRange get(int slice) {
            return params.effective(slice);
        }

        @Override
        public int size() {
            return params.slices();
        }
    }

    @Override
    public boolean equals(Object o) {
        // While a handle is dragged the same object is compared with itself in every frame, and it may have many
        // slices.
        return o == this
                || (o instanceof QuantParams p
                        && granularity.equals(p.granularity)
                        && Arrays.equals(scales, p.scales)
                        && Arrays.equals(zeroPoints, p.zeroPoints)
                        && qmin == p.qmin
                        && qmax == p.qmax
                        && codebooks.equals(p.codebooks)
                        && Objects.equals(runRange, p.runRange));
    }

    @Override
    public int hashCode() {
        return (Arrays.hashCode(scales) * 31 + Arrays.hashCode(zeroPoints)) * 31 + codebooks.hashCode();
    }

    @Override
    public String toString() {
        return "QuantParams[" + granularity + ", " + slices() + " slices, scale " + scales[0]
                + (slices() > 1 ? " …" : "")
                + (isAffine()
                        ? ", codes " + qmin + "…" + qmax
                        : ", " + codebooks.size() + " codebooks of up to " + (qmax + 1) + " levels")
                + (runRange == null ? "" : ", " + runRange)
                + "]";
    }
}
