package org.quantscope.linalg.train;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Conv over two dimensions: the windows of some samples become the columns of a matrix that the weight is multiplied
 * with. One with a single input channel in each group goes over the pictures directly.
 */
final class Convolution implements Operation {
    /** Floats of the matrix of windows at a time: it should stay in the cache. */
    private static final int COLUMNS = 1 << 18;

    private final int in;
    private final int weight;
    /** −1 if there is none. */
    private final int bias;

    private final int out;
    private final int samples;
    private final int groups;
    /** Input channels of a group. */
    private final int inputs;
    /** Output channels of a group. */
    private final int outputs;

    private final Window w;
    private final int positions;
    /** Values that one output reads. */
    private final int rows;
    /** Samples at a time. */
    private final int some;

    private final float[] columns;
    private final float[] results;
    private final float[] weights;

    Convolution(int in, int weight, int bias, int out, int samples, int groups, int inputs, int outputs, Window w) {
        this.in = in;
        this.weight = weight;
        this.bias = bias;
        this.out = out;
        this.samples = samples;
        this.groups = groups;
        this.inputs = inputs;
        this.outputs = outputs;
        this.w = w;
        this.positions = w.outHeight() * w.outWidth();
        this.rows = inputs * w.kernelHeight() * w.kernelWidth();
        boolean direct = inputs == 1 && groups > 1;
        this.some = direct ? 0 : Math.clamp(COLUMNS / Math.max(1, rows * positions), 1, samples);
        this.columns = new float[rows * positions * some];
        this.results = new float[outputs * positions * some];
        this.weights = new float[direct ? 0 : outputs * rows];
    }

    @Override
    public void forward(Tape tape) {
        float[] y = tape.value(out);
        if (bias < 0) {
            Arrays.fill(y, 0);
        } else {
            float[] b = tape.value(bias);
            for (int plane = 0; plane < samples * groups * outputs; plane++) {
                Arrays.fill(y, plane * positions, (plane + 1) * positions, b[plane % (groups * outputs)]);
            }
        }
        if (some == 0) {
            direct(tape);
            return;
        }
        float[] x = tape.value(in);
        for (int g = 0; g < groups; g++) {
            System.arraycopy(tape.value(weight), g * outputs * rows, weights, 0, weights.length);
            for (int from = 0; from < samples; from += some) {
                int n = Math.min(some, samples - from);
                unfold(x, g, from, n);
                Products.product(false, weights, false, columns, outputs, n * positions, rows, false, results);
                for (int o = 0; o < outputs; o++) {
                    for (int s = 0; s < n; s++) {
                        int to = (((from + s) * groups + g) * outputs + o) * positions;
                        int at = (o * n + s) * positions;
                        for (int i = 0; i < positions; i++) {
                            y[to + i] += results[at + i];
                        }
                    }
                }
            }
        }
    }

    @Override
    public void backward(Tape tape) {
        float @Nullable [] given = tape.gradient(out);
        if (given == null) {
            return;
        }
        float @Nullable [] backBias = bias < 0 ? null : tape.gradient(bias);
        if (backBias != null) {
            for (int plane = 0; plane < samples * groups * outputs; plane++) {
                float sum = 0;
                for (int i = plane * positions; i < (plane + 1) * positions; i++) {
                    sum += given[i];
                }
                backBias[plane % (groups * outputs)] += sum;
            }
        }
        float @Nullable [] back = tape.gradient(in);
        float @Nullable [] backWeight = tape.gradient(weight);
        if (some == 0) {
            directBack(tape, given, back, backWeight);
            return;
        }
        float[] x = tape.value(in);
        float[] sums = new float[weights.length];
        for (int g = 0; g < groups; g++) {
            System.arraycopy(tape.value(weight), g * outputs * rows, weights, 0, weights.length);
            Arrays.fill(sums, 0);
            for (int from = 0; from < samples; from += some) {
                int n = Math.min(some, samples - from);
                for (int o = 0; o < outputs; o++) {
                    for (int s = 0; s < n; s++) {
                        System.arraycopy(
                                given,
                                (((from + s) * groups + g) * outputs + o) * positions,
                                results,
                                (o * n + s) * positions,
                                positions);
                    }
                }
                if (backWeight != null) {
                    unfold(x, g, from, n);
                    Products.product(false, results, true, columns, outputs, rows, n * positions, true, sums);
                }
                if (back != null) {
                    Products.product(true, weights, false, results, rows, n * positions, outputs, false, columns);
                    fold(back, g, from, n);
                }
            }
            for (int i = 0; backWeight != null && i < sums.length; i++) {
                backWeight[g * outputs * rows + i] += sums[i];
            }
        }
    }

    /** The windows of {@code n} samples as columns [rows, n · positions]. */
    private void unfold(float[] x, int group, int first, int n) {
        int at = 0;
        for (int c = 0; c < inputs; c++) {
            for (int ky = 0; ky < w.kernelHeight(); ky++) {
                for (int kx = 0; kx < w.kernelWidth(); kx++) {
                    int inside = firstInside(kx);
                    int end = endInside(kx);
                    for (int s = 0; s < n; s++) {
                        int plane = (((first + s) * groups + group) * inputs + c) * w.height() * w.width();
                        for (int oy = 0; oy < w.outHeight(); oy++, at += w.outWidth()) {
                            int iy = w.y(oy, ky);
                            if (iy < 0 || iy >= w.height()) {
                                Arrays.fill(columns, at, at + w.outWidth(), 0);
                            } else {
                                Arrays.fill(columns, at, at + inside, 0);
                                int line = plane + iy * w.width() + w.x(inside, kx);
                                copyRow(x, line, w.strideX(), columns, at + inside, end - inside);
                                Arrays.fill(columns, at + end, at + w.outWidth(), 0);
                            }
                        }
                    }
                }
            }
        }
    }

    private static void copyRow(float[] x, int line, int stride, float[] to, int at, int n) {
        if (stride == 1) {
            if (n > 0) {
                System.arraycopy(x, line, to, at, n);
            }
        } else {
            for (int i = 0; i < n; i++) {
                to[at + i] = x[line + i * stride];
            }
        }
    }

    /** Adds the columns back to where they came from. */
    private void fold(float[] back, int group, int from, int n) {
        int at = 0;
        for (int c = 0; c < inputs; c++) {
            for (int ky = 0; ky < w.kernelHeight(); ky++) {
                for (int kx = 0; kx < w.kernelWidth(); kx++) {
                    int first = firstInside(kx);
                    int end = endInside(kx);
                    for (int s = 0; s < n; s++) {
                        int plane = (((from + s) * groups + group) * inputs + c) * w.height() * w.width();
                        for (int oy = 0; oy < w.outHeight(); oy++, at += w.outWidth()) {
                            int iy = w.y(oy, ky);
                            if (iy >= 0 && iy < w.height()) {
                                int line = plane + iy * w.width() + w.x(first, kx);
                                spreadRow(1, columns, at + first, back, line, w.strideX(), end - first);
                            }
                        }
                    }
                }
            }
        }
    }

    /** The first output of a row that reads inside the picture. */
    private int firstInside(int kx) {
        return Math.clamp(Math.ceilDiv(w.left() - kx * w.dilationX(), w.strideX()), 0, w.outWidth());
    }

    /** The output of a row behind the last one that reads inside; at least the first. */
    private int endInside(int kx) {
        int last = Math.floorDiv(w.width() - 1 + w.left() - kx * w.dilationX(), w.strideX());
        return Math.max(firstInside(kx), Math.clamp(last + 1, 0, w.outWidth()));
    }

    private void direct(Tape tape) {
        float[] x = tape.value(in);
        float[] k = tape.value(weight);
        float[] y = tape.value(out);
        int taps = w.kernelHeight() * w.kernelWidth();
        for (int tap = 0; tap < taps; tap++) {
            int ky = tap / w.kernelWidth();
            int kx = tap % w.kernelWidth();
            int first = firstInside(kx);
            int n = endInside(kx) - first;
            for (int plane = 0; plane < samples * groups * outputs; plane++) {
                float factor = k[plane % (groups * outputs) * taps + tap];
                for (int oy = 0; oy < w.outHeight(); oy++) {
                    int iy = w.y(oy, ky);
                    if (iy >= 0 && iy < w.height()) {
                        int line = (plane / outputs * w.height() + iy) * w.width() + w.x(first, kx);
                        addRow(factor, x, line, w.strideX(), y, plane * positions + oy * w.outWidth() + first, n);
                    }
                }
            }
        }
    }

    private void directBack(Tape tape, float[] given, float @Nullable [] back, float @Nullable [] backWeight) {
        float[] x = tape.value(in);
        float[] k = tape.value(weight);
        int taps = w.kernelHeight() * w.kernelWidth();
        for (int tap = 0; tap < taps; tap++) {
            int ky = tap / w.kernelWidth();
            int kx = tap % w.kernelWidth();
            int first = firstInside(kx);
            int n = endInside(kx) - first;
            for (int plane = 0; plane < samples * groups * outputs; plane++) {
                int at = plane % (groups * outputs) * taps + tap;
                float sum = 0;
                for (int oy = 0; oy < w.outHeight(); oy++) {
                    int iy = w.y(oy, ky);
                    if (iy >= 0 && iy < w.height()) {
                        int line = (plane / outputs * w.height() + iy) * w.width() + w.x(first, kx);
                        int from = plane * positions + oy * w.outWidth() + first;
                        if (backWeight != null) {
                            sum += dot(given, from, x, line, w.strideX(), n);
                        }
                        if (back != null) {
                            spreadRow(k[at], given, from, back, line, w.strideX(), n);
                        }
                    }
                }
                if (backWeight != null) {
                    backWeight[at] += sum;
                }
            }
        }
    }

    private static void addRow(float factor, float[] x, int line, int stride, float[] y, int at, int n) {
        if (stride == 1) {
            for (int i = 0; i < n; i++) {
                y[at + i] += factor * x[line + i];
            }
        } else {
            for (int i = 0; i < n; i++) {
                y[at + i] += factor * x[line + i * stride];
            }
        }
    }

    private static void spreadRow(float factor, float[] y, int at, float[] x, int line, int stride, int n) {
        if (stride == 1) {
            for (int i = 0; i < n; i++) {
                x[line + i] += factor * y[at + i];
            }
        } else {
            for (int i = 0; i < n; i++) {
                x[line + i * stride] += factor * y[at + i];
            }
        }
    }

    private static float dot(float[] y, int at, float[] x, int line, int stride, int n) {
        float sum = 0;
        for (int i = 0; i < n; i++) {
            sum += y[at + i] * x[line + i * stride];
        }
        return sum;
    }
}
