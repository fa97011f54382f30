package org.quantscope.core.calib;

import java.util.List;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.sketch.MomentSketch;

/** What a calibrator can ask about the values of one slice. */
public interface SliceStatistics {
    MomentSketch sketch();

    /**
     * True if {@link #exactMse} and {@link #quantile} are computed from the values themselves (weights), false if they
     * come from the sketch (activations).
     */
    boolean isExact();

    /** The number of finite values. */
    default long count() {
        return sketch().count();
    }

    /** The smallest finite value; +∞ if there is none. */
    default float min() {
        return sketch().min();
    }

    /** The largest finite value; −∞ if there is none. */
    default float max() {
        return sketch().max();
    }

    /** The largest finite magnitude; 0 if there is no value. */
    default float absMax() {
        return count() == 0 ? 0 : Math.max(Math.abs(min()), Math.abs(max()));
    }

    /**
     * The range of each of {@code chunks} contiguous parts of equal length, in the order of the values; parts without a
     * finite value are left out. The parts of an activation are the batches of the calibration run, and {@code chunks}
     * is ignored.
     */
    default List<ClipRange> chunkRanges(int chunks) {
        return sketch().partRanges();
    }

    /** Mean squared error of {@code grid}: exact for weights, else the sketch's estimate. */
    double exactMse(Grid grid);

    /** True if the importance of each value is known. */
    default boolean isWeighted() {
        return false;
    }

    /**
     * Σh·(x−Q(x))²/Σh over the finite values, with their importances h. If these are unknown or all 0, every value
     * counts the same..
     */
    default double weightedMse(Grid grid) {
        return exactMse(grid);
    }

    /** The same, estimated from bins that are at most 1/1024 of their values wide; fast. */
    default double weightedEstimate(Grid grid) {
        return weightedMse(grid);
    }

    /** True if it is known what a grid does to the output of the layer that multiplies its inputs by the values. */
    default boolean hasOutput() {
        return false;
    }

    /**
     * The squared error at the layer's outputs, with this slice on each of some grids and all others as they are, up to
     * a summand and a factor above 0 that are the same for all grids.
     *
     * @throws UnsupportedOperationException if it is not known
     */
    default double[] outputErrors(List<Grid> grids) {
        throw new UnsupportedOperationException("the inputs of the layer are not known");
    }

    /** Linear-interpolated quantile of {@code x} (numpy's default), {@code p} in [0, 1]; 0 if there is no value. */
    double quantile(double p);

    /** Linear-interpolated quantile of {@code |x|}. */
    double absQuantile(double p);
}
