package org.quantscope.core.picture;

/**
 * Decoded levels, 0 to 255.
 *
 * @param width in pixels, at least 1
 * @param height in pixels, at least 1
 * @param channels 1 for grey, 3 for red, green and blue
 * @param levels {@code height * width * channels}: rows from the top, pixel by pixel; not copied, must not change
 */
// Pixels are handed on as a whole and never compared.
@SuppressWarnings("ArrayRecordComponent")
public record Pixels(int width, int height, int channels, byte[] levels) {
    public Pixels {
        if ((long) width * height * channels != levels.length) {
            throw new IllegalArgumentException(
                    "levels: " + width + " by " + height + " by " + channels + " wanted, got " + levels.length);
        }
    }
}
