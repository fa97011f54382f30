package org.quantscope.core.calib;

import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;

/** Ranges that a rule gives by a centre and a reach. */
final class Ranges {
    private Ranges() {}

    /**
     * {@code [centre − reach, centre + reach]}, with 0, within the data; for symmetric grids ±(|centre| + reach), at most max|x|.
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

    /** True for values that came through a ReLU: none is negative, and the grid need not cover what is below 0. */
    static boolean oneSided(SliceStatistics slice, QuantSpec spec) {
        return !spec.symmetric() && slice.min() >= 0;
    }
}
