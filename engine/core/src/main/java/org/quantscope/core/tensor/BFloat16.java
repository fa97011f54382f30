package org.quantscope.core.tensor;

/** Encoding of bfloat16: the upper half of a float32. */
public final class BFloat16 {
    private BFloat16() {}

    /** Rounds to nearest, ties to even; values beyond the range become infinities, NaN stays a NaN. */
    public static short of(float value) {
        int bits = Float.floatToRawIntBits(value);
        return (short) (Float.isNaN(value) ? (bits >>> 16) | 0x40 : (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
    }
}
