package org.quantscope.core.calib;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.QuantSpec;

/**
 * The range with the least squared error at the output of the layer, over the calibration data. Every candidate is
 * measured exactly. The error at the output jumps where a weight changes its code, so the first candidates are close to
 * each other: at all fractions of the whole range that 1/200 divides, and where a slice has few weights at three times as
 * many.
 */
final class OutputMseCalibrator implements Calibrator {
    /** Up to this many values a slice has few, and its curve more jumps. */
    private static final long FEW = 1 << 10;

    private static final double[] FRACTIONS = ClipSearch.fractions(200);
    private static final double[] MORE_FRACTIONS = ClipSearch.fractions(600);

    @Override
    public String id() {
        return "output-mse";
    }

    @Override
    public String title() {
        return "Least output MSE";
    }

    @Override
    public List<OptionDoc> options() {
        return List.of();
    }

    @Override
    public String source() {
        return "search of the clip that minimises tr(ΔW·H·ΔWᵀ), H = E[x·xᵀ] of what the layer reads on calibration data"
                + " (Nagel et al. 2020, arXiv 2004.10568, eq. 7); weights only";
    }

    @Override
    public boolean needsMoments() {
        return true;
    }

    @Override
    public Calibration calibrate(
            SliceStatistics slice, QuantSpec spec, Map<String, String> options, CancelToken cancel) {
        Options.of(this, options);
        if (!slice.hasOutput()) {
            throw new IllegalArgumentException(
                    "calibrator." + id() + ": needs what the layer reads on calibration data, and is for weights only");
        }
        ClipSearch.Cost cost = new ClipSearch.Cost() {
            @Override
            public double of(ClipRange range, Grid grid) {
                return slice.outputErrors(List.of(grid))[0];
            }

            @Override
            public double[] of(List<ClipRange> ranges, List<Grid> grids) {
                return slice.outputErrors(grids);
            }
        };
        return new ClipSearch(
                        slice, spec, cost, Optional.empty(), slice.count() <= FEW ? MORE_FRACTIONS : FRACTIONS, cancel)
                .run();
    }
}
