package org.quantscope.linalg.train;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** MaxPool and AveragePool over two dimensions. */
final class Pooled implements Operation {
    private final int in;
    private final int out;
    private final Window window;
    private final boolean max;
    private final boolean countPadding;
    /** Of each output of a MaxPool, the input that it is. */
    private final int[] chosen;

    Pooled(int in, int out, Window window, boolean max, boolean countPadding) {
        this.in = in;
        this.out = out;
        this.window = window;
        this.max = max;
        this.countPadding = countPadding;
        this.chosen = new int[max ? window.planes() * window.outHeight() * window.outWidth() : 0];
    }

    @Override
    public void forward(Tape tape) {
        float[] x = tape.value(in);
        float[] y = tape.value(out);
        Window w = window;
        int at = 0;
        for (int plane = 0; plane < w.planes(); plane++) {
            int from = plane * w.height() * w.width();
            for (int oy = 0; oy < w.outHeight(); oy++) {
                for (int ox = 0; ox < w.outWidth(); ox++) {
                    float best = Float.NEGATIVE_INFINITY;
                    int best_ = -1;
                    float sum = 0;
                    int n = 0;
                    for (int ky = 0; ky < w.kernelHeight(); ky++) {
                        int iy = w.y(oy, ky);
                        for (int kx = 0; kx < w.kernelWidth(); kx++) {
                            int ix = w.x(ox, kx);
                            if (iy >= 0 && iy < w.height() && ix >= 0 && ix < w.width()) {
                                int i = from + iy * w.width() + ix;
                                sum += x[i];
                                n++;
                                if (best_ < 0 || x[i] > best) {
                                    best = x[i];
                                    best_ = i;
                                }
                            }
                        }
                    }
                    if (max) {
                        chosen[at] = best_;
                        y[at++] = best;
                    } else {
                        y[at++] = sum / divisor(oy, ox, n);
                    }
                }
            }
        }
    }

    /** Positions that an average counts: those inside, or those inside the padded picture. */
    private int divisor(int oy, int ox, int inside) {
        return countPadding ? window.padded(oy, ox) : Math.max(1, inside);
    }

    @Override
    public void backward(Tape tape) {
        float @Nullable [] given = tape.gradient(out);
        float @Nullable [] back = tape.gradient(in);
        if (given == null || back == null) {
            return;
        }
        if (max) {
            for (int i = 0; i < given.length; i++) {
                if (chosen[i] >= 0) {
                    back[chosen[i]] += given[i];
                }
            }
            return;
        }
        Window w = window;
        int[] inside = new int[w.kernelHeight() * w.kernelWidth()];
        int at = 0;
        for (int plane = 0; plane < w.planes(); plane++) {
            int from = plane * w.height() * w.width();
            for (int oy = 0; oy < w.outHeight(); oy++) {
                for (int ox = 0; ox < w.outWidth(); ox++) {
                    int n = 0;
                    Arrays.fill(inside, -1);
                    for (int ky = 0; ky < w.kernelHeight(); ky++) {
                        int iy = w.y(oy, ky);
                        for (int kx = 0; kx < w.kernelWidth(); kx++) {
                            int ix = w.x(ox, kx);
                            if (iy >= 0 && iy < w.height() && ix >= 0 && ix < w.width()) {
                                inside[n++] = from + iy * w.width() + ix;
                            }
                        }
                    }
                    float share = given[at++] / divisor(oy, ox, n);
                    for (int i = 0; i < n; i++) {
                        back[inside[i]] += share;
                    }
                }
            }
        }
    }
}
