package org.quantscope.core.session;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.TensorId;

/**
 * How a model is quantized, kept under a name to go back to or to compare with. The fields have the same meaning as in
 * {@link SessionState}; the model, the data and what is scored are not part of it.
 *
 * @param name one line of at most {@value #MOST_NAME} characters, unique in its session
 */
public record Snapshot(
        String name,
        Optional<QuantSpec> weights,
        Optional<QuantSpec> activations,
        Map<TensorId, QuantSpec> overrides,
        Set<TensorId> keptFloat,
        boolean foldBatchNorm,
        Set<TensorId> addedQuantizers,
        List<AppliedCorrection> corrections) {
    /** The longest name. */
    public static final int MOST_NAME = 60;

    public Snapshot {
        if (name.isBlank()
                || name.length() > MOST_NAME
                || !name.equals(name.strip())
                || name.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException("name: one line of 1 to " + MOST_NAME
                    + " characters without blanks at its ends is needed, got \"" + name + '"');
        }
        overrides = Collections.unmodifiableMap(new TreeMap<>(overrides));
        keptFloat = Collections.unmodifiableSet(new TreeSet<>(keptFloat));
        addedQuantizers = Collections.unmodifiableSet(new TreeSet<>(addedQuantizers));
        corrections = List.copyOf(corrections);
    }

    /** The present settings under a name. */
    public static Snapshot of(String name, SessionState state) {
        return new Snapshot(
                name,
                state.weights(),
                state.activations(),
                state.overrides(),
                state.keptFloat(),
                state.foldBatchNorm(),
                state.addedQuantizers(),
                state.corrections());
    }

    /** {@code state} with these settings in place of its own; model, data, score and snapshots stay. */
    public SessionState on(SessionState state) {
        return state.withWeights(weights)
                .withActivations(activations)
                .withOverrides(overrides)
                .withKeptFloat(keptFloat)
                .withFoldBatchNorm(foldBatchNorm)
                .withAddedQuantizers(addedQuantizers)
                .withCorrections(corrections);
    }

    /** The same settings under another name. */
    public Snapshot named(String other) {
        return new Snapshot(
                other, weights, activations, overrides, keptFloat, foldBatchNorm, addedQuantizers, corrections);
    }

    /** True if {@code state} has these settings. */
    public boolean holdsIn(SessionState state) {
        return named("x").equals(of("x", state));
    }

    /** Identifies the settings whatever their name: the SHA-256 of what a session file says of them. */
    public String key() {
        return SessionWriter.keyOf(this);
    }
}
