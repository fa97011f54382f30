package org.quantscope.core.calib;

import java.util.List;
import java.util.Map;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.sketch.MomentSketch;

/**
 * The clip with the least squared error if rounding errors are spread evenly over a step. It is the fixed point of
 * {@code s ← E[|x|; |x| > s] / (4^−B/3·P(|x| ≤ s) + P(|x| > s))} with B bits and expectations over all values, started
 * at the mean magnitude. If no value is negative, an asymmetric grid has a step half as wide, and the divisor is 12
 * instead of 3. Asymmetric grids get [−s, s], limited to the extremes of the data.
 */
final class OctavCalibrator implements Calibrator {
    private static final int MOST_ROUNDS = 200;
    private static final double STANDS_STILL = 1e-9;

    @Override
    public String id() {
        return "octav";
    }

    @Override
    public String title() {
        return "OCTAV";
    }

    @Override
    public List<OptionDoc> options() {
        return List.of();
    }

    @Override
    public String source() {
        return "Sakr et al. 2022, arXiv 2206.06501, equation 6; the unsigned divisor as ai-edge-quantizer octav.py";
    }

    @Override
    public Calibration calibrate(
            SliceStatistics slice, QuantSpec spec, Map<String, String> options, CancelToken cancel) {
        Options.of(this, options);
        MomentSketch sketch = slice.sketch();
        double n = sketch.count();
        if (slice.absMax() == 0) {
            return new Calibration(ClipRange.symmetric(0), List.of());
        }
        double rounding = Math.scalb(1.0, -2 * spec.bits()) / (Ranges.oneSided(slice, spec) ? 12 : 3);
        double s = sketch.sumBeyond(0) / n;
        for (int i = 0; i < MOST_ROUNDS; i++) {
            cancel.check();
            double beyond = sketch.countBeyond(s) / n;
            double next = sketch.sumBeyond(s) / n / (rounding * (1 - beyond) + beyond);
            if (!(next > 0)) {
                // Nothing lies beyond s, so s is the largest magnitude.
                break;
            }
            boolean still = Math.abs(next - s) <= STANDS_STILL * s;
            s = next;
            if (still) {
                break;
            }
        }
        return new Calibration(Ranges.about(slice, spec, 0, s), List.of());
    }
}
