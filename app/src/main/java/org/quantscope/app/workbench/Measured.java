package org.quantscope.app.workbench;

import java.util.List;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;

/**
 * What came of a setting.
 *
 * @param spec the setting
 * @param requested the range asked for, one a slice
 * @param params the parameters that it was resolved to
 * @param error what they do to the tensor
 */
public record Measured(QuantSpec spec, List<ClipRange> requested, QuantParams params, ErrorFigures error) {
    public Measured {
        requested = List.copyOf(requested);
    }

    public Measured withError(ErrorFigures figures) {
        return new Measured(spec, requested, params, figures);
    }

    /** The hull of the requested ranges. */
    public ClipRange envelope() {
        return envelope(requested);
    }

    /** The hull of the effective ranges. */
    public ClipRange effective() {
        return envelope(params.effective());
    }

    private static ClipRange envelope(List<ClipRange> ranges) {
        float lo = ranges.getFirst().lo();
        float hi = ranges.getFirst().hi();
        for (ClipRange r : ranges) {
            lo = Math.min(lo, r.lo());
            hi = Math.max(hi, r.hi());
        }
        return new ClipRange(lo, hi);
    }
}
