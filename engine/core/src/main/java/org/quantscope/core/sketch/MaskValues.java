package org.quantscope.core.sketch;

import java.util.Optional;

/**
 * Mask values that were left out of a sketch: saturating numbers such as −3.4e38, −65504, −1e9 or −∞ that a network adds
 * to what a Softmax reads, so that the share of these positions becomes 0.
 *
 * @param count how many, at least 1
 * @param lo the highest value below all kept ones that still does what they do; 0 if there are none below
 * @param hi the lowest value above all kept ones that still does what they do; 0 if there are none above. A range that
 *     includes both quantizes mask values to levels that do the same
 */
public record MaskValues(long count, float lo, float hi) {
    public MaskValues {
        if (count < 1) {
            throw new IllegalArgumentException("masks.count: at least 1, got " + count);
        }
        if (!Float.isFinite(lo) || lo > 0) {
            throw new IllegalArgumentException("masks.lo: a finite number of at most 0 is needed, got " + lo);
        }
        if (!Float.isFinite(hi) || hi < 0) {
            throw new IllegalArgumentException("masks.hi: a finite number of at least 0 is needed, got " + hi);
        }
    }

    /**
     * Those that are left when a part of the stream is taken away; the ends stay those of the whole stream.
     *
     * @throws IllegalArgumentException if the part has more than there are
     */
    static Optional<MaskValues> minus(Optional<MaskValues> all, Optional<MaskValues> part) {
        long left = all.map(MaskValues::count).orElse(0L)
                - part.map(MaskValues::count).orElse(0L);
        if (left < 0) {
            throw new IllegalArgumentException("masks.count: what is to be taken away was never added");
        }
        return all.filter(m -> left > 0).map(m -> new MaskValues(left, m.lo, m.hi));
    }

    /** Those of two streams together. */
    MaskValues and(MaskValues other) {
        return new MaskValues(count + other.count, Math.min(lo, other.lo), Math.max(hi, other.hi));
    }
}
