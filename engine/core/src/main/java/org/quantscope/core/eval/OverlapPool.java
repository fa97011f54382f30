package org.quantscope.core.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.quantscope.core.dataset.Dataset;

/**
 * Mean IoU. Memory depends on the number of classes only: the resamplings run along, each counts a sample as often as a
 * Poisson variable of mean 1 says (N. Chamandy and others, Estimating Uncertainty for Massive Data Streams, Google,
 * 2012).
 */
final class OverlapPool implements Pool {
    /** With more classes the counts of the resamplings would need too much memory. */
    static final int MOST_CLASSES = 4096;

    /** Kinds of counts of a class. */
    private static final int LABELLED = 0;

    private static final int GIVEN = 1;
    private static final int BOTH = 2;

    /**
     * Counts of one sample, for the classes that occur in it.
     *
     * @param counts labelled, given and both, class by class
     */
    @SuppressWarnings("ArrayRecordComponent") // made once, read in this package, never compared
    record Overlap(int[] classes, int[] counts) implements Part {
        /** Positions whose label is {@link Dataset#UNSCORED} count neither as labelled nor as given. */
        static Overlap of(int[] labels, int[] given) {
            TreeMap<Integer, int[]> by = new TreeMap<>();
            for (int p = 0; p < labels.length; p++) {
                if (labels[p] == Dataset.UNSCORED) {
                    continue;
                }
                by.computeIfAbsent(labels[p], k -> new int[3])[LABELLED]++;
                by.computeIfAbsent(given[p], k -> new int[3])[GIVEN]++;
                by.get(labels[p])[BOTH] += labels[p] == given[p] ? 1 : 0;
            }
            int[] classes = by.keySet().stream().mapToInt(Integer::intValue).toArray();
            int[] counts =
                    by.values().stream().flatMapToInt(java.util.Arrays::stream).toArray();
            return new Overlap(classes, counts);
        }
    }

    private final int classes;
    /** By resampling, the last without one; by model and class: the three counts. */
    private final long[][] counts;

    OverlapPool(int classes) {
        this.classes = classes;
        this.counts = new long[REPLICATES + 1][2 * 3 * classes];
    }

    @Override
    public void add(int sample, Part ofFloat, Part quantized) {
        SplittableRandom random = new SplittableRandom(SEED + sample * 0x9E3779B97F4A7C15L);
        for (int r = 0; r <= REPLICATES; r++) {
            int times = r == REPLICATES ? 1 : poisson(random.nextDouble());
            if (times > 0) {
                add(counts[r], 0, (Overlap) ofFloat, times);
                add(counts[r], 3 * classes, (Overlap) quantized, times);
            }
        }
    }

    private static void add(long[] to, int from, Overlap part, int times) {
        for (int i = 0; i < part.classes.length; i++) {
            for (int k = 0; k < 3; k++) {
                to[from + 3 * part.classes[i] + k] += (long) times * part.counts[3 * i + k];
            }
        }
    }

    /** The Poisson variable of mean 1 at this quantile. */
    static int poisson(double u) {
        double term = Math.exp(-1);
        double sum = term;
        int k = 0;
        while (u >= sum && k < 20) {
            k++;
            term /= k;
            sum += term;
        }
        return k;
    }

    @Override
    public Pooled pooled() {
        double[][] replicates = new double[REPLICATES][];
        for (int r = 0; r < REPLICATES; r++) {
            replicates[r] = new double[] {mean(counts[r], 0), mean(counts[r], 3 * classes)};
        }
        long[] all = counts[REPLICATES];
        List<ClassScore> each = new ArrayList<>();
        long scored = 0;
        for (int c = 0; c < classes; c++) {
            scored += all[3 * c + LABELLED];
            // A class with no label and nothing given by the quantized model has no figure.
            if (!Double.isNaN(iou(all, 3 * classes + 3 * c)) || !Double.isNaN(iou(all, 3 * c))) {
                each.add(new ClassScore(
                        c, all[3 * c + LABELLED], orZero(iou(all, 3 * c)), orZero(iou(all, 3 * classes + 3 * c))));
            }
        }
        return Pooled.of(mean(all, 0), mean(all, 3 * classes), replicates, each, scored);
    }

    private static double orZero(double iou) {
        return Double.isNaN(iou) ? 0 : iou;
    }

    private double mean(long[] of, int from) {
        double sum = 0;
        int n = 0;
        for (int c = 0; c < classes; c++) {
            double iou = iou(of, from + 3 * c);
            sum += Double.isNaN(iou) ? 0 : iou;
            n += Double.isNaN(iou) ? 0 : 1;
        }
        return n == 0 ? Double.NaN : sum / n;
    }

    /** NaN if the class is neither labelled nor given. */
    private static double iou(long[] of, int at) {
        long union = of[at + LABELLED] + of[at + GIVEN] - of[at + BOTH];
        return union == 0 ? Double.NaN : (double) of[at + BOTH] / union;
    }
}
