package org.quantscope.core.rounding;

import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.quantscope.core.tensor.TensorId;

/**
 * What the layers of a model read on calibration data.
 *
 * @param layers for each weight that one layer alone multiplies its input by, what that layer reads
 * @param without weights of layers of which nothing is kept, each with the reason, a clause without its subject
 * @param samples the number of samples that were run
 */
public record ModelMoments(Map<TensorId, LayerMoments> layers, Map<TensorId, String> without, int samples) {
    public static final ModelMoments NONE = new ModelMoments(Map.of(), Map.of(), 0);

    public ModelMoments {
        layers = Collections.unmodifiableMap(new TreeMap<>(layers));
        without = Collections.unmodifiableMap(new TreeMap<>(without));
    }

    public Optional<LayerMoments> of(TensorId weight) {
        return Optional.ofNullable(layers.get(weight));
    }

    /** Why nothing is known of what a tensor is multiplied with: a clause without its subject. */
    public String why(TensorId tensor) {
        return without.getOrDefault(tensor, "no layer multiplies its input by it as a matrix");
    }
}
