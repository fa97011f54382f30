package org.quantscope.core.export;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a target supports for one kind of tensor. {@link Target} turns it into problems and remedies.
 *
 * @param none true if the target cannot express such tensors at all
 * @param bits supported widths of affine codes
 * @param holdsFewer true if narrower codes can be stored in the next larger width with the same meaning, as integers
 *     can; false if the width determines the ends of the range
 * @param schemes ids of the codebook schemes that it supports in addition to affine codes
 * @param grains the supported numbers of scales of a tensor
 * @param blockSizes supported block sizes; empty for any
 * @param codes whether codes may be signed or unsigned
 * @param zero which zero points it supports
 * @param wholeType true if the target cannot express a code range that leaves out a code of its type
 * @param foundRanges true if it can find ranges while the network runs
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
        boolean wholeType,
        boolean foundRanges) {

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

    /** Supports no tensor of this kind. */
    public static TargetSupport nothing() {
        return new TargetSupport(
                true, Set.of(), false, Set.of(), Set.of(), Set.of(), Codes.ANY, Zero.ANY, false, false);
    }

    /** Supports affine codes of these widths with one scale for each tensor, any sign and any zero point. */
    public static TargetSupport affine(Integer... bits) {
        return new TargetSupport(
                false,
                Set.of(bits),
                false,
                Set.of(),
                EnumSet.of(Grain.TENSOR),
                Set.of(),
                Codes.ANY,
                Zero.ANY,
                false,
                false);
    }

    public TargetSupport andFewerBits() {
        return new TargetSupport(none, bits, true, schemes, grains, blockSizes, codes, zero, wholeType, foundRanges);
    }

    public TargetSupport andSchemes(String... ids) {
        return new TargetSupport(
                none, bits, holdsFewer, Set.of(ids), grains, blockSizes, codes, zero, wholeType, foundRanges);
    }

    public TargetSupport andPerChannel() {
        EnumSet<Grain> more = EnumSet.copyOf(grains);
        more.add(Grain.CHANNEL);
        return new TargetSupport(
                none, bits, holdsFewer, schemes, more, blockSizes, codes, zero, wholeType, foundRanges);
    }

    /** Also blocks of these sizes, or of any size if none is given. */
    public TargetSupport andBlocks(Integer... sizes) {
        EnumSet<Grain> more = EnumSet.copyOf(grains);
        more.add(Grain.BLOCK);
        return new TargetSupport(
                none, bits, holdsFewer, schemes, more, Set.of(sizes), codes, zero, wholeType, foundRanges);
    }

    /** With exactly these granularities. */
    public TargetSupport withGrains(Grain first, Grain... rest) {
        return new TargetSupport(
                none,
                bits,
                holdsFewer,
                schemes,
                EnumSet.of(first, rest),
                blockSizes,
                codes,
                zero,
                wholeType,
                foundRanges);
    }

    public TargetSupport with(Codes only) {
        return new TargetSupport(
                none, bits, holdsFewer, schemes, grains, blockSizes, only, zero, wholeType, foundRanges);
    }

    public TargetSupport with(Zero only) {
        return new TargetSupport(
                none, bits, holdsFewer, schemes, grains, blockSizes, codes, only, wholeType, foundRanges);
    }

    public TargetSupport withWholeType() {
        return new TargetSupport(none, bits, holdsFewer, schemes, grains, blockSizes, codes, zero, true, foundRanges);
    }

    /** Also ranges that are found while the network runs. */
    public TargetSupport andFoundRanges() {
        return new TargetSupport(none, bits, holdsFewer, schemes, grains, blockSizes, codes, zero, wholeType, true);
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
