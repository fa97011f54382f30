package org.quantscope.core.datacheck;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.quantscope.core.quant.ClipRange;

/**
 * The smallest and the largest value of one tensor, sample by sample: who set them, what they would be without one sample,
 * and what they would have been with fewer samples. Takes the same memory for any number of samples.
 */
final class RangeTracker {
    private final SampleOrders orders;
    private final float[][] low;
    private final float[][] high;
    private float least = Float.POSITIVE_INFINITY;
    private float secondLeast = Float.POSITIVE_INFINITY;
    private float most = Float.NEGATIVE_INFINITY;
    private float secondMost = Float.NEGATIVE_INFINITY;
    private int leastBy = -1;
    private int mostBy = -1;

    RangeTracker(SampleOrders orders) {
        this.orders = orders;
        low = new float[orders.count()][orders.sizes().size()];
        high = new float[orders.count()][orders.sizes().size()];
        for (int o = 0; o < orders.count(); o++) {
            Arrays.fill(low[o], Float.POSITIVE_INFINITY);
            Arrays.fill(high[o], Float.NEGATIVE_INFINITY);
        }
    }

    /** Adds a sample, each once; one without finite values changes nothing. */
    void add(int sample, float lo, float hi) {
        if (lo > hi) {
            return;
        }
        if (lo < least) {
            secondLeast = least;
            least = lo;
            leastBy = sample;
        } else {
            secondLeast = Math.min(secondLeast, lo);
        }
        if (hi > most) {
            secondMost = most;
            most = hi;
            mostBy = sample;
        } else {
            secondMost = Math.max(secondMost, hi);
        }
        for (int o = 0; o < orders.count(); o++) {
            int bucket = orders.bucket(o, sample);
            low[o][bucket] = Math.min(low[o][bucket], lo);
            high[o][bucket] = Math.max(high[o][bucket], hi);
        }
    }

    boolean isEmpty() {
        return leastBy < 0;
    }

    /** The range of all samples, with zero in it as every grid has. */
    ClipRange range() {
        return withZero(least, most);
    }

    /** The range without one sample. */
    ClipRange without(int sample) {
        float lo = sample == leastBy ? secondLeast : least;
        float hi = sample == mostBy ? secondMost : most;
        return lo > hi ? new ClipRange(0, 0) : withZero(lo, hi);
    }

    /** The sample whose absence narrows the range most; −1 if none has been seen. */
    int setBy() {
        return leastBy >= 0 && narrowed(leastBy) > narrowed(mostBy) ? leastBy : mostBy;
    }

    /** The samples at the two ends. */
    List<Integer> ends() {
        return isEmpty() ? List.of() : leastBy == mostBy ? List.of(leastBy) : List.of(leastBy, mostBy);
    }

    /** By what share of its width the range shrinks without a sample, 0 to 1. */
    double narrowed(int sample) {
        double width = width(range());
        return width == 0 ? 0 : 1 - width(without(sample)) / width;
    }

    /**
     * The ranges that the first samples would have given, one for each order.
     *
     * @param size index of {@link SampleOrders#sizes()}
     */
    List<ClipRange> at(int size) {
        List<ClipRange> ranges = new ArrayList<>();
        for (int o = 0; o < orders.count(); o++) {
            float lo = 0;
            float hi = 0;
            for (int s = 0; s <= size; s++) {
                lo = Math.min(lo, low[o][s]);
                hi = Math.max(hi, high[o][s]);
            }
            ranges.add(new ClipRange(lo, hi));
        }
        return ranges;
    }

    private static ClipRange withZero(float lo, float hi) {
        return new ClipRange(Math.min(lo, 0), Math.max(hi, 0));
    }

    static double width(ClipRange range) {
        return (double) range.hi() - range.lo();
    }
}
