package org.quantscope.core.session;

import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.TensorId;

/** How a model is quantized: the part of a {@link SessionState} that a correction may rest on, with the same meaning of each field. */
public record CorrectionSettings(
        Optional<QuantSpec> weights,
        Optional<QuantSpec> activations,
        Map<TensorId, QuantSpec> overrides,
        Set<TensorId> keptFloat,
        Map<TensorId, ClipRange> activationRanges,
        Map<TensorId, FittedLevels> activationLevels) {
    public CorrectionSettings {
        overrides = Collections.unmodifiableMap(new TreeMap<>(overrides));
        keptFloat = Collections.unmodifiableSet(new TreeSet<>(keptFloat));
        activationRanges = Collections.unmodifiableMap(new TreeMap<>(activationRanges));
        activationLevels = Collections.unmodifiableMap(new TreeMap<>(activationLevels));
    }

    public static CorrectionSettings of(SessionState state) {
        return new CorrectionSettings(
                state.weights(),
                state.activations(),
                state.overrides(),
                state.keptFloat(),
                state.activationRanges(),
                state.activationLevels());
    }

    /** {@code state} with these settings in place of its own. */
    public SessionState on(SessionState state) {
        return state.withWeights(weights)
                .withActivations(activations)
                .withOverrides(overrides)
                .withKeptFloat(keptFloat)
                .withActivationRanges(activationRanges)
                .withActivationLevels(activationLevels);
    }
}
