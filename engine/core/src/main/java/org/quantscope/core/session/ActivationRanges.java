package org.quantscope.core.session;

import java.util.Map;
import java.util.TreeMap;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.calib.RangeResolver.Resolution;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.TensorId;

/** From the sketches of a calibration run to the ranges, and the levels where a scheme fits them, that a session keeps. */
public final class ActivationRanges {
    private ActivationRanges() {}

    /**
     * {@code state} with the range that each activation's calibrator chooses. An activation that is kept in float or whose clip is set by hand
     * has one too, by the session's default or {@link QuantSpec#ACTIVATIONS}, so that it can be quantized later without another run. Levels are fitted to
     * the range that is in use, one that is set by hand too.
     *
     * @param sketches of each activation, over all calibration samples
     * @throws BadInputException if a spec does not fit its activation
     */
    public static SessionState calibrate(SessionState state, Map<TensorId, MomentSketch> sketches, CancelToken cancel) {
        QuantSpec fallback = state.activations().orElse(QuantSpec.ACTIVATIONS);
        Map<TensorId, ClipRange> ranges = new TreeMap<>();
        Map<TensorId, FittedLevels> levels = new TreeMap<>();
        sketches.forEach((id, sketch) -> {
            cancel.check();
            QuantSpec own = state.activationSpec(id).orElse(fallback);
            QuantSpec choosing = own.clip() instanceof Clip.Auto ? own : fallback;
            try {
                Resolution chosen = RangeResolver.resolve(sketch, choosing, cancel);
                ranges.put(id, chosen.requested().getFirst());
                if (FittedLevels.neededBy(own)) {
                    Resolution used = own.equals(choosing) ? chosen : RangeResolver.resolve(sketch, own, cancel);
                    FittedLevels.of(own, used).ifPresent(l -> levels.put(id, l));
                }
            } catch (IllegalArgumentException e) {
                throw ResolvedSettings.refused(id, e);
            }
        });
        return state.withActivationRanges(ranges).withActivationLevels(levels);
    }
}
