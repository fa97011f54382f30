package org.quantscope.core.session;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.quantscope.core.tensor.TensorId;

/**
 * The content of a session file: what a person has chosen, and the results of calibration under these choices.
 *
 * @param ranges ranges of activations, each for the spec that {@code state} has for it
 * @param solved what roundings that look at a whole layer chose for weights, whether or not it still holds
 */
public record Session(SessionState state, ActivationRanges ranges, Map<TensorId, SolvedWeight> solved) {
    public Session {
        solved = Collections.unmodifiableMap(new TreeMap<>(solved));
    }

    public Session(SessionState state, ActivationRanges ranges) {
        this(state, ranges, Map.of());
    }

    public Session withSolved(Map<TensorId, SolvedWeight> results) {
        return new Session(state, ranges, results);
    }

    /** A session without results of calibration. */
    public static Session of(SessionState state) {
        return new Session(state, ActivationRanges.NONE);
    }

    /** The calibration that these results amount to. */
    public Calibration calibration() {
        return Calibration.stored(this);
    }
}
