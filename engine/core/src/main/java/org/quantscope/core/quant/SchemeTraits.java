package org.quantscope.core.quant;

/**
 * What a scheme leaves to be chosen, and what can be said of all its grids. A form offers what is left open, and
 * nothing else.
 *
 * @param minBits the narrowest code
 * @param maxBits the widest code; equal to {@code minBits} if the format fixes it
 * @param choosesSigned {@link QuantSpec#signed} makes a difference; elsewhere it is ignored
 * @param choosesSymmetric {@link QuantSpec#symmetric} is free; elsewhere it must be {@code symmetric}
 * @param choosesRestrictedRange {@link QuantSpec#restrictedRange} makes a difference; elsewhere it is ignored
 * @param symmetric the requested range is mirrored about 0, unless that can be chosen
 * @param blockSize 0, or the usual size of blocks for a format that has a scale for each block and cannot do without
 * @param hasZero every grid has the level 0
 * @param isAffine integer codes with a scale and a zero point: activations and integer kernels can have it
 * @param defaultCalibrator the id of the calibrator that suits the scheme
 */
public record SchemeTraits(
        int minBits,
        int maxBits,
        boolean choosesSigned,
        boolean choosesSymmetric,
        boolean choosesRestrictedRange,
        boolean symmetric,
        int blockSize,
        boolean hasZero,
        boolean isAffine,
        String defaultCalibrator) {
    private static final String MIN_MAX = "minmax";

    /** The traits of integer codes: every width, and every flag can be chosen. */
    static SchemeTraits affine() {
        return new SchemeTraits(QuantSpec.MIN_BITS, QuantSpec.MAX_BITS, true, true, true, true, 0, true, true, MIN_MAX);
    }

    /** A codebook that mirrors about 0 and is scaled by the largest magnitude. */
    static SchemeTraits mirrored(int minBits, int maxBits) {
        return new SchemeTraits(minBits, maxBits, false, false, false, true, 0, true, false, MIN_MAX);
    }

    /** A codebook whose ends need not mirror each other, and that need not hold 0. */
    static SchemeTraits free(int minBits, int maxBits) {
        return new SchemeTraits(minBits, maxBits, false, false, false, false, 0, false, false, MIN_MAX);
    }

    SchemeTraits withSigned() {
        return new SchemeTraits(
                minBits,
                maxBits,
                true,
                choosesSymmetric,
                choosesRestrictedRange,
                symmetric,
                blockSize,
                hasZero,
                isAffine,
                defaultCalibrator);
    }

    SchemeTraits withBlocks(int size) {
        return new SchemeTraits(
                minBits,
                maxBits,
                choosesSigned,
                choosesSymmetric,
                choosesRestrictedRange,
                symmetric,
                size,
                hasZero,
                isAffine,
                defaultCalibrator);
    }

    SchemeTraits withoutZero() {
        return new SchemeTraits(
                minBits,
                maxBits,
                choosesSigned,
                choosesSymmetric,
                choosesRestrictedRange,
                symmetric,
                blockSize,
                false,
                isAffine,
                defaultCalibrator);
    }

    SchemeTraits withCalibrator(String id) {
        return new SchemeTraits(
                minBits,
                maxBits,
                choosesSigned,
                choosesSymmetric,
                choosesRestrictedRange,
                symmetric,
                blockSize,
                hasZero,
                isAffine,
                id);
    }

    /** True if there is one width only. */
    public boolean fixesBits() {
        return minBits == maxBits;
    }

    /** The granularity to use where none was asked for. */
    public Granularity defaultGranularity() {
        return blockSize > 0
                ? new Granularity.PerBlock(Granularity.PerBlock.DEFAULT_AXIS, blockSize)
                : Granularity.TENSOR;
    }

    /** @throws IllegalArgumentException naming the field of {@code spec} that the scheme cannot have */
    void check(String id, QuantSpec spec) {
        if (spec.bits() < minBits || spec.bits() > maxBits) {
            throw new IllegalArgumentException("bits: " + id + " has "
                    + (fixesBits() ? Integer.toString(minBits) : minBits + " to " + maxBits) + ", got " + spec.bits());
        }
        if (!choosesSymmetric && spec.symmetric() != symmetric) {
            throw new IllegalArgumentException("symmetric: does not apply to " + id + " and must be " + symmetric);
        }
        if (blockSize > 0 && !(spec.granularity() instanceof Granularity.PerBlock)) {
            throw new IllegalArgumentException("granularity: " + id + " has a scale for each block, such as block:"
                    + blockSize + "; got " + spec.granularity());
        }
        if (!spec.options().isEmpty()) {
            throw new IllegalArgumentException("options: the scheme " + id + " has none, got "
                    + String.join(", ", spec.options().keySet()));
        }
    }
}
