package org.quantscope.core.quant;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The codebook with the least squared error: at most 2^B levels, each the mean of the values that are nearest to it
 * (optimal k-means on a line). Values outside the requested range are ignored when it is fitted, and 0 need not be a
 * level.
 *
 * <p>Up to a few thousand distinct values dynamic programming finds the global optimum, by divide and conquer over its
 * monotone splits. More values are first gathered into groups that are narrow against the distance of levels (equal
 * shares of ∫p^⅓, the density of optimal levels by Panter and Dite), and the levels found are then moved to the means
 * of their own values until they no longer move. Each slice has a codebook of its own, which takes 32 bits a level.
 */
final class LloydMaxQuantizer implements FittedQuantizer {
    private static final int MOST_BITS = 8;
    private static final int GROUPS = 2048;
    private static final int MOST_ROUNDS = 200;
    private static final double STANDS_STILL = 1e-9;

    @Override
    public String id() {
        return "lloyd-max";
    }

    @Override
    public String title() {
        return "Lloyd–Max codebook";
    }

    @Override
    public String source() {
        return "Lloyd 1982 and Max 1960; optimal k-means on a line: Wang, Song 2011 (Ckmeans.1d.dp), Grønlund et al."
                + " 2017, arXiv 1701.07204";
    }

    @Override
    public SchemeTraits traits() {
        return SchemeTraits.free(QuantSpec.MIN_BITS, MOST_BITS);
    }

    /** The codebook of values that are spread evenly over each range: the centres of 2^B equal intervals. */
    @Override
    public QuantParams resolve(QuantSpec spec, Granularity granularity, List<ClipRange> ranges) {
        check(spec);
        float[] scales = new float[ranges.size()];
        Arrays.fill(scales, 1);
        return QuantParams.ofCodebooks(
                granularity,
                scales,
                ranges.stream().map(r -> even(r, 1 << spec.bits())).toList());
    }

    @Override
    public double bitsPerWeight(QuantSpec spec, long count, long slices) {
        return Quantizer.bitsPerWeight(spec.bits(), count, slices, (double) Scales.FLOAT_BITS * (1 << spec.bits()), 0);
    }

    private static CodebookGrid even(ClipRange range, int k) {
        double width = (double) range.hi() - range.lo();
        return distinct(IntStream.range(0, k)
                .mapToDouble(i -> range.lo() + width * (i + 0.5) / k)
                .toArray());
    }

    @Override
    public CodebookGrid fit(QuantSpec spec, ClipRange range, WeightedPoints values) {
        check(spec);
        int k = 1 << spec.bits();
        double[] x = values.values();
        int from = lowerBound(x, range.lo());
        int to = lowerBound(x, Math.nextUp(range.hi()));
        int m = to - from;
        if (m == 0) {
            return even(range, k);
        } else if (m <= k) {
            return distinct(Arrays.copyOfRange(x, from, to));
        }
        var sums = new Sums(x, values.counts(), from, to);
        int[] groups = m <= GROUPS ? IntStream.rangeClosed(0, m).toArray() : groups(x, values.counts(), from, to);
        int[] cuts = optimalCuts(sums, groups, Math.min(k, groups.length - 1));
        double[] levels = sums.means(cuts, new double[cuts.length - 1]);
        for (int round = 0; round < MOST_ROUNDS; round++) {
            int[] next = nearest(x, from, to, levels);
            double[] moved = sums.means(next, levels);
            double most = 0;
            for (int i = 0; i < levels.length; i++) {
                most = Math.max(most, Math.abs(moved[i] - levels[i]));
            }
            levels = moved;
            if (most <= STANDS_STILL * (x[to - 1] - x[from])) {
                break;
            }
        }
        return distinct(levels);
    }

    /** The levels as float32, without duplicates. */
    private static CodebookGrid distinct(double[] levels) {
        float[] rounded = new float[levels.length];
        int n = 0;
        for (double level : levels) {
            float f = (float) level + 0f;
            if (n == 0 || f > rounded[n - 1]) {
                rounded[n++] = f;
            }
        }
        return new CodebookGrid(Arrays.copyOf(rounded, n));
    }

    private static int lowerBound(double[] x, double value) {
        int low = 0;
        int high = x.length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (x[middle] < value) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /**
     * Gathers neighbouring values into at most {@link #GROUPS} groups; returns their boundaries as indices, from 0 to
     * the number of values.
     */
    private static int[] groups(double[] x, long[] counts, int from, int to) {
        int m = to - from;
        double[] share = new double[m + 1];
        for (int i = 0; i < m; i++) {
            double left = x[Math.max(from, from + i - 1)];
            double right = x[Math.min(to - 1, from + i + 1)];
            share[i + 1] = share[i] + Math.cbrt(counts[from + i] * (right - left) * (right - left));
        }
        int[] cuts = new int[GROUPS + 1];
        int n = 1;
        for (int i = 1; i < m; i++) {
            if (share[i] * GROUPS >= share[m] * n && n < GROUPS) {
                cuts[n++] = i;
            }
        }
        cuts[n++] = m;
        return Arrays.copyOf(cuts, n);
    }

    /**
     * Splits the groups into the k intervals with the least squared error; returns their boundaries as indices, from 0
     * to the number of values.
     */
    private static int[] optimalCuts(Sums sums, int[] groups, int k) {
        int m = groups.length - 1;
        double[] best = new double[m + 1];
        double[] next = new double[m + 1];
        int[][] from = new int[k + 1][m + 1];
        for (int j = 1; j <= m; j++) {
            best[j] = sums.error(0, groups[j]);
        }
        for (int level = 2; level <= k; level++) {
            split(sums, groups, best, next, from[level], level, m, level - 1, m - 1);
            double[] done = next;
            next = best;
            best = done;
        }
        int[] cuts = new int[k + 1];
        int end = m;
        for (int level = k; level >= 1; level--) {
            cuts[level] = groups[end];
            end = level == 1 ? 0 : from[level][end];
        }
        return cuts;
    }

    /**
     * Fills {@code next[lo..hi]} by divide and conquer, which works because the last interval of the best split of the
     * first j groups begins the later, the larger j is.
     */
    private static void split(
            Sums sums, int[] groups, double[] best, double[] next, int[] from, int lo, int hi, int first, int last) {
        if (lo > hi) {
            return;
        }
        int j = (lo + hi) >>> 1;
        double least = Double.POSITIVE_INFINITY;
        int at = first;
        for (int i = first; i <= Math.min(last, j - 1); i++) {
            double error = best[i] + sums.error(groups[i], groups[j]);
            if (error < least) {
                least = error;
                at = i;
            }
        }
        next[j] = least;
        from[j] = at;
        split(sums, groups, best, next, from, lo, j - 1, first, at);
        split(sums, groups, best, next, from, j + 1, hi, at, last);
    }

    /**
     * The boundaries between the values nearest to each level, as indices; a level without values gets an empty
     * interval.
     */
    private static int[] nearest(double[] x, int from, int to, double[] levels) {
        int[] cuts = new int[levels.length + 1];
        for (int i = 1; i < levels.length; i++) {
            cuts[i] = Math.clamp(lowerBound(x, (levels[i - 1] + levels[i]) / 2) - from, cuts[i - 1], to - from);
        }
        cuts[levels.length] = to - from;
        return cuts;
    }

    /**
     * Running sums of distances from the mean: their differences lose fewer digits than those of sums of the values.
     */
    private static final class Sums {
        private final double centre;
        private final double[] n;
        private final double[] s1;
        private final double[] s2;

        Sums(double[] x, long[] counts, int from, int to) {
            double sum = 0;
            double count = 0;
            for (int i = from; i < to; i++) {
                sum += counts[i] * x[i];
                count += counts[i];
            }
            centre = sum / count;
            int m = to - from;
            n = new double[m + 1];
            s1 = new double[m + 1];
            s2 = new double[m + 1];
            for (int i = 0; i < m; i++) {
                double d = x[from + i] - centre;
                double c = counts[from + i];
                n[i + 1] = n[i] + c;
                s1[i + 1] = s1[i] + c * d;
                s2[i + 1] = s2[i] + c * d * d;
            }
        }

        /** Σ(x−mean)² of values {@code [from, to)}. */
        double error(int from, int to) {
            double sum = s1[to] - s1[from];
            return Math.max(0, s2[to] - s2[from] - sum * sum / (n[to] - n[from]));
        }

        /** The mean of each interval; an empty interval keeps its level from {@code before}. */
        double[] means(int[] cuts, double[] before) {
            double[] means = new double[cuts.length - 1];
            for (int i = 0; i < means.length; i++) {
                double count = n[cuts[i + 1]] - n[cuts[i]];
                means[i] = count > 0 ? centre + (s1[cuts[i + 1]] - s1[cuts[i]]) / count : before[i];
            }
            return means;
        }
    }
}
