package org.quantscope.core.sketch;

import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Grid;

/**
 * The Kullback-Leibler divergence Σ P·ln(P/Q) between the histograms of the float values and of the quantized ones, in
 * nats: the information lost if the second stands for the first.
 *
 * <p>P is the histogram of the values inside a range; clipped values are counted in its outermost bins. Q spreads the
 * count of each grid level, without clipped values, evenly over those bins of the level that are not empty in P.
 * Because clipped values are missing from Q, Q does not quite add up to 1. A bin that is empty in Q but not in P counts
 * as if it had {@code 1e-4} values.
 */
public final class HistogramDivergence {
    private static final double MISSING = 1e-4;

    private final double lo;
    private final double hi;
    private final double belowWindow;
    private final double aboveWindow;
    private final double width;
    private final double[] counts;

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
    }

    /** The divergence for a grid with this clipping range; +∞ if the range is wider than the window. */
    public double of(ClipRange range, Grid grid) {
        if (range.lo() < lo || range.hi() > hi) {
            return Double.POSITIVE_INFINITY;
        }
        int first = Math.clamp((int) Math.floor((range.lo() - lo) / width), 0, counts.length - 1);
        int last = Math.clamp((int) Math.ceil((range.hi() - lo) / width) - 1, first, counts.length - 1);
        double below = belowWindow + sum(0, first);
        double above = aboveWindow + sum(last + 1, counts.length);
        double total = below + sum(first, last + 1) + above;
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
                double p = clipped(i, first, last, below, above);
                if (p > 0) {
                    divergence += p / total * Math.log(p / Math.max(q, MISSING));
                }
            }
            from = to;
        }
        return divergence;
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
