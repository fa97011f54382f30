package org.quantscope.core.quant;

import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;
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

    /** A list that does not change: the ranges themselves if they rest on arrays already, else a copy. */
    public static List<ClipRange> copyOf(List<ClipRange> ranges) {
        return ranges instanceof ClipRanges || ranges instanceof Scaled ? ranges : List.copyOf(ranges);
    }

    /** Each range multiplied with {@code factor}, computed when it is asked for; an end on the other side of 0 is 0. */
    public static List<ClipRange> scaled(List<ClipRange> ranges, double factor) {
        return new Scaled(copyOf(ranges), factor);
    }

    private static final class Scaled extends AbstractList<ClipRange> implements RandomAccess {
        private final List<ClipRange> ranges;
        private final double factor;

        Scaled(List<ClipRange> ranges, double factor) {
            this.ranges = ranges;
            this.factor = factor;
        }

        @Override
        public ClipRange get(int slice) {
            ClipRange range = ranges.get(slice);
            return new ClipRange(
                    (float) (factor * Math.min(0, range.lo())), (float) (factor * Math.max(0, range.hi())));
        }

        @Override
        public int size() {
            return ranges.size();
        }
    }

    /** Collects the range of each slice, in any order and from several threads, each slice once. */
    public static final class Collector {
        private final float[] lo;
        private final float[] hi;

        /** @param symmetric only symmetric ranges will be set, which take half of the memory */
        public Collector(int slices, boolean symmetric) {
            lo = new float[symmetric ? 0 : slices];
            hi = new float[slices];
            // What is never set is no range.
            Arrays.fill(hi, Float.NaN);
        }

        /** @throws IllegalArgumentException if it is not symmetric, and was to be */
        public void set(int slice, ClipRange range) {
            if (lo.length > 0) {
                lo[slice] = range.lo();
            } else if (range.lo() != -range.hi()) {
                throw new IllegalArgumentException(
                        "clip: a symmetric range is needed, got lo " + range.lo() + " and hi " + range.hi());
            }
            hi[slice] = range.hi();
        }

        /** The ranges; {@code set} is not to be called any more. */
        public ClipRanges ranges() {
            for (int i = 0; i < hi.length; i++) {
                if (Float.isNaN(hi[i])) {
                    throw new IllegalStateException("clip: slice " + i + " has no range");
                }
            }
            return new ClipRanges(lo, hi);
        }
    }
}
