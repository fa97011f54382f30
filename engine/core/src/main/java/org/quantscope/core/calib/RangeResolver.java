package org.quantscope.core.calib;

import java.util.List;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.Tensor;

/** From the request to the answer: ranges by the spec's clip, parameters by its scheme. */
public final class RangeResolver {
    private RangeResolver() {}

    /**
     * @param requested the range asked for, one a slice
     * @param params what came of it
     */
    public record Resolution(List<ClipRange> requested, QuantParams params) {
        public Resolution {
            requested = List.copyOf(requested);
        }
    }

    /** Resolves a stored tensor; calibrators see its exact values. A tensor without a finite non-zero value gets scale 1, zero point 0. */
    public static Resolution resolve(Tensor tensor, QuantSpec spec, CancelToken cancel) {
        throw new UnsupportedOperationException();
    }

    /** Resolves a per-tensor spec from a sketch alone (activations). */
    public static Resolution resolve(MomentSketch sketch, QuantSpec spec, CancelToken cancel) {
        throw new UnsupportedOperationException();
    }

    /** The parameters for ranges that are known already; no data is looked at. Cheap enough for every frame of a drag. */
    public static QuantParams resolve(Tensor tensor, QuantSpec spec, List<ClipRange> ranges) {
        throw new UnsupportedOperationException();
    }
}
