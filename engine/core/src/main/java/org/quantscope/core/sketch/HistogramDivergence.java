package org.quantscope.core.sketch;

import java.util.Arrays;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.WeightedPoints;

/**
 * The Kullback-Leibler divergence Σ P·ln(P/Q) between the histograms of the float values and of the quantized ones, in
 * nats: the information lost if the second stands for the first.
 *
 * <p>P is the histogram of the values inside a range; clipped values are counted in its outermost bins. Q spreads the
 * count of each grid level, without clipped values, evenly over those bins of the level that are not empty in P.
 * Because clipped values are missing from Q, Q does not quite add up to 1. A bin that is empty in Q but not in P counts
 * as if it had {@code 1e-4} values.
 *
 * <p>A value that occurs again and again, at least 1 % of all, is no density to be spread over a level: it is a spike
 * with a bin of its own, and the spikes of a level are spread only among each other. A spike at exactly 0, as behind a
 * ReLU, costs nothing while 0 is inside the range, because every grid holds it: it is the zero level's own mass.
 */
public final class HistogramDivergence {
    private static final double MISSING = 1e-4;
    private static final double SPIKE = 0.01;

    private final double lo;
    private final double hi;
    private final double belowWindow;
    private final double aboveWindow;
    private final double width;
    /** Of the values that are in no spike. */
    private final double[] counts;

    private final double total;
    private final double zeros;
    /** The spikes inside the window but the one at 0, ascending. */
    private final float[] spikes;

    private final double[] spikeCounts;

    /**
     * Prepares histograms of a window of the values.
     *
     * @param window the widest range that will be asked for; not of width 0
     */
    public HistogramDivergence(MomentSketch sketch, ClipRange window, int bins) {
        // Slightly wider, so that a value at an end lies inside.
        double margin = 1e-6 * ((double) window.hi() - window.lo());
        lo = window.lo() - margin;
        hi = window.hi() + margin;
        width = (hi - lo) / bins;
        counts = sketch.histogram(lo, hi, bins);
        belowWindow = sketch.min() < lo ? sketch.histogram(sketch.min(), lo, 1)[0] : 0;
        aboveWindow = sketch.max() > hi ? sketch.histogram(hi, sketch.max(), 1)[0] : 0;
        total = belowWindow + sum(0, bins) + aboveWindow;
        zeros = lo <= 0 && hi >= 0 ? sketch.zeros() : 0;
        if (zeros > 0) {
            takeOut(0, zeros);
        }
        WeightedPoints points = sketch.points();
        double[] at = points.values();
        long[] often = points.counts();
        float[] values = new float[(int) (1 / SPIKE)];
        double[] masses = new double[values.length];
        int found = 0;
        for (int i = 0; i < at.length; i++) {
            if (often[i] >= SPIKE * (double) sketch.count() && at[i] != 0 && at[i] >= lo && at[i] <= hi) {
                values[found] = (float) at[i];
                masses[found++] = takeOut(at[i], (double) often[i]);
            }
        }
        spikes = Arrays.copyOf(values, found);
        spikeCounts = Arrays.copyOf(masses, found);
    }

    private double takeOut(double value, double count) {
        int bin = Math.clamp((int) Math.floor((value - lo) / width), 0, counts.length - 1);
        double taken = Math.min(count, counts[bin]);
        counts[bin] -= taken;
        return taken;
    }

    /** The divergence for a grid with this clipping range; +∞ if the range is wider than the window. */
    public double of(ClipRange range, Grid grid) {
        if (range.lo() < lo || range.hi() > hi) {
            return Double.POSITIVE_INFINITY;
        }
        int first = Math.clamp((int) Math.floor((range.lo() - lo) / width), 0, counts.length - 1);
        int last = Math.clamp((int) Math.ceil((range.hi() - lo) / width) - 1, first, counts.length - 1);
        double below = belowWindow + sum(0, first) + (range.lo() > 0 ? zeros : 0);
        double above = aboveWindow + sum(last + 1, counts.length) + (range.hi() < 0 ? zeros : 0);
        int from = 0;
        while (from < spikes.length && spikes[from] < range.lo()) {
            below += spikeCounts[from++];
        }
        int to = spikes.length;
        while (to > from && spikes[to - 1] > range.hi()) {
            above += spikeCounts[--to];
        }
        return (ofBins(first, last, below, above, grid) + ofSpikes(from, to, grid)) / total;
    }

    /** Σ p·ln(p/q) over the bins, with p and q as counts. */
    private double ofBins(int first, int last, double below, double above, Grid grid) {
        double divergence = 0;
        for (int from = first; from <= last; ) {
            int level = level(grid, from);
            int to = from + 1;
            while (to <= last && level(grid, to) == level) {
                to++;
            }
            double mass = 0;
            int filled = 0;
            for (int i = from; i < to; i++) {
                mass += counts[i];
                filled += clipped(i, first, last, below, above) > 0 ? 1 : 0;
            }
            double q = filled == 0 ? 0 : mass / filled;
            for (int i = from; i < to; i++) {
                divergence += term(clipped(i, first, last, below, above), q);
            }
            from = to;
        }
        return divergence;
    }

    /** The same over the spikes {@code first} to {@code end}, exclusive, which are all inside the range. */
    private double ofSpikes(int first, int end, Grid grid) {
        double divergence = 0;
        for (int from = first; from < end; ) {
            int level = grid.index(spikes[from]);
            int to = from;
            double mass = 0;
            while (to < end && grid.index(spikes[to]) == level) {
                mass += spikeCounts[to++];
            }
            for (int i = from; i < to; i++) {
                divergence += term(spikeCounts[i], mass / (to - from));
            }
            from = to;
        }
        return divergence;
    }

    private static double term(double p, double q) {
        return p > 0 ? p * Math.log(p / Math.max(q, MISSING)) : 0;
    }

    private double clipped(int bin, int first, int last, double below, double above) {
        return counts[bin] + (bin == first ? below : 0) + (bin == last ? above : 0);
    }

    private int level(Grid grid, int bin) {
        return grid.index((float) (lo + (bin + 0.5) * width));
    }

    private double sum(int from, int to) {
        double sum = 0;
        for (int i = from; i < to; i++) {
            sum += counts[i];
        }
        return sum;
    }
}
