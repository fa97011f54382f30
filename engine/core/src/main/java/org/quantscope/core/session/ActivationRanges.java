package org.quantscope.core.session;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.tensor.TensorId;

/**
 * The results of a calibration in the form that a session file holds, so that the settings can be used without the
 * calibration data.
 *
 * @param ranges the range that a calibrator chose for each activation
 * @param levels the levels of each activation whose scheme fits levels to the values
 * @param maskShares the share of mask values of each activation that has any, above 0 to 1; they are outside its range
 */
public record ActivationRanges(
        Map<TensorId, ClipRange> ranges, Map<TensorId, FittedLevels> levels, Map<TensorId, Double> maskShares) {
    public static final ActivationRanges NONE = of(Map.of());

    public ActivationRanges {
        ranges = Collections.unmodifiableMap(new TreeMap<>(ranges));
        levels = Collections.unmodifiableMap(new TreeMap<>(levels));
        maskShares = Collections.unmodifiableMap(new TreeMap<>(maskShares));
        maskShares.forEach((id, share) -> {
            if (!(share > 0 && share <= 1)) {
                throw new IllegalArgumentException("mask_values." + id + ": above 0 to 1, got " + share);
            }
        });
    }

    /** Ranges of activations without masks. */
    public ActivationRanges(Map<TensorId, ClipRange> ranges, Map<TensorId, FittedLevels> levels) {
        this(ranges, levels, Map.of());
    }

    /** Ranges without levels. */
    public static ActivationRanges of(Map<TensorId, ClipRange> ranges) {
        return new ActivationRanges(ranges, Map.of());
    }
}
