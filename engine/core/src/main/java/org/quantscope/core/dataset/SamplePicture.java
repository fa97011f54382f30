package org.quantscope.core.dataset;

import java.util.Objects;

/**
 * One sample for a person to look at: opaque pixels in rows from the top left.
 *
 * @param width in pixels, at least 1
 * @param height in pixels, at least 1
 * @param argb {@code width * height} pixels, {@code 0xAARRGGBB}, sRGB; not copied, must not change
 */
// Every toolkit takes an array of pixels, and pictures are never compared.
@SuppressWarnings("ArrayRecordComponent")
public record SamplePicture(int width, int height, int[] argb) {
    public SamplePicture {
        Objects.checkIndex(0, Math.min(width, height));
        if ((long) width * height != argb.length) {
            throw new IllegalArgumentException(
                    "argb: " + width + " by " + height + " pixels wanted, got " + argb.length);
        }
    }

    /** An opaque pixel of grey or colour; levels are rounded and clamped to 0..255. */
    static int pixel(double red, double green, double blue) {
        return 0xff000000 | level(red) << 16 | level(green) << 8 | level(blue);
    }

    private static int level(double v) {
        return (int) Math.clamp(Math.rint(v), 0, 255);
    }
}
