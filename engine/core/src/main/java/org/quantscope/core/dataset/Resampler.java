package org.quantscope.core.dataset;

import java.util.Arrays;
import org.quantscope.core.dataset.Resize.Aspect;
import org.quantscope.core.dataset.Resize.Method;

/**
 * Resizes and crops pictures as {@link Resize} says.
 *
 * <p>Bilinear is separable, columns first. With c = (i + 0.5) · r, r = source / target and f = max(1, r) with
 * antialiasing (else 1), source pixel j has the weight {@code max(0, 1 − |j + 0.5 − c| / f)}, divided by the sum of the
 * weights. Bytes with antialiasing are Pillow's, bit for bit: weights in 22-bit fixed point, rounded to a byte after
 * each direction ({@code src/libImaging/Resample.c}). Everything else is summed in double and rounded to float32.
 *
 * <p>Crop: the shorter side becomes s, the longer one {@code floor(s · longer / shorter)} as in torchvision's
 * {@code Resize(s)}; then the middle is cut out, starting at {@code rint((side − target) / 2)} as in its
 * {@code CenterCrop}.
 */
final class Resampler {
    private static final int BITS = 22;

    private Resampler() {}

    static Frame resize(Frame in, Resize how) {
        if (how.aspect() == Aspect.STRETCH) {
            return scale(in, how.width(), how.height(), 0, 0, how.width(), how.height(), how);
        }
        int w;
        int h;
        if (how.shorter() > 0 || how.width() == how.height()) {
            int s = how.shorter() > 0 ? how.shorter() : how.width();
            boolean portrait = in.width() <= in.height();
            w = portrait ? s : (int) Math.min(Integer.MAX_VALUE / 2, (long) s * in.width() / in.height());
            h = portrait ? (int) Math.min(Integer.MAX_VALUE / 2, (long) s * in.height() / in.width()) : s;
        } else {
            double factor = Math.max((double) how.width() / in.width(), (double) how.height() / in.height());
            w = Math.max(how.width(), (int) (factor * in.width()));
            h = Math.max(how.height(), (int) (factor * in.height()));
        }
        int left = (int) Math.rint((w - how.width()) / 2.0);
        int top = (int) Math.rint((h - how.height()) / 2.0);
        return scale(in, w, h, left, top, how.width(), how.height(), how);
    }

    /** Computes only the wanted part of the resized picture. */
    private static Frame scale(Frame in, int w, int h, int left, int top, int width, int height, Resize how) {
        if (how.method() == Method.NEAREST) {
            return nearest(in, w, h, left, top, width, height);
        }
        Taps columns = Taps.of(in.width(), w, left, width, how.antialias());
        Taps rows = Taps.of(in.height(), h, top, height, how.antialias());
        byte[] bytes = in.bytes();
        return bytes != null && how.antialias() ? pillow(bytes, in, w, h, columns, rows) : exact(in, columns, rows);
    }

    private static Frame nearest(Frame in, int w, int h, int left, int top, int width, int height) {
        int channels = in.channels();
        byte[] bytes = in.bytes();
        byte[] outBytes = new byte[bytes == null ? 0 : width * height * channels];
        float[] outFloats = new float[bytes == null ? width * height * channels : 0];
        int at = 0;
        for (int y = 0; y < height; y++) {
            int row = Math.min(in.height() - 1, (int) ((y + top + 0.5) * in.height() / h));
            for (int x = 0; x < width; x++) {
                int from = (row * in.width() + Math.min(in.width() - 1, (int) ((x + left + 0.5) * in.width() / w)))
                        * channels;
                for (int c = 0; c < channels; c++, at++) {
                    if (bytes == null) {
                        outFloats[at] = in.at(from + c);
                    } else {
                        outBytes[at] = bytes[from + c];
                    }
                }
            }
        }
        return bytes == null
                ? Frame.floats(height, width, channels, outFloats)
                : Frame.bytes(height, width, channels, outBytes);
    }

    private static Frame pillow(byte[] in, Frame frame, int w, int h, Taps columns, Taps rows) {
        int channels = frame.channels();
        int width = columns.size();
        int height = rows.size();
        // A direction that keeps its size is left alone, and only the needed rows are read.
        int first = rows.first();
        int used = rows.last() - first + 1;
        byte[] across = new byte[Math.multiplyExact(Math.multiplyExact(used, width), channels)];
        int[][] fixed = columns.fixed();
        for (int y = 0; y < used; y++) {
            int source = (first + y) * frame.width() * channels;
            for (int x = 0; x < width; x++) {
                int[] weights = fixed[x];
                int from = columns.from[x];
                for (int c = 0; c < channels; c++) {
                    if (w == frame.width()) {
                        across[(y * width + x) * channels + c] = in[source + columns.centre(x) * channels + c];
                        continue;
                    }
                    int sum = 1 << (BITS - 1);
                    for (int k = 0; k < weights.length; k++) {
                        sum += (in[source + (from + k) * channels + c] & 0xff) * weights[k];
                    }
                    across[(y * width + x) * channels + c] = level(sum);
                }
            }
        }
        byte[] out = new byte[width * height * channels];
        int[][] down = rows.fixed();
        for (int y = 0; y < height; y++) {
            int[] weights = down[y];
            for (int i = 0; i < width * channels; i++) {
                if (h == frame.height()) {
                    out[y * width * channels + i] = across[(rows.centre(y) - first) * width * channels + i];
                    continue;
                }
                int sum = 1 << (BITS - 1);
                for (int k = 0; k < weights.length; k++) {
                    sum += (across[(rows.from[y] - first + k) * width * channels + i] & 0xff) * weights[k];
                }
                out[y * width * channels + i] = level(sum);
            }
        }
        return Frame.bytes(height, width, channels, out);
    }

    private static byte level(int sum) {
        return (byte) Math.clamp(sum >> BITS, 0, 255);
    }

    private static Frame exact(Frame in, Taps columns, Taps rows) {
        int channels = in.channels();
        int width = columns.size();
        int height = rows.size();
        int first = rows.first();
        int used = rows.last() - first + 1;
        float[] across = new float[Math.multiplyExact(Math.multiplyExact(used, width), channels)];
        for (int y = 0; y < used; y++) {
            int source = (first + y) * in.width();
            for (int x = 0; x < width; x++) {
                double[] weights = columns.weights[x];
                for (int c = 0; c < channels; c++) {
                    double sum = 0;
                    for (int k = 0; k < weights.length; k++) {
                        sum += in.at((source + columns.from[x] + k) * channels + c) * weights[k];
                    }
                    across[(y * width + x) * channels + c] = (float) sum;
                }
            }
        }
        float[] out = new float[width * height * channels];
        for (int y = 0; y < height; y++) {
            double[] weights = rows.weights[y];
            for (int i = 0; i < width * channels; i++) {
                double sum = 0;
                for (int k = 0; k < weights.length; k++) {
                    sum += across[(rows.from[y] - first + k) * width * channels + i] * weights[k];
                }
                out[y * width * channels + i] = (float) sum;
            }
        }
        return Frame.floats(height, width, channels, out);
    }

    /** For each target pixel of one direction: the first source pixel with a weight, and the weights from there on. */
    private static final class Taps {
        private final int[] from;
        private final double[][] weights;
        private final int offset;

        private Taps(int[] from, double[][] weights, int offset) {
            this.from = from;
            this.weights = weights;
            this.offset = offset;
        }

        static Taps of(int source, int target, int offset, int count, boolean antialias) {
            double ratio = (double) source / target;
            double spread = antialias ? Math.max(1, ratio) : 1;
            int[] from = new int[count];
            double[][] weights = new double[count][];
            for (int i = 0; i < count; i++) {
                double centre = (offset + i + 0.5) * ratio;
                int lo = Math.max(0, (int) (centre - spread + 0.5));
                int hi = Math.min(source, (int) (centre + spread + 0.5));
                double[] w = new double[hi - lo];
                double total = 0;
                for (int j = lo; j < hi; j++) {
                    w[j - lo] = Math.max(0, 1 - Math.abs((j - centre + 0.5) / spread));
                    total += w[j - lo];
                }
                for (int j = 0; j < w.length; j++) {
                    w[j] /= total;
                }
                from[i] = lo;
                weights[i] = w;
            }
            return new Taps(from, weights, offset);
        }

        int size() {
            return from.length;
        }

        int first() {
            return from[0];
        }

        /** The last source pixel with a weight. */
        int last() {
            int n = from.length - 1;
            return from[n] + weights[n].length - 1;
        }

        /** The source pixel of a target pixel, if the size does not change. */
        int centre(int i) {
            return offset + i;
        }

        int[][] fixed() {
            return Arrays.stream(weights)
                    .map(w -> Arrays.stream(w)
                            .mapToInt(v -> (int) (0.5 + v * (1 << BITS)))
                            .toArray())
                    .toArray(int[][]::new);
        }
    }
}
