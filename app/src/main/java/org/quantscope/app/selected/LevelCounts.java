package org.quantscope.app.selected;

import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.UniformGrid;

/** How many values of a tensor each level of a grid gets; clipped values count for the two end levels. */
final class LevelCounts {
    private LevelCounts() {}

    /** The counts in the order of the levels. */
    static double[] of(HistogramData data, Grid grid) {
        return switch (grid) {
            case UniformGrid u -> of(data, u);
            case CodebookGrid c -> of(data, c);
        };
    }

    private static double[] of(HistogramData data, CodebookGrid grid) {
        double[] n = new double[grid.size()];
        for (int i = 0; i < n.length; i++) {
            double from = i == 0 ? data.min() : Math.max(data.min(), grid.start(i - 1));
            double to = i == n.length - 1 ? data.max() : Math.min(data.max(), grid.start(i));
            n[i] = from < to ? data.histogram(from, to, 1)[0] : 0;
        }
        return n;
    }

    private static double[] of(HistogramData data, UniformGrid grid) {
        double scale = grid.scale();
        double from = (grid.qmin() - grid.zeroPoint() - 0.5) * scale;
        double to = (grid.qmax() - grid.zeroPoint() + 0.5) * scale;
        double[] n = data.histogram(from, to, grid.size());
        if (data.min() < from) {
            n[0] += data.histogram(data.min(), from, 1)[0];
        }
        if (data.max() > to) {
            n[n.length - 1] += data.histogram(to, data.max(), 1)[0];
        }
        return n;
    }
}
