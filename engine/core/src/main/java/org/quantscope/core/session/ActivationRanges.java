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
