package org.quantscope.core.calib;

import java.util.List;
import java.util.Map;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.QuantSpec;

/**
 * Cuts off the tails. With the option {@code percentile} = p: for a symmetric grid ± the p-th percentile of |x|; for an
 * asymmetric one from the (100−p)-th to the p-th percentile of x, so that each tail loses 100−p percent. Percentiles
 * are interpolated linearly.
 */
final class PercentileCalibrator implements Calibrator {
    private static final OptionDoc PERCENTILE = new OptionDoc(
            "percentile",
            "float",
            "99.99",
            "50 to 100: symmetric grids clip at this percentile of |x|, asymmetric ones at 100-p and p of x");

    @Override
    public String id() {
        return "percentile";
    }

    @Override
    public String title() {
        return "Percentile";
    }

    @Override
    public List<OptionDoc> options() {
        return List.of(PERCENTILE);
    }

    @Override
    public String source() {
        return "quantiles by linear interpolation (Hyndman & Fan 1996, type 7, numpy's default)";
    }

    @Override
    public Calibration calibrate(
            SliceStatistics slice, QuantSpec spec, Map<String, String> options, CancelToken cancel) {
        double p = Options.of(this, options).number(PERCENTILE, 50, 100) / 100;
        if (slice.count() == 0) {
            return new Calibration(ClipRange.symmetric(0), List.of());
        }
        cancel.check();
        return new Calibration(
                spec.symmetric()
                        ? ClipRange.symmetric((float) slice.absQuantile(p))
                        : new ClipRange((float) slice.quantile(1 - p), (float) slice.quantile(p)),
                List.of());
    }
}
