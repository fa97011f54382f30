package org.quantscope.app.selected;

import org.quantscope.core.sketch.MomentSketch;

/**
 * The distribution that a histogram shows. It is read on the FX thread, so every method must return in well under a
 * millisecond.
 */
public interface HistogramData {
    /** The number of finite values. */
    long count();

    /** The smallest finite value. */
    double min();

    /** The largest finite value. */
    double max();

    /**
     * The number of values in each of {@code bins} equal intervals of {@code [lo, hi]}; values outside are not counted.
     */
    double[] histogram(double lo, double hi, int bins);

    /** The distribution in a sketch, which must hold at least one value. */
    static HistogramData of(MomentSketch sketch) {
        return new HistogramData() {
            @Override
            public long count() {
                return sketch.count();
            }

            @Override
            public double min() {
                return sketch.min();
            }

            @Override
            public double max() {
                return sketch.max();
            }

            @Override
            public double[] histogram(double lo, double hi, int bins) {
                return sketch.histogram(lo, hi, bins);
            }
        };
    }
}
