package org.quantscope.core.session;

import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.TensorId;

/**
 * How a model is quantized: the part of a {@link Session} that a correction may depend on. Its fields have the same
 * meaning there.
 */
public record CorrectionSettings(
        Optional<QuantSpec> weights,
        Optional<QuantSpec> activations,
        Map<TensorId, QuantSpec> overrides,
        Set<TensorId> keptFloat,
        ActivationRanges ranges) {
    public CorrectionSettings {
        overrides = Collections.unmodifiableMap(new TreeMap<>(overrides));
        keptFloat = Collections.unmodifiableSet(new TreeSet<>(keptFloat));
    }

    public static CorrectionSettings of(Session session) {
        SessionState state = session.state();
        return new CorrectionSettings(
                state.weights(), state.activations(), state.overrides(), state.keptFloat(), session.ranges());
    }

    /** {@code state} with these settings in place of its own. */
    public Session on(SessionState state) {
        return new Session(
                state.withWeights(weights)
                        .withActivations(activations)
                        .withOverrides(overrides)
                        .withKeptFloat(keptFloat),
                ranges);
    }
}
