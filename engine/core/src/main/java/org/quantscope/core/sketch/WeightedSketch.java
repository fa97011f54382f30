package org.quantscope.core.sketch;

import java.util.Arrays;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.WeightedPoints;

/**
 * Σh, Σh·w and Σh·w² of values with importances h, in the bins of {@link MomentSketch}: from it the weighted error of
 * any grid follows in microseconds. Sums are in double; unlike those of a {@link MomentSketch} they are not exact, and
 * the estimate has no bound. A search should compare its best candidates exactly.
 *
 * <p>One thread at a time may fill it; afterwards any thread may read it.
 */
public final class WeightedSketch {
    private static final int OCTAVES = 512;
    private static final int PER_OCTAVE = 1 << Bins.MANTISSA_BITS;
    private static final int MOST_OCTAVE = 255;

    /** The count that {@link #points} gives the largest importance; the others are rounded in proportion. */
    private static final double POINT_SCALE = 1 << 24;

    private final double[][] table = new double[OCTAVES][];
    private double zeros;
    private double total;

    private Side positive = Side.NONE;
    private Side negative = Side.NONE;

    /**
     * The bins of one sign with an importance above 0, outward from zero, with running sums: entry i sums up the bins
     * before bin i.
     */
    private static final class Side {
        static final Side NONE = new Side(new double[0], new double[1], new double[1], new double[1]);

        final double[] mean;
        final double[] h;
        final double[] first;
        final double[] second;

        Side(double[] mean, double[] h, double[] first, double[] second) {
            this.mean = mean;
            this.h = h;
            this.first = first;
            this.second = second;
        }
    }

    /** Adds values with their importances, which are finite and at least 0; NaN and infinite values are left out. */
    public void add(float[] values, float[] importances, int from, int length) {
        for (int i = from; i < from + length; i++) {
            float w = values[i];
            double h = importances[i];
            int bits = Float.floatToRawIntBits(w);
            int index = bits >>> 23;
            if ((index & MOST_OCTAVE) == MOST_OCTAVE || h == 0) {
                continue;
            }
            total += h;
            if (w == 0) {
                zeros += h;
                continue;
            }
            double[] octave = table[index];
            if (octave == null) {
                octave = new double[PER_OCTAVE * 3];
                table[index] = octave;
            }
            int at = (bits >>> Bins.LOW_BITS & PER_OCTAVE - 1) * 3;
            double m = Math.abs((double) w);
            octave[at] += h;
            octave[at + 1] += h * m;
            octave[at + 2] += h * m * m;
        }
    }

    /** Adds what {@code other} has seen. Neither of the two may have answered a question yet. */
    public void merge(WeightedSketch other) {
        total += other.total;
        zeros += other.zeros;
        for (int o = 0; o < OCTAVES; o++) {
            double[] from = other.table[o];
            if (from != null && table[o] == null) {
                table[o] = from.clone();
            } else if (from != null) {
                for (int i = 0; i < from.length; i++) {
                    table[o][i] += from[i];
                }
            }
        }
    }

    /** Ends the filling and prepares for questions; returns this sketch. */
    public WeightedSketch settled() {
        positive = collect(0);
        negative = collect(OCTAVES / 2);
        Arrays.fill(table, null);
        return this;
    }

    private Side collect(int firstOctave) {
        int size = 0;
        double[] mean = new double[64];
        double[] h = new double[65];
        double[] first = new double[65];
        double[] second = new double[65];
        for (int o = 0; o < MOST_OCTAVE; o++) {
            double[] octave = table[firstOctave + o];
            for (int at = 0; octave != null && at < octave.length; at += 3) {
                if (octave[at] == 0) {
                    continue;
                }
                if (size == mean.length) {
                    mean = Arrays.copyOf(mean, 2 * size);
                    h = Arrays.copyOf(h, 2 * size + 1);
                    first = Arrays.copyOf(first, 2 * size + 1);
                    second = Arrays.copyOf(second, 2 * size + 1);
                }
                mean[size] = octave[at + 1] / octave[at];
                h[size + 1] = h[size] + octave[at];
                first[size + 1] = first[size] + octave[at + 1];
                second[size + 1] = second[size] + octave[at + 2];
                size++;
            }
        }
        return new Side(Arrays.copyOf(mean, size), h, first, second);
    }

    /** Σh of the finite values. */
    public double total() {
        return total;
    }

    /**
     * Estimate of Σh·(w−Q(w))²/Σh: all values of a bin are sent to the level of the bin's mean. 0 if all importances
     * are 0.
     */
    public double mse(Grid grid) {
        if (total == 0) {
            return 0;
        }
        double zero = grid.quantize(0f);
        return (zeros * zero * zero + side(positive, 1, grid) + side(negative, -1, grid)) / total;
    }

    private static double side(Side bins, int sign, Grid grid) {
        int size = bins.mean.length;
        int end = sign > 0 ? grid.size() - 1 : 0;
        double error = 0;
        int p = 0;
        while (p < size) {
            int level = grid.index((float) (sign * bins.mean[p]));
            double q = sign * (double) grid.level(level);
            int next = size;
            if (level != end) {
                double threshold = (q + sign * (double) grid.level(level + sign)) / 2;
                int found = Arrays.binarySearch(bins.mean, p, size, threshold);
                next = Math.max(p + 1, found < 0 ? -1 - found : found);
            }
            double h = bins.h[next] - bins.h[p];
            double s1 = bins.first[next] - bins.first[p];
            double s2 = bins.second[next] - bins.second[p];
            error += Math.max(0, s2 - 2 * q * s1 + q * q * h);
            p = next;
        }
        return error;
    }

    /**
     * The values in ascending order with counts in proportion to their importance: the largest importance of a bin
     * counts 2^24, every other at least 1.
     */
    public WeightedPoints points() {
        int size = negative.mean.length + (zeros > 0 ? 1 : 0) + positive.mean.length;
        double[] values = new double[size];
        double[] h = new double[size];
        int n = 0;
        for (int i = negative.mean.length - 1; i >= 0; i--) {
            values[n] = -negative.mean[i];
            h[n++] = negative.h[i + 1] - negative.h[i];
        }
        if (zeros > 0) {
            h[n++] = zeros;
        }
        for (int i = 0; i < positive.mean.length; i++) {
            values[n] = positive.mean[i];
            h[n++] = positive.h[i + 1] - positive.h[i];
        }
        double most = Arrays.stream(h).max().orElse(1);
        long[] counts = new long[size];
        for (int i = 0; i < size; i++) {
            counts[i] = Math.max(1, Math.round(h[i] / most * POINT_SCALE));
        }
        return new WeightedPoints(values, counts);
    }
}
