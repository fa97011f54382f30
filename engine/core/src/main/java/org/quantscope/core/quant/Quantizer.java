package org.quantscope.core.quant;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A scheme: turns requested ranges into a grid for each slice. Stateless; one file and one line in {@link Quantizers}. */
public interface Quantizer {
    /** Persisted; never renamed. */
    String id();

    String title();

    default List<OptionDoc> options() {
        return List.of();
    }

    /** Where the formula comes from: a paper with its equation, or a specification. */
    String source();

    /** The floating-point format that its codes are numbers of; empty if they are integers or places in a list. */
    default Optional<Minifloat> element() {
        return Optional.empty();
    }

    /** What a user can choose, and what holds for every grid of the scheme. */
    SchemeTraits traits();

    /**
     * Refuses what the scheme cannot do.
     *
     * @throws IllegalArgumentException naming the field and the value
     */
    default void check(QuantSpec spec) {
        traits().check(id(), spec);
    }

    /**
     * {@code spec} switched to this scheme: every other setting stays as it is if the scheme allows it, else it takes a
     * value that the scheme allows. {@link #check} accepts the result.
     */
    default QuantSpec adapt(QuantSpec spec) {
        SchemeTraits t = traits();
        boolean symmetric = t.choosesSymmetric() ? spec.symmetric() : t.symmetric();
        boolean blocks = t.blockSize() > 0 && !(spec.granularity() instanceof Granularity.PerBlock);
        Clip clip = switch (spec.clip()) {
            case Clip.Auto auto ->
                auto.calibratorId().equals(SchemeTraits.affine().defaultCalibrator())
                        ? new Clip.Auto(t.defaultCalibrator())
                        : auto;
            case Clip.Manual m ->
                blocks
                        ? new Clip.Auto(t.defaultCalibrator())
                        : new Clip.Manual(symmetric ? mirror(m.range()) : m.range());
            case Clip.ManualPerChannel m ->
                blocks
                        ? new Clip.Auto(t.defaultCalibrator())
                        : symmetric ? new Clip.ManualPerChannel(mirror(m.ranges())) : m;
            case Clip.ManualPerBlock m -> symmetric ? new Clip.ManualPerBlock(mirror(m.ranges())) : m;
            case Clip.Fixed _ -> new Clip.Auto(t.defaultCalibrator());
            case Clip.Dynamic dynamic -> t.isAffine() ? dynamic : new Clip.Auto(t.defaultCalibrator());
        };
        return new QuantSpec(
                id(),
                Math.clamp(spec.bits(), t.minBits(), t.maxBits()),
                spec.signed(),
                symmetric,
                spec.restrictedRange(),
                blocks ? t.defaultGranularity() : spec.granularity(),
                clip,
                Map.of(),
                spec.rounding());
    }

    private static ClipRange mirror(ClipRange range) {
        return ClipRange.symmetric(range.absMax());
    }

    private static List<ClipRange> mirror(List<ClipRange> ranges) {
        return ranges.stream().map(Quantizer::mirror).toList();
    }

    /**
     * The parameters for the requested ranges.
     *
     * @param ranges one for each slice, in storage order
     * @param granularity {@code spec.granularity()} with its default axis replaced
     */
    QuantParams resolve(QuantSpec spec, Granularity granularity, List<ClipRange> ranges);

    /**
     * True if the scale of a slice depends on the ranges of other slices too: the largest range of all sets the unit in
     * which scales are rounded.
     */
    default boolean hasRelativeScales() {
        return false;
    }

    /**
     * Average bits per value, scales and codebooks included, for a tensor of {@code count} values in {@code slices}
     * slices.
     */
    double bitsPerWeight(QuantSpec spec, long count, long slices);

    /**
     * The average over {@code count} values of {@code bits} for each value, {@code perSlice} for each slice and
     * {@code once} for the tensor.
     */
    static double bitsPerWeight(double bits, long count, long slices, double perSlice, double once) {
        return count == 0 ? bits : bits + (slices * perSlice + once) / count;
    }
}
