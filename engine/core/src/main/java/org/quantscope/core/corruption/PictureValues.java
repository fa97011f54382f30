package org.quantscope.core.corruption;

/**
 * The values of a picture on their way through a corruption.
 *
 * @param values {@code height * width * channels}, 0 (black) to 1 (white): rows from the top, pixel by pixel; changed in
 *     place
 */
// Changed in place and never compared.
@SuppressWarnings("ArrayRecordComponent")
public record PictureValues(int height, int width, int channels, double[] values) {
    public PictureValues {
        if ((long) height * width * channels != values.length) {
            throw new IllegalArgumentException(
                    "values: " + height + " by " + width + " by " + channels + " wanted, got " + values.length);
        }
    }

    int at(int y, int x, int channel) {
        return (y * width + x) * channels + channel;
    }

    int shorterSide() {
        return Math.min(height, width);
    }
}
