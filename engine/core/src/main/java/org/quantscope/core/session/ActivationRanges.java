package org.quantscope.core.session;

import java.util.Map;
import java.util.TreeMap;
import org.quantscope.core.BadInputException;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.TensorId;

/** From the sketches of a calibration run to the ranges that a session keeps. */
public final class ActivationRanges {
    private ActivationRanges() {}

    /**
     * The range that each activation's calibrator chooses. An activation that is kept in float or whose clip is set by hand
     * has one too, by the session's default or {@link QuantSpec#ACTIVATIONS}, so that it can be quantized later without another run.
     *
     * @param sketches of each activation, over all calibration samples
     * @throws BadInputException if a spec does not fit its activation
     */
    public static Map<TensorId, ClipRange> of(Map<TensorId, MomentSketch> sketches, SessionState state, CancelToken cancel) {
        QuantSpec fallback = state.activations().orElse(QuantSpec.ACTIVATIONS);
        Map<TensorId, ClipRange> ranges = new TreeMap<>();
        sketches.forEach((id, sketch) -> {
            cancel.check();
            QuantSpec spec = state.activationSpec(id).filter(s -> s.clip() instanceof Clip.Auto).orElse(fallback);
            try {
                ranges.put(id, RangeResolver.resolve(sketch, spec, cancel).requested().getFirst());
            } catch (IllegalArgumentException e) {
                throw ResolvedSettings.refused(id, e);
            }
        });
        return ranges;
    }
}
