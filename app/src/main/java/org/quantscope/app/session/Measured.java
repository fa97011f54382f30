package org.quantscope.app.session;

import java.util.List;
import java.util.Optional;
import org.quantscope.core.layerwise.OutputError;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.ClipRanges;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Spread;

/**
 * The result of a setting.
 *
 * @param spec the setting
 * @param requested the requested range of each slice
 * @param params the resolved parameters
 * @param error the error that they cause
 * @param output the error that they cause at the output of the layer; empty while or where it is not known
 * @param spans a summary of all slices
 */
public record Measured(
        QuantSpec spec,
        List<ClipRange> requested,
        QuantParams params,
        ErrorFigures error,
        Optional<OutputError> output,
        Spans spans) {
    /**
     * A summary of many slices, computed together with the result because there may be many.
     *
     * @param requested the hull of the requested ranges
     * @param effective the hull of the effective ranges
     * @param scales the smallest, the median and the largest scale
     * @param lowestZero the smallest zero point; 0 for codebooks
     * @param highestZero the largest zero point; 0 for codebooks
     */
    public record Spans(ClipRange requested, ClipRange effective, Spread scales, int lowestZero, int highestZero) {
        static Spans of(List<ClipRange> requested, QuantParams params) {
            int lowest = params.isAffine() ? Integer.MAX_VALUE : 0;
            int highest = params.isAffine() ? Integer.MIN_VALUE : 0;
            for (int z : params.zeroPoints()) {
                lowest = Math.min(lowest, z);
                highest = Math.max(highest, z);
            }
            return new Spans(hull(requested), hull(params.effective()), params.scaleSpread(), lowest, highest);
        }
    }

    public Measured {
        requested = ClipRanges.copyOf(requested);
    }

    public Measured(QuantSpec spec, List<ClipRange> requested, QuantParams params, ErrorFigures error) {
        this(spec, requested, params, error, Optional.empty(), Spans.of(requested, params));
    }

    public Measured withError(ErrorFigures figures) {
        return new Measured(spec, requested, params, figures, output, spans);
    }

    public Measured withOutput(Optional<OutputError> at) {
        return new Measured(spec, requested, params, error, at, spans);
    }

    /** The hull of the requested ranges. */
    public ClipRange envelope() {
        return spans.requested;
    }

    private static ClipRange hull(List<ClipRange> ranges) {
        float lo = ranges.getFirst().lo();
        float hi = ranges.getFirst().hi();
        for (ClipRange r : ranges) {
            lo = Math.min(lo, r.lo());
            hi = Math.max(hi, r.hi());
        }
        return new ClipRange(lo, hi);
    }
}
