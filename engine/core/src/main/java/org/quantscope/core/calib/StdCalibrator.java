package org.quantscope.core.calib;

import java.util.List;
import java.util.Map;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.QuantSpec;

/**
 * A multiple of the standard deviation about the mean: [μ − kσ, μ + kσ] limited to the extremes of the data; for
 * symmetric grids ±(|μ| + kσ), at most max|x|. Where k is not given, {@link Ranges#earned} bounds the range of an
 * activation by the values themselves.
 */
final class StdCalibrator implements Calibrator {
    private static final OptionDoc K = new OptionDoc(
            "k",
            "float",
            "3",
            "0 to 1000: standard deviations on either side of the mean; where it is not given, the range of an"
                    + " activation is widened until it cuts off at most 0.1 %, unless the error would grow");

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
        ClipRange found = Ranges.about(slice, spec, slice.sketch().mean(), reach);
        return new Calibration(options.containsKey(K.name()) ? found : Ranges.earned(slice, spec, found), List.of());
    }
}
