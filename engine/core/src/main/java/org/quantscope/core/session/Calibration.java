package org.quantscope.core.session;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.quantscope.core.calib.Importances;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.sketch.ActivationSketches;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.sketch.Observed;
import org.quantscope.core.tensor.TensorId;

/**
 * What calibration data has shown of one model: a result, never a choice. Sketches of its activations answer any setting; where
 * there are none, the ranges that a session file holds answer the settings that they were chosen for. Immutable.
 *
 * <p>Two calibrations are equal only if they are the same object: what is cached under one is not looked up under another that
 * happens to hold the same.
 */
public final class Calibration {
    /** Nothing is known. */
    public static final Calibration NONE =
            new Calibration(Map.of(), Map.of(), Map.of(), Importances.NONE, Optional.empty());

    /** A range of a session file with the spec that it was chosen by. */
    record Chosen(QuantSpec by, ClipRange range) {}

    private final Map<TensorId, Chosen> chosen;
    private final Map<TensorId, FittedLevels> levels;
    private final Map<TensorId, MomentSketch> sketches;
    private final Importances importances;
    private final Optional<ActivationSketches> seen;

    private Calibration(
            Map<TensorId, Chosen> chosen,
            Map<TensorId, FittedLevels> levels,
            Map<TensorId, MomentSketch> sketches,
            Importances importances,
            Optional<ActivationSketches> seen) {
        this.chosen = Map.copyOf(chosen);
        this.levels = Map.copyOf(levels);
        this.sketches = Map.copyOf(sketches);
        this.importances = importances;
        this.seen = seen;
    }

    /** What a session file holds. */
    static Calibration stored(Session session) {
        Map<TensorId, Chosen> chosen = new TreeMap<>();
        session.ranges()
                .ranges()
                .forEach((id, range) -> chosen.put(id, new Chosen(choosing(session.state(), id), range)));
        return new Calibration(chosen, session.ranges().levels(), Map.of(), Importances.NONE, Optional.empty());
    }

    /** What a run over calibration data has seen, where nobody asks what it rests on. */
    public static Calibration of(Observed seen) {
        return new Calibration(
                Map.of(), Map.of(), seen.sketches(), Importances.observed(seen.inputs()), Optional.empty());
    }

    /** What a run over calibration data has seen. */
    public static Calibration of(ActivationSketches seen) {
        return NONE.withSeen(seen);
    }

    /** The same with the sketches of a run over the same data. */
    public Calibration withSeen(ActivationSketches run) {
        return new Calibration(chosen, levels, run.sketches(), Importances.observed(run.inputs()), Optional.of(run));
    }

    /** The same with other importances of the weights. */
    public Calibration withImportances(Importances other) {
        return new Calibration(chosen, levels, sketches, other, seen);
    }

    /**
     * The spec whose calibrator chooses the range that is kept of an activation: its own, or, where it stays in float or has a range
     * set by hand, the session's default or {@link QuantSpec#ACTIVATIONS}. So each has one, and can be quantized later without
     * another run.
     */
    static QuantSpec choosing(SessionState state, TensorId activation) {
        QuantSpec own = state.activationSpec(activation).orElse(fallback(state));
        return own.clip() instanceof Clip.Auto ? own : fallback(state);
    }

    static QuantSpec fallback(SessionState state) {
        QuantSpec all = state.activations().orElse(QuantSpec.ACTIVATIONS);
        return all.clip() instanceof Clip.Auto ? all : QuantSpec.ACTIVATIONS;
    }

    /** What is known of the importance of the model's weights. */
    public Importances importances() {
        return importances;
    }

    /** What was seen, and of what; empty if only a session file's ranges are known. */
    public Optional<ActivationSketches> seen() {
        return seen;
    }

    /** By activation, what was seen of its values. */
    public Map<TensorId, MomentSketch> sketches() {
        return sketches;
    }

    /** Levels of a session file. */
    Optional<FittedLevels> levels(TensorId id) {
        return Optional.ofNullable(levels.get(id));
    }

    /** The range of a session file for the automatic clip of {@code spec}; if nothing was seen, also one that another spec chose. */
    Optional<ClipRange> range(TensorId id, QuantSpec spec) {
        return Optional.ofNullable(chosen.get(id))
                .filter(c -> c.by.equals(spec) || !sketches.containsKey(id))
                .map(Chosen::range);
    }

    /** The activations that something is known of, in the order of their names. */
    public Set<TensorId> activations() {
        Set<TensorId> all = new TreeSet<>(chosen.keySet());
        all.addAll(sketches.keySet());
        return all;
    }
}
