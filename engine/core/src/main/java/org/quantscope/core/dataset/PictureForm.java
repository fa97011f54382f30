package org.quantscope.core.dataset;

import java.util.Optional;
import org.quantscope.core.tensor.Shape;

/**
 * How the values of one sample form a picture.
 *
 * @param height in pixels
 * @param width in pixels
 * @param channels 1 or 3
 * @param channelsFirst one plane for each channel, else one pixel after the other
 */
record PictureForm(int height, int width, int channels, boolean channelsFirst) {
    /** Fewer features than this are not shown as a picture. */
    private static final int MIN_FEATURES = 16;

    /**
     * @param shape of one sample: height × width, with 1 or 3 channels before or after them or without, or a square
     *     number of features
     * @param channelsLast decides if both the first and the last dimension could be the channels
     */
    static Optional<PictureForm> of(Shape shape, boolean channelsLast) {
        if (shape.count() == 0 || shape.count() > Integer.MAX_VALUE) {
            return Optional.empty();
        }
        if (shape.rank() == 1) {
            int side = (int) Math.round(Math.sqrt((double) shape.dim(0)));
            return shape.dim(0) >= MIN_FEATURES && (long) side * side == shape.dim(0)
                    ? Optional.of(new PictureForm(side, side, 1, true))
                    : Optional.empty();
        }
        if (shape.rank() == 2) {
            return Optional.of(new PictureForm((int) shape.dim(0), (int) shape.dim(1), 1, true));
        }
        if (shape.rank() != 3) {
            return Optional.empty();
        }
        boolean first = isColour(shape.dim(0)) && !(channelsLast && isColour(shape.dim(2)));
        if (first) {
            return Optional.of(new PictureForm((int) shape.dim(1), (int) shape.dim(2), (int) shape.dim(0), true));
        }
        return isColour(shape.dim(2))
                ? Optional.of(new PictureForm((int) shape.dim(0), (int) shape.dim(1), (int) shape.dim(2), false))
                : Optional.empty();
    }

    private static boolean isColour(long channels) {
        return channels == 1 || channels == 3;
    }

    /**
     * Makes a visible picture. Values of 0..255 in an integer type are levels, if the scale agrees (255 times it is
     * about 1, or it is 1). Other values that lie in 0..1 after scaling are shares of white. Anything else is stretched
     * from its lowest to its highest value.
     *
     * @param values of one sample
     * @param scale the scale of the preprocessing
     * @param bytes the stored type holds 0 to 255
     * @param bgr the first channel is blue
     */
    SamplePicture picture(float[] values, double scale, boolean bytes, boolean bgr) {
        int pixels = height * width;
        double lo = Double.POSITIVE_INFINITY;
        double hi = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < pixels * channels; i++) {
            if (Float.isFinite(values[i])) {
                lo = Math.min(lo, values[i]);
                hi = Math.max(hi, values[i]);
            }
        }
        double gain;
        double offset = 0;
        if (bytes && (scale == 1 || Math.abs(scale * 255 - 1) < 0.01)) {
            gain = 1;
        } else if (scale > 0 && lo >= 0 && hi * scale <= 1.0001) {
            gain = scale * 255;
        } else {
            gain = hi > lo ? 255 / (hi - lo) : 0;
            offset = hi > lo ? lo : 0;
        }
        int[] argb = new int[pixels];
        int red = bgr ? channels - 1 : 0;
        int green = channels / 2;
        int blue = channels - 1 - red;
        for (int p = 0; p < pixels; p++) {
            argb[p] = SamplePicture.pixel(
                    (values[index(p, red)] - offset) * gain,
                    (values[index(p, green)] - offset) * gain,
                    (values[index(p, blue)] - offset) * gain);
        }
        return new SamplePicture(width, height, argb);
    }

    /** The index of a pixel's value. */
    int index(int pixel, int channel) {
        return channelsFirst ? channel * height * width + pixel : pixel * channels + channel;
    }
}
