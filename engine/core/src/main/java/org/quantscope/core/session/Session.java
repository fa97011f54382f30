package org.quantscope.core.session;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.quantscope.core.tensor.TensorId;

/**
 * The content of a session file: what a person has chosen, and the results of calibration under these choices.
 *
 * @param ranges ranges of activations, each for the spec that {@code state} has for it
 * @param solved what roundings that look at a whole layer chose for weights, whether or not it still holds
 * @param scores what settings of snapshots have scored, by {@link Snapshot#key}
 */
public record Session(
        SessionState state,
        ActivationRanges ranges,
        Map<TensorId, SolvedWeight> solved,
        Map<String, List<SnapshotScore>> scores) {
    public Session {
        scores = Map.copyOf(scores);
        solved = Collections.unmodifiableMap(new TreeMap<>(solved));
    }

    public Session(SessionState state, ActivationRanges ranges, Map<TensorId, SolvedWeight> solved) {
        this(state, ranges, solved, Map.of());
    }

    public Session(SessionState state, ActivationRanges ranges) {
        this(state, ranges, Map.of());
    }

    public Session withSolved(Map<TensorId, SolvedWeight> results) {
        return new Session(state, ranges, results, scores);
    }

    public Session withScores(Map<String, List<SnapshotScore>> results) {
        return new Session(state, ranges, solved, results);
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
