package org.quantscope.core.eval;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A figure of all samples together, of the float and of the quantized model. For one thread. Its intervals come from
 * {@value #REPLICATES} resamplings of the samples with a fixed seed, the same for both models (percentile bootstrap: B.
 * Efron, R. Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13).
 */
interface Pool {
    /** How often the samples are drawn again. */
    int REPLICATES = 200;

    long SEED = 20240117;

    /** What one sample gives to the figure under one model. */
    interface Part {}

    /** Takes up one sample. */
    void add(int sample, Part ofFloat, Part quantized);

    /** The figures so far. */
    Pooled pooled();

    /**
     * Both figures; NaN where there is none, such as without a positive sample.
     *
     * @param difference interval of quantized − float for samples such as these
     * @param classes figures of single classes, worst of the quantized model first; empty if there are none
     * @param scored what is counted: samples, positions or labelled boxes
     */
    record Pooled(
            double ofFloat,
            double quantized,
            FigureIntervals intervals,
            PairedInterval difference,
            List<ClassScore> classes,
            long scored) {
        /** @param replicates figures of resampled data: float and quantized, pair by pair */
        static Pooled of(
                double ofFloat, double quantized, double[][] replicates, List<ClassScore> classes, long scored) {
            double[] f = Arrays.stream(replicates).mapToDouble(r -> r[0]).toArray();
            double[] q = Arrays.stream(replicates).mapToDouble(r -> r[1]).toArray();
            double[] d = Arrays.stream(replicates).mapToDouble(r -> r[1] - r[0]).toArray();
            return new Pooled(
                    ofFloat,
                    quantized,
                    new FigureIntervals(FigureIntervals.Method.BOOTSTRAP, ends(f), ends(q)),
                    ends(d),
                    classes.stream().sorted(ClassScore.WORST_FIRST).toList(),
                    scored);
        }

        /** The interval of the difference over all samples, of which some are seen: as narrow as fits a sample without replacement. */
        PairedInterval difference(int seen, int total) {
            double d = quantized - ofFloat;
            if (seen >= total) {
                return new PairedInterval(d, d);
            }
            double narrower = Math.sqrt(1 - (double) seen / total);
            return new PairedInterval(
                    d + Math.min(0, difference.lo() - d) * narrower, d + Math.max(0, difference.hi() - d) * narrower);
        }

        /** The 2.5 % and 97.5 % quantiles of those that are figures, between neighbours on a line. */
        private static PairedInterval ends(double[] values) {
            double[] sorted =
                    Arrays.stream(values).filter(Double::isFinite).sorted().toArray();
            return sorted.length < 2
                    ? new PairedInterval(Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY)
                    : new PairedInterval(quantile(sorted, 0.025), quantile(sorted, 0.975));
        }

        private static double quantile(double[] sorted, double share) {
            double at = share * (sorted.length - 1);
            int i = (int) at;
            double next = sorted[Math.min(i + 1, sorted.length - 1)];
            return sorted[i] + (at - i) * (next - sorted[i]);
        }
    }

    /** How often each of n samples is drawn in one resampling; the counts add up to n. */
    static int[] drawn(int n, int replicate) {
        SplittableRandom random = new SplittableRandom(SEED + replicate);
        int[] times = new int[n];
        for (int i = 0; i < n; i++) {
            times[random.nextInt(n)]++;
        }
        return times;
    }
}
