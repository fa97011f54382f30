package org.quantscope.core.calib;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.sketch.HistogramDivergence;

/**
 * The range with the least Kullback-Leibler divergence Σ P·ln(P/Q) between the histograms of the float values and of
 * the quantized ones.
 *
 * <p>P is the histogram of the values inside the range; clipped values are counted in the outermost bins. Q spreads the
 * count of each grid level, without clipped values, evenly over those bins of the level that are not empty in P. A bin
 * that is empty in Q but not in P counts as if it had {@code 1e-4} values. There are at least 4096 bins, and 16 for
 * each level, and every candidate range is evaluated. If the best range is much narrower than the data, the search is
 * repeated with bins over a narrower window, so that a few values far out do not make all bins coarse.
 */
final class EntropyCalibrator implements Calibrator {
    private static final int LEAST_BINS = 4096;
    private static final int BINS_A_LEVEL = 16;
    private static final int MOST_LEVEL_BITS = 11;
    private static final int MOST_WINDOWS = 8;
    private static final double NARROW = 0.25;

    @Override
    public String id() {
        return "entropy";
    }

    @Override
    public String title() {
        return "Entropy (KL)";
    }

    @Override
    public List<OptionDoc> options() {
        return List.of();
    }

    @Override
    public String source() {
        return "Migacz 2017 (NVIDIA, 8-bit inference with TensorRT), for any grid; the smoothing as ONNX Runtime and"
                + " MXNet do";
    }

    @Override
    public Calibration calibrate(
            SliceStatistics slice, QuantSpec spec, Map<String, String> options, CancelToken cancel) {
        Options.of(this, options);
        if (slice.absMax() == 0) {
            return new Calibration(ClipRange.symmetric(0), List.of());
        }
        int levels = 1 << Math.min(spec.bits(), MOST_LEVEL_BITS);
        int bins = Math.max(LEAST_BINS, BINS_A_LEVEL * levels);
        ClipRange window = new ClipRange(Math.min(0, slice.min()), Math.max(0, slice.max()));
        if (spec.symmetric()) {
            window = ClipRange.symmetric(window.absMax());
        }
        Calibration whole = search(slice, spec, window, bins, cancel);
        ClipRange found = whole.range();
        for (int i = 0; i < MOST_WINDOWS && width(found) < NARROW * width(window); i++) {
            window = new ClipRange(
                    Math.max(window.lo(), 2 * Math.min(found.lo(), -0.1f * found.absMax())),
                    Math.min(window.hi(), 2 * Math.max(found.hi(), 0.1f * found.absMax())));
            found = search(slice, spec, window, bins, cancel).range();
        }
        return new Calibration(found, whole.curve());
    }

    private static Calibration search(
            SliceStatistics slice, QuantSpec spec, ClipRange window, int bins, CancelToken cancel) {
        return new ClipSearch(
                        slice,
                        spec,
                        new HistogramDivergence(slice.sketch(), window, bins)::of,
                        Optional.empty(),
                        cancel)
                .run();
    }

    private static double width(ClipRange range) {
        return (double) range.hi() - range.lo();
    }
}
