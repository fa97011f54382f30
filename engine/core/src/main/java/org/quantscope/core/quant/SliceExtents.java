package org.quantscope.core.quant;

import org.quantscope.core.job.CancelToken;
import org.quantscope.core.tensor.Tensor;

/** The smallest and the largest finite value of each slice of a tensor; 0 and 0 for a slice without a finite value. */
public final class SliceExtents {
    private final Slicing slicing;
    private final float[] lo;
    private final float[] hi;

    private SliceExtents(Slicing slicing, float[] lo, float[] hi) {
        this.slicing = slicing;
        this.lo = lo;
        this.hi = hi;
    }

    /**
     * Reads every value once.
     *
     * @param slicing of this tensor
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static SliceExtents of(Tensor tensor, Slicing slicing, CancelToken cancel) {
        float[] lo = new float[slicing.slices()];
        float[] hi = new float[slicing.slices()];
        SliceReader.forEach(tensor.data(), slicing, cancel, (slice, values, from, length) -> {
            float least = Float.POSITIVE_INFINITY;
            float most = Float.NEGATIVE_INFINITY;
            for (int i = from; i < from + length; i++) {
                if (Float.isFinite(values[i])) {
                    least = Math.min(least, values[i]);
                    most = Math.max(most, values[i]);
                }
            }
            if (least <= most) {
                lo[slice] = least;
                hi[slice] = most;
            }
        });
        return new SliceExtents(slicing, lo, hi);
    }

    /** How the tensor is cut into slices. */
    public Slicing slicing() {
        return slicing;
    }

    /** The number of slices. */
    public int size() {
        return lo.length;
    }

    public float lo(int slice) {
        return lo[slice];
    }

    public float hi(int slice) {
        return hi[slice];
    }

    /** The larger magnitude of the two ends. */
    public float absMax(int slice) {
        return Math.max(Math.abs(lo[slice]), Math.abs(hi[slice]));
    }
}
