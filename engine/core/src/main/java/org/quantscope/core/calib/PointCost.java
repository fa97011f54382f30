package org.quantscope.core.calib;

import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.WeightedPoints;

/**
 * Σ|x−Q(x)|^p/n over the points of a distribution: {@link #of} approximates it, {@link #exactly} sums point by point.
 *
 * <p>The approximation divides the points between a level and the border to the next one into a few parts of equal
 * width, and gets the sums of each part from running sums. A part of n points, with mean distance e from the level and
 * variance v of that distance, costs {@code n·(e^p + p·(p−1)/2·e^(p−2)·v)}, the Taylor expansion about the mean up to
 * the second order; for p = 1 that is exact. Beyond the end levels the parts grow with their distance.
 */
final class PointCost implements ClipSearch.Cost {
    /** Parts on each side of a level, for few levels and for many. */
    private static final int PARTS = 4;

    private static final int FEW_LEVELS = 64;
    /** The factor by which each part beyond an end level is wider than the one before. */
    private static final double GROWTH = 1.25;

    /** Grouping should replace at least this many points by one part. */
    private static final int LEAST_SAVING = 16;

    /** The bits of a float shifted right by this give the key of the index into the list of points. */
    private static final int KEY_SHIFT = 17;

    private final double p;
    private final double[] x;
    private final long[] counts;
    /** n, Σx and Σx² of the points before each point. */
    private final double[] n;

    private final double[] s1;
    private final double[] s2;
    private final int firstKey;
    /** The first point of each key from {@code firstKey} on. */
    private final int[] firstOf;

    PointCost(WeightedPoints points, double p) {
        this.p = p;
        x = points.values();
        counts = points.counts();
        int m = x.length;
        n = new double[m + 1];
        s1 = new double[m + 1];
        s2 = new double[m + 1];
        for (int i = 0; i < m; i++) {
            n[i + 1] = n[i] + counts[i];
            s1[i + 1] = s1[i] + counts[i] * x[i];
            s2[i + 1] = s2[i] + counts[i] * x[i] * x[i];
        }
        firstKey = m == 0 ? 0 : key(x[0]);
        firstOf = new int[m == 0 ? 1 : key(x[m - 1]) - firstKey + 2];
        for (int i = 0, k = 0; i < m; i++) {
            for (int here = key(x[i]) - firstKey; k <= here; k++) {
                firstOf[k] = i;
            }
        }
        firstOf[firstOf.length - 1] = m;
    }

    /** A key that ascends with {@code v}. */
    private static int key(double v) {
        int bits = Float.floatToRawIntBits((float) v + 0f);
        return (bits ^ (bits >> 31 & Integer.MAX_VALUE)) >> KEY_SHIFT;
    }

    /** The number of points below {@code v}. */
    private int rank(double v) {
        int k = key(v) - firstKey;
        if (k < 0) {
            return 0;
        } else if (k >= firstOf.length - 1) {
            return x.length;
        }
        int low = firstOf[k];
        int high = firstOf[k + 1];
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (x[middle] < v) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    @Override
    public double of(ClipRange range, Grid grid) {
        if (x.length == 0) {
            return 0;
        } else if (grid.size() > x.length / LEAST_SAVING) {
            return exactly(grid);
        }
        int parts = p == 1 ? 1 : grid.size() <= FEW_LEVELS ? PARTS : PARTS / 2;
        int top = grid.size() - 1;
        double sum = 0;
        int from = 0;
        for (int i = 0; i <= top; i++) {
            double level = grid.level(i);
            double low = i == 0 ? x[0] : (grid.level(i - 1) + level) / 2;
            double high = i == top ? x[x.length - 1] : (level + grid.level(i + 1)) / 2;
            int at = rank(level);
            int to = i == top ? x.length : rank(high);
            sum += side(from, at, level, low, i == 0, parts) + side(at, to, level, high, i == top, parts);
            from = to;
        }
        return sum / n[x.length];
    }

    /** The cost of points {@code [from, to)}, which lie between a level and {@code far}. */
    private double side(int from, int to, double level, double far, boolean end, int parts) {
        if (to - from <= parts) {
            return direct(from, to, level);
        } else if (p == 1) {
            return Math.abs(s1[to] - s1[from] - level * (n[to] - n[from]));
        }
        double sum = 0;
        double width = (far - level) / parts;
        if (end) {
            // Parts grow, starting at a thousandth of the clipped interval.
            double reach = (far - level) * 1e-3;
            boolean up = far > level;
            int low = from;
            int high = to;
            while (low < high) {
                boolean last = Math.abs(reach) >= Math.abs(far - level);
                int cut = last ? (up ? high : low) : Math.clamp(rank(level + reach), low, high);
                sum += up ? part(low, cut, level) : part(cut, high, level);
                low = up ? cut : low;
                high = up ? high : cut;
                reach *= GROWTH;
            }
            return sum;
        }
        int before = from;
        for (int k = 1; k <= parts; k++) {
            // In ascending order: from the level upwards, or towards it.
            double edge = far > level ? level + k * width : far - k * width;
            int cut = k == parts ? to : Math.clamp(rank(edge), before, to);
            sum += part(before, cut, level);
            before = cut;
        }
        return sum;
    }

    private double part(int from, int to, double level) {
        if (to - from <= 2) {
            return direct(from, to, level);
        }
        double count = n[to] - n[from];
        double mean = (s1[to] - s1[from]) / count;
        double variance = Math.max(0, (s2[to] - s2[from]) / count - mean * mean);
        double e = Math.abs(mean - level);
        // Where points are as close to the level as to each other, the expansion fails.
        double bent = e * e > variance ? p * (p - 1) / 2 * variance / (e * e) : 0;
        return count * Math.pow(e, p) * (1 + bent);
    }

    private double direct(int from, int to, double level) {
        double sum = 0;
        for (int i = from; i < to; i++) {
            double error = Math.abs(x[i] - level);
            sum += counts[i] * (p == 1 ? error : Math.pow(error, p));
        }
        return sum;
    }

    /** The cost, summed point by point. */
    double exactly(Grid grid) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            double error = Math.abs(x[i] - grid.quantize((float) x[i]));
            sum += counts[i] * (p == 1 ? error : Math.pow(error, p));
        }
        return x.length == 0 ? 0 : sum / n[x.length];
    }
}
