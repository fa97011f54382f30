package org.quantscope.core.export;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a target takes for one kind of tensor. {@link Target} turns it into problems and remedies.
 *
 * @param none true if the target has no place for such tensors at all
 * @param bits widths of affine codes
 * @param holdsFewer true if narrower codes fit into the next width without a change of meaning, as stored integers do; false where
 *     the width says where the range ends
 * @param schemes ids of the codebook schemes it takes besides affine codes
 * @param grains how many scales a tensor may have
 * @param blockSizes block sizes it takes; empty if any
 * @param codes the signs it takes
 * @param zero what it says of the zero point
 * @param wholeType true if a code range that leaves out a code of its type means something else there
 */
public record TargetSupport(
        boolean none,
        Set<Integer> bits,
        boolean holdsFewer,
        Set<String> schemes,
        Set<Grain> grains,
        Set<Integer> blockSizes,
        Codes codes,
        Zero zero,
        boolean wholeType) {

    /** How many scales a tensor has. */
    public enum Grain {
        TENSOR,
        CHANNEL,
        BLOCK
    }

    /** Whether codes go below 0. */
    public enum Codes {
        ANY,
        SIGNED,
        UNSIGNED
    }

    /** Which zero points there may be. */
    public enum Zero {
        ANY,
        /** The middle of the range: 0 for signed codes. */
        SYMMETRIC,
        /** 0 itself. */
        ZERO
    }

    public TargetSupport {
        bits = Collections.unmodifiableSet(new TreeSet<>(bits));
        schemes = Collections.unmodifiableSet(new TreeSet<>(schemes));
        grains = Collections.unmodifiableSet(grains.isEmpty() ? EnumSet.noneOf(Grain.class) : EnumSet.copyOf(grains));
        blockSizes = Collections.unmodifiableSet(new TreeSet<>(blockSizes));
    }

    /** No tensor of this kind. */
    public static TargetSupport nothing() {
        return new TargetSupport(true, Set.of(), false, Set.of(), Set.of(), Set.of(), Codes.ANY, Zero.ANY, false);
    }

    /** Affine codes of these widths with one scale a tensor, any sign and zero point. */
    public static TargetSupport affine(Integer... bits) {
        return new TargetSupport(
                false, Set.of(bits), false, Set.of(), EnumSet.of(Grain.TENSOR), Set.of(), Codes.ANY, Zero.ANY, false);
    }

    public TargetSupport andFewerBits() {
        return new TargetSupport(none, bits, true, schemes, grains, blockSizes, codes, zero, wholeType);
    }

    public TargetSupport andSchemes(String... ids) {
        return new TargetSupport(none, bits, holdsFewer, Set.of(ids), grains, blockSizes, codes, zero, wholeType);
    }

    public TargetSupport andPerChannel() {
        EnumSet<Grain> more = EnumSet.copyOf(grains);
        more.add(Grain.CHANNEL);
        return new TargetSupport(none, bits, holdsFewer, schemes, more, blockSizes, codes, zero, wholeType);
    }

    /** Blocks of these sizes; of any if none is named. */
    public TargetSupport andBlocks(Integer... sizes) {
        EnumSet<Grain> more = EnumSet.copyOf(grains);
        more.add(Grain.BLOCK);
        return new TargetSupport(none, bits, holdsFewer, schemes, more, Set.of(sizes), codes, zero, wholeType);
    }

    /** These granularities and no other. */
    public TargetSupport withGrains(Grain first, Grain... rest) {
        return new TargetSupport(
                none, bits, holdsFewer, schemes, EnumSet.of(first, rest), blockSizes, codes, zero, wholeType);
    }

    public TargetSupport with(Codes only) {
        return new TargetSupport(none, bits, holdsFewer, schemes, grains, blockSizes, only, zero, wholeType);
    }

    public TargetSupport with(Zero only) {
        return new TargetSupport(none, bits, holdsFewer, schemes, grains, blockSizes, codes, only, wholeType);
    }

    public TargetSupport withWholeType() {
        return new TargetSupport(none, bits, holdsFewer, schemes, grains, blockSizes, codes, zero, true);
    }

    /** The width that codes of {@code wanted} bits are stored in; 0 if there is none. */
    public int width(int wanted) {
        return bits.stream()
                .filter(b -> holdsFewer ? b >= wanted : b == wanted)
                .findFirst()
                .orElse(0);
    }

    /** The width to recommend instead of {@code wanted}: the next wider one, else the widest. */
    int nearest(int wanted) {
        return bits.stream().filter(b -> b >= wanted).findFirst().orElseGet(() -> Collections.max(bits));
    }
}
