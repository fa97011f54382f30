package org.quantscope.core.calib;

import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;

/** Makes a range from a centre and a reach, for rules that yield these. */
final class Ranges {
    private Ranges() {}

    /**
     * {@code [centre − reach, centre + reach]}, widened to hold 0 and limited to the extremes of the data; for
     * symmetric grids ±(|centre| + reach), at most max|x|.
     *
     * @param reach at least 0
     */
    static ClipRange about(SliceStatistics slice, QuantSpec spec, double centre, double reach) {
        if (slice.count() == 0) {
            return ClipRange.symmetric(0);
        }
        if (spec.symmetric()) {
            return ClipRange.symmetric((float) Math.min(slice.absMax(), Math.abs(centre) + reach));
        }
        double lo = Math.max(slice.min(), centre - reach);
        double hi = Math.min(slice.max(), centre + reach);
        return new ClipRange((float) Math.min(0, lo), (float) Math.max(0, hi));
    }

    /** True for values as they come from a ReLU, none negative, on a grid that need not reach below 0. */
    static boolean oneSided(SliceStatistics slice, QuantSpec spec) {
        return !spec.symmetric() && slice.min() >= 0;
    }
}
