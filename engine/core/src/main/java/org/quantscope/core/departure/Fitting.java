package org.quantscope.core.departure;

import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.tensor.Shape;

/** How values relate to others: by a factor, an offset, or an order of channels. */
final class Fitting {
    private static final int MOST_CHANNELS = 512;
    private static final double SAME_DIRECTION = 0.95;
    private static final double LEAST_AHEAD = 1e-3;

    private Fitting() {}

    /** The channel of each element along an axis; all 0 for axis −1. */
    static int[] channels(Shape shape, int axis) {
        int[] of = new int[(int) shape.count()];
        if (axis >= 0) {
            int inner = (int) shape.inner(axis);
            int n = (int) shape.dim(axis);
            for (int i = 0; i < of.length; i++) {
                of[i] = i / inner % n;
            }
        }
        return of;
    }

    /** For each group the factor α that makes Σ(y−αx)² least; 1 where x is 0. */
    static double[] factors(float[] x, float[] y, int[] group, int groups) {
        double[] xy = new double[groups];
        double[] xx = new double[groups];
        for (int i = 0; i < x.length; i++) {
            xy[group[i]] += (double) x[i] * y[i];
            xx[group[i]] += (double) x[i] * x[i];
        }
        return IntStream.range(0, groups)
                .mapToDouble(g -> xx[g] > 0 ? xy[g] / xx[g] : 1)
                .toArray();
    }

    /** Root mean square of y−x. */
    static double rms(float[] x, float[] y) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += ((double) y[i] - x[i]) * ((double) y[i] - x[i]);
        }
        return Math.sqrt(sum / Math.max(1, x.length));
    }

    /** Root mean square of x. */
    static double rms(float[] x) {
        return rms(new float[x.length], x);
    }

    /**
     * The channel of {@code x} that each channel of {@code y} is, by direction; null if some is none, if two are the same
     * one, or if each is in its place.
     */
    static int @Nullable [] order(float[] x, float[] y, Shape shape, int axis) {
        int n = axis < 0 ? 0 : (int) shape.dim(axis);
        if (n < 2 || n > MOST_CHANNELS) {
            return null;
        }
        float[][] a = split(x, shape, axis);
        float[][] b = split(y, shape, axis);
        int[] order = new int[n];
        boolean[] used = new boolean[n];
        boolean moved = false;
        for (int c = 0; c < n; c++) {
            int best = -1;
            double most = SAME_DIRECTION;
            for (int k = 0; k < n; k++) {
                double cos = cosine(a[k], b[c]);
                if (cos >= most) {
                    most = cos;
                    best = k;
                }
            }
            // Channels that are alike stay where they are.
            best = best >= 0 && cosine(a[c], b[c]) > most - LEAST_AHEAD ? c : best;
            boolean silent = rms(a[c]) == 0 && rms(b[c]) == 0;
            best = silent ? c : best;
            if (best < 0 || used[best]) {
                return null;
            }
            used[best] = true;
            moved |= best != c;
            order[c] = best;
        }
        return moved ? order : null;
    }

    /** Values with their channels in another order: channel c of the result is channel {@code order[c]}. */
    static float[] reordered(float[] x, Shape shape, int axis, int[] order) {
        int inner = (int) shape.inner(axis);
        int n = (int) shape.dim(axis);
        float[] out = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            int c = i / inner % n;
            out[i] = x[i + (order[c] - c) * inner];
        }
        return out;
    }

    /** The channels that are not in their place, for a person. */
    static String said(int[] order) {
        int[] moved =
                IntStream.range(0, order.length).filter(c -> order[c] != c).toArray();
        return moved.length == 2
                ? "channels " + moved[0] + " and " + moved[1] + " are exchanged"
                : moved.length + " of " + order.length + " channels stand in another order, channel " + moved[0]
                        + " holds channel " + order[moved[0]];
    }

    private static float[][] split(float[] x, Shape shape, int axis) {
        int n = (int) shape.dim(axis);
        int inner = (int) shape.inner(axis);
        float[][] parts = new float[n][x.length / n];
        int[] at = new int[n];
        for (int i = 0; i < x.length; i++) {
            int c = i / inner % n;
            parts[c][at[c]++] = x[i];
        }
        return parts;
    }

    private static double cosine(float[] a, float[] b) {
        double xy = 0;
        double xx = 0;
        double yy = 0;
        for (int i = 0; i < a.length; i++) {
            xy += (double) a[i] * b[i];
            xx += (double) a[i] * a[i];
            yy += (double) b[i] * b[i];
        }
        double c = xy / Math.sqrt(xx * yy);
        return Double.isFinite(c) ? c : 0;
    }
}
