package org.quantscope.core.sketch;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.quantscope.core.tensor.TensorId;

/**
 * What was seen in a run over calibration data.
 *
 * @param sketches of each activation, in graph order
 * @param inputs for each weight, the power of the values that it is multiplied with
 */
public record Observed(Map<TensorId, MomentSketch> sketches, Map<TensorId, InputPower> inputs) {
    public Observed {
        sketches = Collections.unmodifiableMap(new LinkedHashMap<>(sketches));
        inputs = Collections.unmodifiableMap(new LinkedHashMap<>(inputs));
    }
}
