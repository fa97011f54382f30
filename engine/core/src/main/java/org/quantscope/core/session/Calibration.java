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
import org.quantscope.core.rounding.ModelMoments;
import org.quantscope.core.sketch.ActivationSketches;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.sketch.Observed;
import org.quantscope.core.tensor.TensorId;

/**
 * What calibration data has shown about one model: a result, never a choice. Sketches of activations are enough for any
 * setting. Without them the ranges in a session file serve those settings for which they were chosen. Immutable.
 *
 * <p>Two calibrations are equal only if they are the same object: results cached for one are not found for another,
 * even with the same content.
 */
public final class Calibration {
    /** A calibration that knows nothing. */
    public static final Calibration NONE = new Calibration(
            Map.of(), Map.of(), Map.of(), Map.of(), Importances.NONE, Optional.empty(), Optional.empty());

    /** A range from a session file, with the spec whose calibrator chose it. */
    record Chosen(QuantSpec by, ClipRange range) {}

    private final Map<TensorId, Chosen> chosen;
    private final Map<TensorId, FittedLevels> levels;
    private final Map<TensorId, Double> maskShares;
    private final Map<TensorId, MomentSketch> sketches;
    private final Importances importances;
    private final Optional<ActivationSketches> seen;
    private final Optional<ModelMoments> moments;

    private Calibration(
            Map<TensorId, Chosen> chosen,
            Map<TensorId, FittedLevels> levels,
            Map<TensorId, Double> maskShares,
            Map<TensorId, MomentSketch> sketches,
            Importances importances,
            Optional<ActivationSketches> seen,
            Optional<ModelMoments> moments) {
        this.chosen = Map.copyOf(chosen);
        this.levels = Map.copyOf(levels);
        this.maskShares = Map.copyOf(maskShares);
        this.sketches = Map.copyOf(sketches);
        this.importances = importances;
        this.seen = seen;
        this.moments = moments;
    }

    /** The calibration in a session file. */
    static Calibration stored(Session session) {
        Map<TensorId, Chosen> chosen = new TreeMap<>();
        session.ranges()
                .ranges()
                .forEach((id, range) -> chosen.put(id, new Chosen(choosing(session.state(), id), range)));
        return new Calibration(
                chosen,
                session.ranges().levels(),
                session.ranges().maskShares(),
                Map.of(),
                Importances.NONE,
                Optional.empty(),
                Optional.empty());
    }

    /** The calibration of a run, for callers that do not need to know which model and data it depends on. */
    public static Calibration of(Observed seen) {
        return new Calibration(
                Map.of(),
                Map.of(),
                shares(seen.sketches()),
                seen.sketches(),
                Importances.observed(seen.inputs()),
                Optional.empty(),
                Optional.empty());
    }

    /** The calibration of a run over calibration data. */
    public static Calibration of(ActivationSketches seen) {
        return NONE.withSeen(seen);
    }

    /** This calibration with the sketches of another run over the same data. */
    public Calibration withSeen(ActivationSketches run) {
        Importances observed = Importances.observed(run.inputs());
        return new Calibration(
                chosen,
                levels,
                shares(run.sketches()),
                run.sketches(),
                moments.map(observed::with).orElse(observed),
                Optional.of(run),
                moments);
    }

    private static Map<TensorId, Double> shares(Map<TensorId, MomentSketch> sketches) {
        Map<TensorId, Double> shares = new TreeMap<>();
        sketches.forEach((id, sketch) -> {
            if (sketch.masks().isPresent()) {
                shares.put(id, sketch.maskShare());
            }
        });
        return shares;
    }

    /** The share of mask values of each activation that has any, above 0 to 1; no range was chosen for them. */
    public Map<TensorId, Double> maskShares() {
        return maskShares;
    }

    /** This calibration with other importances of the weights. */
    public Calibration withImportances(Importances other) {
        return new Calibration(chosen, levels, maskShares, sketches, other, seen, Optional.empty());
    }

    /**
     * The spec whose calibrator chooses the range that is kept for an activation. It is the activation's own spec; if
     * it stays in float or has a range set by hand, it is the session's default or {@link QuantSpec#ACTIVATIONS}. So
     * every activation has a range, and can be quantized later without another run.
     */
    static QuantSpec choosing(SessionState state, TensorId activation) {
        QuantSpec own = state.activationSpec(activation).orElse(fallback(state));
        return own.clip() instanceof Clip.Auto ? own : fallback(state);
    }

    static QuantSpec fallback(SessionState state) {
        QuantSpec all = state.activations().orElse(QuantSpec.ACTIVATIONS);
        return all.clip() instanceof Clip.Auto ? all : QuantSpec.ACTIVATIONS;
    }

    /** This calibration with what the layers of the model read on the same data. */
    public Calibration withMoments(ModelMoments moments) {
        return new Calibration(
                chosen, levels, maskShares, sketches, importances.with(moments), seen, Optional.of(moments));
    }

    /** This calibration without what the layers of the model read, which may take much memory. */
    public Calibration withoutMoments() {
        return new Calibration(
                chosen,
                levels,
                maskShares,
                sketches,
                seen.map(run -> Importances.observed(run.inputs())).orElse(Importances.NONE),
                seen,
                Optional.empty());
    }

    /** What the layers of the model read; empty if that was not computed. */
    public Optional<ModelMoments> moments() {
        return moments;
    }

    /** The importance of the model's weights, as far as it is known. */
    public Importances importances() {
        return importances;
    }

    /**
     * The sketches, with the model and data that they depend on; empty if only the ranges of a session file are known.
     */
    public Optional<ActivationSketches> seen() {
        return seen;
    }

    /** A sketch of the values of each activation. */
    public Map<TensorId, MomentSketch> sketches() {
        return sketches;
    }

    /** Levels of an activation from a session file. */
    Optional<FittedLevels> levels(TensorId id) {
        return Optional.ofNullable(levels.get(id));
    }

    /**
     * The range from a session file for the automatic clip of {@code spec}; if there are no sketches, also a range that
     * another spec chose.
     */
    Optional<ClipRange> range(TensorId id, QuantSpec spec) {
        return Optional.ofNullable(chosen.get(id))
                .filter(c -> c.by.equals(spec) || !sketches.containsKey(id))
                .map(Chosen::range);
    }

    /** The activations about which anything is known, in the order of their names. */
    public Set<TensorId> activations() {
        Set<TensorId> all = new TreeSet<>(chosen.keySet());
        all.addAll(sketches.keySet());
        return all;
    }
}
