package org.quantscope.core.calib;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.QuantSpec;

/**
 * The range with the smallest mean absolute error Σ|x−Q(x)|/n, over the bins of the sketch.
 */
final class MaeCalibrator implements Calibrator {
    @Override
    public String id() {
        return "mae";
    }

    @Override
    public String title() {
        return "Least absolute error";
    }

    @Override
    public List<OptionDoc> options() {
        return List.of();
    }

    @Override
    public String source() {
        return "exhaustive search of the clip that minimises Σ|x−Q(x)|";
    }

    @Override
    public Calibration calibrate(
            SliceStatistics slice, QuantSpec spec, Map<String, String> options, CancelToken cancel) {
        Options.of(this, options);
        ClipSearch.Cost cost = new PointCost(slice.sketch().points(), 1);
        return new ClipSearch(slice, spec, cost, Optional.empty(), cancel).run();
    }
}
