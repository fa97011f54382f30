package org.quantscope.core.adaptive;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.quantscope.core.quant.ClipRange;

/**
 * Samples grouped by their ranges: k-means in the plane of smallest and largest value (Lloyd's iteration, S. P. Lloyd,
 * Least squares quantization in PCM, IEEE Trans. Inf. Theory 28 (1982) 129–137). It begins at equally spaced quantiles of
 * the widths, so that the same samples always give the same clusters, and it ends where no sample changes its cluster, at
 * the latest after {@value #MOST} rounds. The range of a cluster holds every sample of it.
 *
 * @param centres [clusters], the mean of the samples' ranges
 * @param ranges [clusters], from the least smallest to the greatest largest value
 * @param sizes [clusters], the number of samples
 */
public record RangeClusters(List<ClipRange> centres, List<ClipRange> ranges, List<Integer> sizes) {
    private static final int MOST = 100;

    public RangeClusters {
        centres = List.copyOf(centres);
        ranges = List.copyOf(ranges);
        sizes = List.copyOf(sizes);
    }

    /**
     * Groups samples.
     *
     * @param samples at least one
     * @param wanted the number of clusters, at least 1; where samples have fewer different ranges there are fewer
     */
    public static RangeClusters of(List<ClipRange> samples, int wanted) {
        if (samples.isEmpty() || wanted < 1) {
            throw new IllegalArgumentException(
                    "clusters: at least one sample and one cluster, got " + samples.size() + " and " + wanted);
        }
        int n = samples.size();
        double[] lo = samples.stream().mapToDouble(ClipRange::lo).toArray();
        double[] hi = samples.stream().mapToDouble(ClipRange::hi).toArray();
        double[][] centres = first(samples, wanted);
        int[] of = new int[n];
        Arrays.fill(of, -1);
        boolean changed = true;
        for (int round = 0; changed && round < MOST; round++) {
            changed = false;
            for (int i = 0; i < n; i++) {
                int nearest = nearest(lo[i], hi[i], centres);
                changed |= nearest != of[i];
                of[i] = nearest;
            }
            centres = means(lo, hi, of, centres);
        }
        return summary(samples, of, centres);
    }

    private static double[][] first(List<ClipRange> samples, int wanted) {
        List<ClipRange> byWidth = samples.stream()
                .distinct()
                .sorted(Comparator.comparingDouble((ClipRange r) -> (double) r.hi() - r.lo())
                        .thenComparingDouble(ClipRange::lo))
                .toList();
        int k = Math.min(wanted, byWidth.size());
        double[][] centres = new double[k][];
        for (int c = 0; c < k; c++) {
            ClipRange at = byWidth.get((int) ((2L * c + 1) * byWidth.size() / (2L * k)));
            centres[c] = new double[] {at.lo(), at.hi()};
        }
        return centres;
    }

    private static int nearest(double lo, double hi, double[][] centres) {
        int best = 0;
        double least = Double.POSITIVE_INFINITY;
        for (int c = 0; c < centres.length; c++) {
            double a = lo - centres[c][0];
            double b = hi - centres[c][1];
            double distance = a * a + b * b;
            if (distance < least) {
                least = distance;
                best = c;
            }
        }
        return best;
    }

    /** The means of the clusters; one that lost its samples stays where it was. */
    private static double[][] means(double[] lo, double[] hi, int[] of, double[][] before) {
        double[][] sums = new double[before.length][3];
        for (int i = 0; i < of.length; i++) {
            sums[of[i]][0] += lo[i];
            sums[of[i]][1] += hi[i];
            sums[of[i]][2]++;
        }
        double[][] means = new double[before.length][];
        for (int c = 0; c < means.length; c++) {
            means[c] = sums[c][2] == 0 ? before[c] : new double[] {sums[c][0] / sums[c][2], sums[c][1] / sums[c][2]};
        }
        return means;
    }

    private static RangeClusters summary(List<ClipRange> samples, int[] of, double[][] centres) {
        List<ClipRange> kept = new ArrayList<>();
        List<ClipRange> ranges = new ArrayList<>();
        List<Integer> sizes = new ArrayList<>();
        for (int c = 0; c < centres.length; c++) {
            float least = Float.POSITIVE_INFINITY;
            float most = Float.NEGATIVE_INFINITY;
            int size = 0;
            for (int i = 0; i < of.length; i++) {
                if (of[i] == c) {
                    least = Math.min(least, samples.get(i).lo());
                    most = Math.max(most, samples.get(i).hi());
                    size++;
                }
            }
            if (size > 0) {
                kept.add(new ClipRange((float) centres[c][0], (float) centres[c][1]));
                ranges.add(new ClipRange(least, most));
                sizes.add(size);
            }
        }
        return new RangeClusters(kept, ranges, sizes);
    }
}
