package org.quantscope.app.selected;

import java.util.Arrays;
import java.util.Random;

/** Exact counts of values held in memory. */
final class SortedValues implements HistogramData {
    private final double[] sorted;

    SortedValues(double... values) {
        sorted = values.clone();
        Arrays.sort(sorted);
    }

    /** {@code n} normally distributed values with the extremes put at -4 and 5. */
    static SortedValues bell(int n) {
        Random random = new Random(1);
        double[] v = random.doubles(n, 0, 1).map(u -> random.nextGaussian()).toArray();
        v[0] = -4;
        v[1] = 5;
        return new SortedValues(v);
    }

    @Override
    public long count() {
        return sorted.length;
    }

    @Override
    public double min() {
        return sorted[0];
    }

    @Override
    public double max() {
        return sorted[sorted.length - 1];
    }

    @Override
    public double[] histogram(double lo, double hi, int bins) {
        double[] n = new double[bins];
        for (double v : sorted) {
            if (v >= lo && v <= hi) {
                n[Math.min(bins - 1, (int) ((v - lo) / (hi - lo) * bins))]++;
            }
        }
        return n;
    }
}
