package org.quantscope.core.calib;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.QuantSpec;

/**
 * The range with the smallest Σ|x−Q(x)|^p/n over the bins of the sketch. The search groups several bins; the best
 * candidates are then compared bin by bin. A small p tolerates clipping, a large one does not.
 */
final class LpCalibrator implements Calibrator {
    private static final OptionDoc P = new OptionDoc("p", "float", "2.4", "0.5 to 10: the power of the error");

    @Override
    public String id() {
        return "lp";
    }

    @Override
    public String title() {
        return "Least Lp error";
    }

    @Override
    public List<OptionDoc> options() {
        return List.of(P);
    }

    @Override
    public String source() {
        return "Nahshan et al. 2021 (LAPQ), arXiv 1911.07190, section 3; p 2.4 as Li et al. 2021 (BRECQ), arXiv"
                + " 2102.05426";
    }

    @Override
    public Calibration calibrate(
            SliceStatistics slice, QuantSpec spec, Map<String, String> options, CancelToken cancel) {
        double p = Options.of(this, options).number(P, 0.5, 10);
        var cost = new PointCost(slice.sketch().points(), p);
        return new ClipSearch(slice, spec, cost, Optional.of((range, grid) -> cost.exactly(grid)), cancel).run();
    }
}
