package org.quantscope.core.calib;

import java.util.List;
import java.util.Map;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.QuantSpec;

/**
 * The smoothed range of successive parts of the data: starting with the range of the first part,
 * {@code min ← min + c·(min of the part − min)} and the same for max, in float32. The parts of a stored tensor are
 * contiguous and equally long; those of an activation are the batches of the calibration run. A symmetric grid gets ±
 * the larger magnitude of the two ends.
 */
final class MovingAverageCalibrator implements Calibrator {
    private static final OptionDoc CONSTANT =
            new OptionDoc("constant", "float", "0.01", "0 to 1: the weight of each further part");
    private static final OptionDoc CHUNKS = new OptionDoc(
            "chunks", "int", "4", "parts that a stored tensor is cut into, 1 to 1048576; activations come in batches");

    @Override
    public String id() {
        return "moving-average";
    }

    @Override
    public String title() {
        return "Moving average";
    }

    @Override
    public List<OptionDoc> options() {
        return List.of(CONSTANT, CHUNKS);
    }

    @Override
    public String source() {
        return "torch.ao.quantization.MovingAverageMinMaxObserver; Jacob et al. 2018, arXiv 1712.05877, section 3.1";
    }

    @Override
    public Calibration calibrate(
            SliceStatistics slice, QuantSpec spec, Map<String, String> options, CancelToken cancel) {
        Options given = Options.of(this, options);
        float constant = (float) given.number(CONSTANT, 0, 1);
        int chunks = (int) given.number(CHUNKS, 1, 1 << 20);
        List<ClipRange> ranges = slice.chunkRanges(chunks);
        if (ranges.isEmpty()) {
            return new Calibration(ClipRange.symmetric(0), List.of());
        }
        float lo = ranges.getFirst().lo();
        float hi = ranges.getFirst().hi();
        for (ClipRange next : ranges.subList(1, ranges.size())) {
            lo += constant * (next.lo() - lo);
            hi += constant * (next.hi() - hi);
        }
        ClipRange range = new ClipRange(lo, Math.max(lo, hi));
        return new Calibration(spec.symmetric() ? ClipRange.symmetric(range.absMax()) : range, List.of());
    }
}
