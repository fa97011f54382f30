package org.quantscope.core.eval;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** AUC and equal error rate. It keeps two scores and a label of each sample, 9 bytes. */
final class RocPool implements Pool {
    /**
     * @param score finite; larger means more likely positive
     * @param positive the label
     */
    record Scored(float score, boolean positive) implements Part {}

    private final Task.Curve curve;
    private final float[] ofFloat;
    private final float[] quantized;
    private final boolean[] positive;
    private int n;

    /** @param total the most samples there will be */
    RocPool(Task.Curve curve, int total) {
        this.curve = curve;
        this.ofFloat = new float[total];
        this.quantized = new float[total];
        this.positive = new boolean[total];
    }

    @Override
    public void add(int sample, Part before, Part after) {
        ofFloat[n] = ((Scored) before).score;
        quantized[n] = ((Scored) after).score;
        positive[n] = ((Scored) after).positive;
        n++;
    }

    @Override
    public Pooled pooled() {
        int[] byFloat = falling(ofFloat, n);
        int[] byQuantized = falling(quantized, n);
        int[] once = new int[n];
        Arrays.fill(once, 1);
        double[][] replicates = new double[n == 0 ? 0 : REPLICATES][];
        for (int r = 0; r < replicates.length; r++) {
            int[] times = Pool.drawn(n, r);
            replicates[r] = new double[] {figure(ofFloat, byFloat, times), figure(quantized, byQuantized, times)};
        }
        return Pooled.of(
                figure(ofFloat, byFloat, once), figure(quantized, byQuantized, once), replicates, List.of(), n);
    }

    private static int[] falling(float[] scores, int n) {
        return IntStream.range(0, n)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -scores[i]))
                .mapToInt(Integer::intValue)
                .toArray();
    }

    private double figure(float[] scores, int[] order, int[] times) {
        return figure(curve, scores, positive, order, times);
    }

    /** The figure; NaN without a positive or without a negative sample. Equal scores are one step of the curve. */
    static double figure(Task.Curve curve, float[] scores, boolean[] positive, int[] order, int[] times) {
        long allPositive = 0;
        long allNegative = 0;
        for (int i : order) {
            allPositive += positive[i] ? times[i] : 0;
            allNegative += positive[i] ? 0 : times[i];
        }
        if (allPositive == 0 || allNegative == 0) {
            return Double.NaN;
        }
        double area = 0;
        double error = Double.NaN;
        double x = 0;
        double y = 0;
        long hits = 0;
        long alarms = 0;
        for (int i = 0; i < order.length; ) {
            float score = scores[order[i]];
            while (i < order.length && scores[order[i]] == score) {
                hits += positive[order[i]] ? times[order[i]] : 0;
                alarms += positive[order[i]] ? 0 : times[order[i]];
                i++;
            }
            double x1 = (double) alarms / allNegative;
            double y1 = (double) hits / allPositive;
            area += (x1 - x) * (y + y1) / 2;
            // The curve meets the line on which false alarms and misses are as frequent: x = 1 − y.
            if (Double.isNaN(error) && x1 + y1 >= 1) {
                double step = (1 - x - y) / (x1 + y1 - x - y);
                error = x + step * (x1 - x);
            }
            x = x1;
            y = y1;
        }
        return curve == Task.Curve.AUC ? area : error;
    }
}
