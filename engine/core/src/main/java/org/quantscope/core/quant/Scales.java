package org.quantscope.core.quant;

/** Rounding of scales to float32, the same in all schemes. */
final class Scales {
    static final int FLOAT_BITS = 32;
    static final int HALF_BITS = 16;
    private static final float LARGEST_HALF = 65504;

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

    /**
     * The smallest float16 at or above {@code scale}, or the largest float16 if there is none.
     *
     * @param scale above 0
     */
    static float upToHalf(float scale) {
        short half = Float.floatToFloat16(Math.min(scale, LARGEST_HALF));
        // The bits of positive float16 values ascend with the values, so adding 1 gives the next one.
        return Float.float16ToFloat(half) < Math.min(scale, LARGEST_HALF)
                ? Float.float16ToFloat((short) (half + 1))
                : Float.float16ToFloat(half);
    }

    /** The smallest scale at which the codebook covers the range. */
    static float covering(ClipRange range, CodebookGrid codebook) {
        double below = codebook.lo() < 0 ? Math.max(0.0, -range.lo()) / -(double) codebook.lo() : 0;
        double above = codebook.hi() > 0 ? Math.max(0.0, range.hi()) / codebook.hi() : 0;
        return of(Math.max(below, above), Math.max(Math.abs(codebook.lo()), Math.abs(codebook.hi())));
    }
}
