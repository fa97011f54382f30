package org.quantscope.core.calib;

import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.sketch.MomentSketch;

/** The Kullback-Leibler divergence of a clipped and quantized histogram from the clipped one; {@link EntropyCalibrator} says how. */
final class Divergence implements ClipSearch.Cost {
    private static final double MISSING = 1e-4;

    private final double lo;
    private final double hi;
    private final double belowWindow;
    private final double aboveWindow;
    private final double width;
    private final double[] counts;

    /**
     * Over a window of the data.
     *
     * @param window the widest range that is asked for; not of width 0
     */
    Divergence(MomentSketch sketch, ClipRange window, int bins) {
        // A little wider, so that a value at an end lies inside.
        double margin = 1e-6 * ((double) window.hi() - window.lo());
        lo = window.lo() - margin;
        hi = window.hi() + margin;
        width = (hi - lo) / bins;
        counts = sketch.histogram(lo, hi, bins);
        belowWindow = sketch.min() < lo ? sketch.histogram(sketch.min(), lo, 1)[0] : 0;
        aboveWindow = sketch.max() > hi ? sketch.histogram(hi, sketch.max(), 1)[0] : 0;
    }

    @Override
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
