package org.quantscope.core.calib;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import org.quantscope.core.quant.ClipRange;

/**
 * A percentile over a window of samples. The last samples leave two numbers each, their smallest and their largest
 * value; the range goes from the (100 − p)-th percentile of the former to the p-th percentile of the latter, by linear
 * interpolation (Hyndman &amp; Fan 1996, type 7, numpy's default). So a single odd sample moves the range little, and a
 * device needs to keep two numbers for each sample of the window.
 *
 * <p>The range of a sample comes from those before it. Not thread safe.
 */
public final class RangeWindow {
    private final int samples;
    private final double percentile;
    private final ArrayDeque<ClipRange> seen = new ArrayDeque<>();

    /**
     * @param samples how many samples the window holds, at least 1
     * @param percentile 50 to 100
     * @param before what was seen before, oldest first; the last {@code samples} of it count
     */
    public RangeWindow(int samples, double percentile, List<ClipRange> before) {
        if (samples < 1 || !(percentile >= 50 && percentile <= 100)) {
            throw new IllegalArgumentException(
                    "window: at least 1 sample and a percentile from 50 to 100, got " + samples + " and " + percentile);
        }
        this.samples = samples;
        this.percentile = percentile;
        before.forEach(this::add);
    }

    /** Moves the window on by one sample. */
    public void add(ClipRange extremes) {
        if (seen.size() == samples) {
            seen.removeFirst();
        }
        seen.addLast(extremes);
    }

    /** True before the first sample, when there is no range. */
    public boolean isEmpty() {
        return seen.isEmpty();
    }

    /**
     * The range for the next sample.
     *
     * @param symmetric ± the p-th percentile of the larger magnitude of each sample
     * @throws IllegalStateException if nothing has been seen
     */
    public ClipRange range(boolean symmetric) {
        if (seen.isEmpty()) {
            throw new IllegalStateException("window: no sample has been seen");
        }
        double p = percentile / 100;
        if (symmetric) {
            return ClipRange.symmetric((float) quantile(
                    seen.stream()
                            .mapToDouble(r -> Math.max(Math.abs(r.lo()), Math.abs(r.hi())))
                            .toArray(),
                    p));
        }
        float lo = (float) quantile(seen.stream().mapToDouble(ClipRange::lo).toArray(), 1 - p);
        float hi = (float) quantile(seen.stream().mapToDouble(ClipRange::hi).toArray(), p);
        return new ClipRange(lo, hi);
    }

    /** The smallest and the largest finite value of a sample; 0 to 0 if there is none. */
    public static ClipRange extremes(float[] values) {
        float lo = Float.POSITIVE_INFINITY;
        float hi = Float.NEGATIVE_INFINITY;
        for (float v : values) {
            if (Float.isFinite(v)) {
                lo = Math.min(lo, v);
                hi = Math.max(hi, v);
            }
        }
        return lo > hi ? new ClipRange(0, 0) : new ClipRange(lo, hi);
    }

    private static double quantile(double[] values, double p) {
        Arrays.sort(values);
        double at = p * (values.length - 1);
        int below = (int) Math.floor(at);
        int above = Math.min(below + 1, values.length - 1);
        return values[below] + (at - below) * (values[above] - values[below]);
    }
}
