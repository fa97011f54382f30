package org.quantscope.core.dataset;

import org.jspecify.annotations.Nullable;
import org.quantscope.core.picture.Pixels;

/**
 * One picture on its way to a model: rows from the top, pixel by pixel. Bytes stay bytes as long as each step is
 * defined on bytes. Immutable.
 */
final class Frame {
    private final int height;
    private final int width;
    private final int channels;
    private final byte @Nullable [] bytes;
    private final float[] floats;

    private Frame(int height, int width, int channels, byte @Nullable [] bytes, float[] floats) {
        this.height = height;
        this.width = width;
        this.channels = channels;
        this.bytes = bytes;
        this.floats = floats;
    }

    static Frame of(Pixels p) {
        return bytes(p.height(), p.width(), p.channels(), p.levels());
    }

    static Frame bytes(int height, int width, int channels, byte[] values) {
        return new Frame(height, width, channels, values, new float[0]);
    }

    static Frame floats(int height, int width, int channels, float[] values) {
        return new Frame(height, width, channels, null, values);
    }

    int height() {
        return height;
    }

    int width() {
        return width;
    }

    int channels() {
        return channels;
    }

    /** Null if the values are floats. */
    byte @Nullable [] bytes() {
        return bytes;
    }

    int count() {
        return height * width * channels;
    }

    /** The memory that the values take, in bytes. */
    long weight() {
        return bytes == null ? 4L * floats.length : bytes.length;
    }

    float at(int index) {
        return bytes == null ? floats[index] : bytes[index] & 0xff;
    }

    /** Three equal channels if the picture is grey; a picture in colour unchanged. */
    Frame toRgb() {
        if (channels == 3) {
            return this;
        }
        int pixels = height * width;
        byte[] b = bytes;
        if (b != null) {
            byte[] out = new byte[pixels * 3];
            for (int i = 0; i < out.length; i++) {
                out[i] = b[i / 3];
            }
            return bytes(height, width, 3, out);
        }
        float[] out = new float[pixels * 3];
        for (int i = 0; i < out.length; i++) {
            out[i] = floats[i / 3];
        }
        return floats(height, width, 3, out);
    }

    /** Converts a picture with 1 channel, or 3 in the order RGB, to the wanted channels. */
    Frame to(Colour colour) {
        return switch (colour) {
            case RGB -> toRgb();
            case BGR -> channels == 1 ? toRgb() : swapped();
            case GREY -> channels == 1 ? this : grey();
        };
    }

    private Frame swapped() {
        byte[] b = bytes;
        if (b != null) {
            byte[] out = new byte[b.length];
            for (int i = 0; i < out.length; i += 3) {
                out[i] = b[i + 2];
                out[i + 1] = b[i + 1];
                out[i + 2] = b[i];
            }
            return bytes(height, width, 3, out);
        }
        float[] out = new float[floats.length];
        for (int i = 0; i < out.length; i += 3) {
            out[i] = floats[i + 2];
            out[i + 1] = floats[i + 1];
            out[i + 2] = floats[i];
        }
        return floats(height, width, 3, out);
    }

    private Frame grey() {
        int pixels = height * width;
        byte[] b = bytes;
        if (b != null) {
            byte[] out = new byte[pixels];
            for (int i = 0; i < pixels; i++) {
                out[i] = (byte) (((b[3 * i] & 0xff) * 19595
                                + (b[3 * i + 1] & 0xff) * 38470
                                + (b[3 * i + 2] & 0xff) * 7471
                                + (1 << 15))
                        >> 16);
            }
            return bytes(height, width, 1, out);
        }
        float[] out = new float[pixels];
        for (int i = 0; i < pixels; i++) {
            out[i] = (float) (0.299 * floats[3 * i] + 0.587 * floats[3 * i + 1] + 0.114 * floats[3 * i + 2]);
        }
        return floats(height, width, 1, out);
    }
}
