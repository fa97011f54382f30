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

    /** A range may cut off this share of the values without a reason. */
    private static final double FREE = 1e-3;

    private static final int HALVINGS = 30;

    /**
     * The range that a rule about distributions found for an activation, widened where the values are not as the rule
     * assumes. A range that cuts off more than 0.1 % of the values has to be worth it: its squared error must be no
     * larger than that of all the data's range. Otherwise both ends move outward, by the same share of their distance
     * from the data's ends, until 0.1 % is cut off. Such values are no outliers but a tail, as the large probabilities
     * behind a Softmax are, and a network needs them. Ranges of stored tensors stay as they are.
     */
    static ClipRange earned(SliceStatistics slice, QuantSpec spec, ClipRange found) {
        if (slice.isExact() || slice.absMax() == 0 || cutOff(slice, found) <= FREE) {
            return found;
        }
        ClipRange all = spec.symmetric()
                ? ClipRange.symmetric(slice.absMax())
                : new ClipRange(Math.min(0, slice.min()), Math.max(0, slice.max()));
        if (error(slice, spec, found) <= error(slice, spec, all)) {
            return found;
        }
        double least = 0;
        double most = 1;
        for (int i = 0; i < HALVINGS; i++) {
            double middle = (least + most) / 2;
            if (cutOff(slice, between(found, all, middle)) <= FREE) {
                most = middle;
            } else {
                least = middle;
            }
        }
        return between(found, all, most);
    }

    private static ClipRange between(ClipRange from, ClipRange to, double share) {
        return new ClipRange((float) (from.lo() + share * ((double) to.lo() - from.lo())), (float)
                (from.hi() + share * ((double) to.hi() - from.hi())));
    }

    private static double cutOff(SliceStatistics slice, ClipRange range) {
        return 1 - slice.sketch().countWithin(range.lo(), range.hi()) / slice.count();
    }

    private static double error(SliceStatistics slice, QuantSpec spec, ClipRange range) {
        return slice.exactMse(RangeResolver.resolve(slice.sketch(), spec, range).grid(0));
    }

    /** True for values as they come from a ReLU, none negative, on a grid that need not reach below 0. */
    static boolean oneSided(SliceStatistics slice, QuantSpec spec) {
        return !spec.symmetric() && slice.min() >= 0;
    }
}
