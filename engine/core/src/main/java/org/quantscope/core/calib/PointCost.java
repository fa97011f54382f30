package org.quantscope.core.calib;

import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.WeightedPoints;

/** Σ|x−Q(x)|^p/n over the points of a distribution. */
record PointCost(WeightedPoints points, double p) implements ClipSearch.Cost {
    @Override
    public double of(ClipRange range, Grid grid) {
        double[] x = points.values();
        long[] n = points.counts();
        double sum = 0;
        long count = 0;
        for (int i = 0; i < x.length; i++) {
            double error = Math.abs(x[i] - grid.quantize((float) x[i]));
            sum += n[i] * (p == 1 ? error : Math.pow(error, p));
            count += n[i];
        }
        return count == 0 ? 0 : sum / count;
    }
}
