package org.quantscope.core.quant;

/**
 * A requested clipping range, in the units of the tensor.
 *
 * @param lo lower end, finite
 * @param hi upper end, finite, at least {@code lo}
 */
public record ClipRange(float lo, float hi) {
    public ClipRange {
        if (!Float.isFinite(lo)) {
            throw new IllegalArgumentException("clip.lo: a finite number is needed, got " + lo);
        }
        if (!Float.isFinite(hi)) {
            throw new IllegalArgumentException("clip.hi: a finite number is needed, got " + hi);
        }
        if (lo > hi) {
            throw new IllegalArgumentException("clip: lo " + lo + " is above hi " + hi);
        }
    }

    /** max(|lo|, |hi|). */
    public float absMax() {
        return Math.max(Math.abs(lo), Math.abs(hi));
    }

    public static ClipRange symmetric(float absMax) {
        return new ClipRange(-absMax, absMax);
    }
}
