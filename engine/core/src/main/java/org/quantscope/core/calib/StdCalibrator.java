package org.quantscope.core.calib;

import java.util.List;
import java.util.Map;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.QuantSpec;

/**
 * A multiple of the standard deviation about the mean: [μ − kσ, μ + kσ] limited to the extremes of the data; for
 * symmetric grids ±(|μ| + kσ), at most max|x|.
 */
final class StdCalibrator implements Calibrator {
    private static final OptionDoc K =
            new OptionDoc("k", "float", "3", "0 to 1000: standard deviations on either side of the mean");

    @Override
    public String id() {
        return "std";
    }

    @Override
    public String title() {
        return "Mean ± k·std";
    }

    @Override
    public List<OptionDoc> options() {
        return List.of(K);
    }

    @Override
    public String source() {
        return "the k-sigma rule; population standard deviation";
    }

    @Override
    public Calibration calibrate(
            SliceStatistics slice, QuantSpec spec, Map<String, String> options, CancelToken cancel) {
        double k = Options.of(this, options).number(K, 0, 1000);
        double reach = k * slice.sketch().std();
        return new Calibration(Ranges.about(slice, spec, slice.sketch().mean(), reach), List.of());
    }
}
