package org.quantscope.core.calib;

import java.util.List;
import java.util.Map;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.QuantSpec;

/** The range of the data: nothing is clipped. ±max|x| for a symmetric grid. */
final class MinMaxCalibrator implements Calibrator {
    @Override
    public String id() {
        return "minmax";
    }

    @Override
    public String title() {
        return "Min–max";
    }

    @Override
    public List<OptionDoc> options() {
        return List.of();
    }

    @Override
    public String source() {
        return "the smallest and the largest value (ONNX Runtime CalibrationMethod.MinMax)";
    }

    @Override
    public Calibration calibrate(
            SliceStatistics slice, QuantSpec spec, Map<String, String> options, CancelToken cancel) {
        Options.of(this, options);
        if (slice.count() == 0) {
            return new Calibration(ClipRange.symmetric(0), List.of());
        }
        return new Calibration(
                spec.symmetric() ? ClipRange.symmetric(slice.absMax()) : new ClipRange(slice.min(), slice.max()),
                List.of());
    }
}
