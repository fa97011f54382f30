package org.quantscope.core.calib;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.FittedQuantizer;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizer;

/**
 * Four over six: the largest value of a slice lies on the largest level, or at two thirds of it; both are tried, and the
 * one with the smaller squared error is kept. It is made for elements of FP4, whose largest levels are 6 and 4, with
 * nothing between them: a block with several large values is rounded better if its largest one becomes 4. Where the
 * scales of blocks are rounded relative to one scale for the tensor (NVFP4), the error is that of the rounded scale, as
 * {@link RelativeScales} says.
 */
final class FourOverSixCalibrator implements Calibrator {
    /** Ranges in units of the largest magnitude. */
    static final double[] REACHES = {1, 1.5};

    @Override
    public String id() {
        return "four-over-six";
    }

    @Override
    public String title() {
        return "Four over six";
    }

    @Override
    public List<OptionDoc> options() {
        return List.of();
    }

    @Override
    public String source() {
        return "the largest value on level 6 or on level 4, by the smaller Σ(x−Q(x))² (Cook et al. 2025, Four Over Six,"
                + " arXiv 2512.02010)";
    }

    @Override
    public double[] reaches() {
        return REACHES.clone();
    }

    @Override
    public Calibration calibrate(
            SliceStatistics slice, QuantSpec spec, Map<String, String> options, CancelToken cancel) {
        Options.of(this, options);
        if (slice.absMax() == 0) {
            return new Calibration(ClipRange.symmetric(0), List.of());
        }
        QuantSpec one = RangeResolver.asOneSlice(spec);
        Quantizer quantizer = spec.quantizer();
        List<CurvePoint> curve = new ArrayList<>();
        @Nullable CurvePoint best = null;
        for (double reach : REACHES) {
            cancel.check();
            ClipRange range = range(slice, spec, reach);
            if (quantizer instanceof FittedQuantizer) {
                return new Calibration(range, List.of());
            }
            double mse = slice.exactMse(
                    quantizer.resolve(one, one.granularity(), List.of(range)).grid(0));
            CurvePoint point = new CurvePoint(range, mse);
            curve.add(point);
            best = best == null || mse < best.cost() ? point : best;
        }
        return new Calibration(Objects.requireNonNull(best).clip(), curve);
    }

    private static ClipRange range(SliceStatistics slice, QuantSpec spec, double reach) {
        return spec.symmetric()
                ? ClipRange.symmetric((float) (reach * slice.absMax()))
                : new ClipRange((float) (reach * Math.min(0, slice.min())), (float) (reach * Math.max(0, slice.max())));
    }
}
