package org.quantscope.core.quant;

import java.util.AbstractList;
import java.util.Arrays;
import java.util.RandomAccess;

/**
 * The ranges of many slices in arrays: 4 bytes for each if all are symmetric, else 8, where a list of {@link ClipRange}
 * objects takes 28. Immutable.
 */
public final class ClipRanges extends AbstractList<ClipRange> implements RandomAccess {
    private final float[] lo;
    private final float[] hi;

    /** @param lo empty if each is −hi */
    private ClipRanges(float[] lo, float[] hi) {
        this.lo = lo;
        this.hi = hi;
    }

    @Override
    public ClipRange get(int slice) {
        return lo.length == 0 ? ClipRange.symmetric(hi[slice]) : new ClipRange(lo[slice], hi[slice]);
    }

    @Override
    public int size() {
        return hi.length;
    }

    /** Collects the range of each slice, in any order and from several threads, each slice once. */
    public static final class Collector {
        private final float[] lo;
        private final float[] hi;

        public Collector(int slices) {
            lo = new float[slices];
            hi = new float[slices];
            // What is never set is no range.
            Arrays.fill(lo, Float.NaN);
        }

        public void set(int slice, ClipRange range) {
            lo[slice] = range.lo();
            hi[slice] = range.hi();
        }

        /** The ranges; {@code set} is not to be called any more. */
        public ClipRanges ranges() {
            boolean symmetric = true;
            for (int i = 0; i < lo.length; i++) {
                if (Float.isNaN(lo[i])) {
                    throw new IllegalStateException("clip: slice " + i + " has no range");
                }
                // By bits, as 0 and −0 are different ends.
                symmetric &= Float.floatToRawIntBits(lo[i]) == Float.floatToRawIntBits(-hi[i]);
            }
            return new ClipRanges(symmetric ? new float[0] : lo, hi);
        }
    }
}
