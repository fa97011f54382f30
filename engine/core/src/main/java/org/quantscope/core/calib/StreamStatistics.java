package org.quantscope.core.calib;

import org.quantscope.core.quant.Grid;
import org.quantscope.core.sketch.MomentSketch;

/** Statistics of values that are gone: everything comes from their sketch. */
record StreamStatistics(MomentSketch sketch) implements SliceStatistics {
    @Override
    public boolean isExact() {
        return false;
    }

    @Override
    public double exactMse(Grid grid) {
        return sketch.estimate(grid).mse();
    }

    @Override
    public double quantile(double p) {
        return sketch.quantile(p);
    }

    @Override
    public double absQuantile(double p) {
        return sketch.absQuantile(p);
    }
}
