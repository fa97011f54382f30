package org.quantscope.core.quant;

import java.util.List;

/** A scheme: turns requested ranges into a grid for each slice. Stateless; one file and one line in {@link Quantizers}. */
public interface Quantizer {
    /** Persisted; never renamed. */
    String id();

    String title();

    List<OptionDoc> options();

    /** Where the formula comes from: a paper with its equation, or a specification. */
    String source();

    /**
     * Refuses what the scheme cannot do.
     *
     * @throws IllegalArgumentException naming the field and the value
     */
    void check(QuantSpec spec);

    /**
     * The parameters for the requested ranges.
     *
     * @param ranges one for each slice, in storage order
     * @param granularity {@code spec.granularity()} with its default axis replaced
     */
    QuantParams resolve(QuantSpec spec, Granularity granularity, List<ClipRange> ranges);

    /** Bits per value, scales and codebooks included, for a tensor of {@code count} values in {@code slices} slices. */
    double bitsPerWeight(QuantSpec spec, long count, long slices);
}
