package org.quantscope.core.quant;

/** How scales are rounded to float32, alike in all schemes. */
final class Scales {
    static final int FLOAT_BITS = 32;

    private Scales() {}

    /**
     * {@code scale} as float32, lowered until {@code most · scale} is finite; 1 if it is below the smallest normal float32.
     *
     * @param most the largest magnitude that the scale is multiplied with
     */
    static float of(double scale, double most) {
        if (scale < Float.MIN_NORMAL) {
            return 1;
        }
        float s = (float) Math.min(scale, Float.MAX_VALUE / Math.max(1, most));
        while (!Float.isFinite((float) most * s)) {
            s = Math.nextDown(s);
        }
        return s;
    }

    /** The least scale at which the codebook covers the range. */
    static float covering(ClipRange range, CodebookGrid codebook) {
        double below = codebook.lo() < 0 ? Math.max(0.0, -range.lo()) / -(double) codebook.lo() : 0;
        double above = codebook.hi() > 0 ? Math.max(0.0, range.hi()) / codebook.hi() : 0;
        return of(Math.max(below, above), Math.max(Math.abs(codebook.lo()), Math.abs(codebook.hi())));
    }
}
