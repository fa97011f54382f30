package org.quantscope.app.selected;

import java.util.ArrayList;
import java.util.List;
import org.quantscope.app.session.ErrorFigures;
import org.quantscope.app.session.Measured;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.sketch.MomentSketch;

/**
 * The settings that a drag asks to preview.
 *
 * @param spec the setting with the requested range
 * @param ranges the requested range of each slice, or one for all
 */
record PreviewRequest(QuantSpec spec, List<ClipRange> ranges) {
    /** The setting of the selected tensor with another range: of all its values, or of the selected slice. */
    static PreviewRequest of(SelectedTensor.View v, ClipRange range) {
        QuantSpec spec = v.spec().orElseThrow();
        ClipRange wanted = spec.symmetric() ? ClipRange.symmetric(range.absMax()) : range;
        List<ClipRange> ranges = List.of(wanted);
        if (v.ownRanges()) {
            ranges = new ArrayList<>(v.measured().orElseThrow().requested());
            ranges.set(v.ofParams(), wanted);
        }
        Clip clip = switch (spec.granularity()) {
            case Granularity.PerTensor _ -> new Clip.Manual(wanted);
            case Granularity.PerChannel _ -> new Clip.ManualPerChannel(ranges);
            case Granularity.PerBlock _ -> new Clip.ManualPerBlock(ranges);
        };
        return new PreviewRequest(spec.withClip(clip), List.copyOf(ranges));
    }

    /** For a scheme that fits its levels to the values, fits those of the selected slice only, from its sketch. */
    QuantParams fitted(SelectedTensor.View v, QuantParams before) {
        QuantParams one = RangeResolver.resolve(
                v.shown().filter(x -> v.ownRanges()).or(v::sketch).orElseThrow(), spec, ranges.get(v.ofParams()));
        if (before.slices() == 1) {
            return one;
        } else if (before.codebooks().size() != before.slices() && v.subject() instanceof QuantizableTensor.Weight w) {
            return RangeResolver.resolve(w.tensor(), spec, ranges);
        }
        List<CodebookGrid> codebooks = new ArrayList<>(before.codebooks());
        codebooks.set(v.ofParams(), one.codebooks().getFirst());
        return QuantParams.ofCodebooks(before.granularity(), before.scales(), codebooks);
    }

    /**
     * Estimates the error from the sketch of what is shown. For one slice among many, its share in the former figures
     * is replaced.
     */
    static ErrorFigures estimate(SelectedTensor.View v, Measured before, QuantParams params) {
        if (params.slices() == 1) {
            return ErrorFigures.of(List.of(v.sketch().orElseThrow().estimate(params.grid(0))));
        }
        MomentSketch values = v.inSlice().orElseThrow();
        int i = v.ofParams();
        return before.error()
                .exchange(
                        values.estimate(before.params().grid(i)),
                        values.estimate(params.grid(i)),
                        v.sketch().orElseThrow().sumSquares());
    }
}
