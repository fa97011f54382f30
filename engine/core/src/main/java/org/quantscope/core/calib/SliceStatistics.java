package org.quantscope.core.calib;

import org.quantscope.core.quant.Grid;
import org.quantscope.core.sketch.MomentSketch;

/** What a calibrator may ask of the values of one slice. */
public interface SliceStatistics {
    MomentSketch sketch();

    /** True if {@link #exactMse} and {@link #quantile} come from the values themselves (weights), false if from the sketch (streams). */
    boolean isExact();

    /** Mean squared error of {@code grid}: exact for weights, else the sketch's estimate. */
    double exactMse(Grid grid);

    /** Linear-interpolated quantile of {@code x} (numpy's default), {@code p} in [0, 1]. */
    double quantile(double p);

    /** Linear-interpolated quantile of {@code |x|}. */
    double absQuantile(double p);
}
