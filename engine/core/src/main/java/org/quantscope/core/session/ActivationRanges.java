package org.quantscope.core.session;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.tensor.TensorId;

/**
 * What a calibration came to, as a session file holds it, so that the settings can be used where the data is not.
 *
 * @param ranges by activation: the range that a calibrator chose
 * @param levels by activation: what a scheme that fits its levels to the values came to
 */
public record ActivationRanges(Map<TensorId, ClipRange> ranges, Map<TensorId, FittedLevels> levels) {
    public static final ActivationRanges NONE = new ActivationRanges(Map.of(), Map.of());

    public ActivationRanges {
        ranges = Collections.unmodifiableMap(new TreeMap<>(ranges));
        levels = Collections.unmodifiableMap(new TreeMap<>(levels));
    }

    /** Ranges without levels. */
    public static ActivationRanges of(Map<TensorId, ClipRange> ranges) {
        return new ActivationRanges(ranges, Map.of());
    }
}
