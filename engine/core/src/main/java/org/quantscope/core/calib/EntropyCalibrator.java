package org.quantscope.core.calib;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.sketch.HistogramDivergence;
import org.quantscope.core.sketch.MomentSketch;

/**
 * The range with the least Kullback-Leibler divergence Σ P·ln(P/Q) between the histograms of the float values and of
 * the quantized ones.
 *
 * <p>{@link HistogramDivergence} says how the histograms are made, and what becomes of values that occur again and again,
 * such as the zeros behind a ReLU. There are at least 4096 bins, and 16 for each level, and every candidate range is
 * evaluated that keeps at least half of the values other than 0: a range narrower than a bin would lose all of them
 * without the histograms showing it. If the best range is much narrower than the data, the search is repeated with bins
 * over a narrower window, so that a few values far out do not make all bins coarse. {@link Ranges#earned} bounds the
 * range of an activation by the values themselves.
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
        return new Calibration(Ranges.earned(slice, spec, found), whole.curve());
    }

    private static Calibration search(
            SliceStatistics slice, QuantSpec spec, ClipRange window, int bins, CancelToken cancel) {
        var divergence = new HistogramDivergence(slice.sketch(), window, bins);
        ClipSearch.Cost cost = (range, grid) ->
                keepsHalf(slice.sketch(), range) ? divergence.of(range, grid) : Double.POSITIVE_INFINITY;
        return new ClipSearch(slice, spec, cost, Optional.empty(), cancel).run();
    }

    /** True if at least half of the values other than 0 lie in the range, which holds 0. */
    private static boolean keepsHalf(MomentSketch sketch, ClipRange range) {
        double nonZero = sketch.count() - sketch.zeros();
        return sketch.countWithin(range.lo(), range.hi()) - sketch.zeros() >= nonZero / 2;
    }

    private static double width(ClipRange range) {
        return (double) range.hi() - range.lo();
    }
}
