package org.quantscope.core.departure;

import java.util.Arrays;

/**
 * How far the values of one tensor reach, sample by sample, and how far those of more samples would.
 *
 * <p>The smallest and the largest value of a few samples lie inside the range that a calibration with many has seen. How
 * much inside is estimated from the samples at hand: the expected largest value of m of n samples is a weighted sum of
 * their sorted largest values, and is taken to grow by the same amount with each doubling of m.
 */
final class Reach {
    /** Ranges are carried on to so many samples, a usual number for calibration. */
    static final int USUAL_SAMPLES = 1024;

    private static final int FEWEST = 8;

    private float[] lo = new float[16];
    private float[] hi = new float[16];
    private int samples;
    private float least = Float.POSITIVE_INFINITY;
    private float most = Float.NEGATIVE_INFINITY;

    /**
     * Adds a batch.
     *
     * @param values one sample after another; values that are not finite do not count
     * @param rows the number of samples
     */
    void add(float[] values, int rows) {
        int n = rows > 0 && values.length % rows == 0 ? values.length / rows : values.length;
        for (int from = 0; from < values.length; from += n) {
            float l = Float.POSITIVE_INFINITY;
            float h = Float.NEGATIVE_INFINITY;
            for (int i = from; i < from + n; i++) {
                if (Float.isFinite(values[i])) {
                    l = Math.min(l, values[i]);
                    h = Math.max(h, values[i]);
                }
            }
            least = Math.min(least, l);
            most = Math.max(most, h);
            if (l <= h && samples < USUAL_SAMPLES) {
                if (samples == lo.length) {
                    lo = Arrays.copyOf(lo, 2 * samples);
                    hi = Arrays.copyOf(hi, 2 * samples);
                }
                lo[samples] = l;
                hi[samples++] = h;
            }
        }
    }

    /** The smallest value seen; above {@link #most} if there was none. */
    float least() {
        return least;
    }

    float most() {
        return most;
    }

    /** The smallest value to be expected of {@link #USUAL_SAMPLES}; the smallest seen if there were as many, or too few. */
    float usualLeast() {
        double[] negated = new double[samples];
        for (int i = 0; i < samples; i++) {
            negated[i] = -lo[i];
        }
        return least - (float) growth(negated);
    }

    float usualMost() {
        double[] largest = new double[samples];
        for (int i = 0; i < samples; i++) {
            largest[i] = hi[i];
        }
        return most + (float) growth(largest);
    }

    private static double growth(double[] largest) {
        int n = largest.length;
        if (n < FEWEST || n >= USUAL_SAMPLES) {
            return 0;
        }
        Arrays.sort(largest);
        int m = n / 4;
        double perDoubling = (largest[n - 1] - expected(largest, m)) / (Math.log((double) n / m) / Math.log(2));
        return perDoubling * Math.log((double) USUAL_SAMPLES / n) / Math.log(2);
    }

    /**
     * The expected largest of m values drawn from n without putting back. The j-th largest of all is the largest drawn
     * with the probability C(n−1−j, m−1)/C(n, m), j from 0.
     *
     * @param sorted ascending
     */
    static double expected(double[] sorted, int m) {
        int n = sorted.length;
        double p = (double) m / n;
        double sum = 0;
        for (int j = 0; j <= n - m; j++) {
            sum += p * sorted[n - 1 - j];
            p *= (double) (n - m - j) / Math.max(1, n - 1 - j);
        }
        return sum;
    }
}
