package org.quantscope.core.sketch;

import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.tensor.Tensor;

/**
 * Counts, Σw and Σw² of values in bins given by the leading bits of the float: from it the error of any grid follows in
 * microseconds, whatever the number of values, with a guaranteed bound. Mergeable by addition.
 *
 * <p>Filling ({@link #add}, {@link #merge}) is for one thread; afterwards it may be read from any.
 */
public final class MomentSketch {
    public MomentSketch() {}

    /** The sketch of a whole tensor. */
    public static MomentSketch of(Tensor tensor, CancelToken cancel) {
        throw new UnsupportedOperationException();
    }

    /** One sketch for each slice. */
    public static MomentSketch[] perSlice(Tensor tensor, Slicing slicing, CancelToken cancel) {
        throw new UnsupportedOperationException();
    }

    /** Adds values; NaN and infinities are counted and kept out of the bins. */
    public void add(float[] values, int from, int length) {
        throw new UnsupportedOperationException();
    }

    /** Adds everything that {@code other} has seen. */
    public void merge(MomentSketch other) {
        throw new UnsupportedOperationException();
    }

    /** Finite values seen. */
    public long count() {
        throw new UnsupportedOperationException();
    }

    public long nan() {
        throw new UnsupportedOperationException();
    }

    public long inf() {
        throw new UnsupportedOperationException();
    }

    /** Values equal to 0, of either sign. */
    public long zeros() {
        throw new UnsupportedOperationException();
    }

    /** The smallest finite value, exact; +∞ if there is none. */
    public float min() {
        throw new UnsupportedOperationException();
    }

    /** The largest finite value, exact; −∞ if there is none. */
    public float max() {
        throw new UnsupportedOperationException();
    }

    /** 0 if there is no value. */
    public double mean() {
        throw new UnsupportedOperationException();
    }

    /** Population standard deviation; 0 if there is no value. */
    public double std() {
        throw new UnsupportedOperationException();
    }

    /** Σw² of the finite values. */
    public double sumSquares() {
        throw new UnsupportedOperationException();
    }

    /** The error of {@code grid} on the values seen. */
    public ErrorEstimate estimate(Grid grid) {
        throw new UnsupportedOperationException();
    }

    /**
     * Estimated number of values in each of {@code bins} equal intervals of {@code [lo, hi]}; a sketch bin that straddles
     * an edge is shared out linearly. Values outside are left out.
     */
    public double[] histogram(double lo, double hi, int bins) {
        throw new UnsupportedOperationException();
    }

    /** Linear-interpolated quantile, {@code p} in [0, 1], within one sketch bin of the exact one. */
    public double quantile(double p) {
        throw new UnsupportedOperationException();
    }

    /** Quantile of |w|. */
    public double absQuantile(double p) {
        throw new UnsupportedOperationException();
    }
}
