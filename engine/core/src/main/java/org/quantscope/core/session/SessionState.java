package org.quantscope.core.session;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.eval.Task;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.TensorId;

/**
 * Everything a person has chosen, and nothing that can be computed from it. Immutable; saved as the JSON config.
 *
 * @param weights how weights are quantized unless {@code overrides} says otherwise; empty keeps them float
 * @param activations how activations are quantized unless overridden; empty keeps them float
 * @param overrides specs of single tensors (weights and activations)
 * @param keptFloat tensors that are not quantized whatever else is said
 * @param activationRanges ranges observed on the calibration data, by activation; what an {@code Auto} clip of an activation was resolved to
 * @param activationLevels what schemes that fit their levels to the values came to for activations; one that answers another request than
 *     the activation's present one is not used
 * @param foldBatchNorm BatchNormalization is folded before analysis
 * @param calibrationData the data that {@code activationRanges} rest on
 * @param evaluationData the data that accuracy is computed on
 * @param metric what is scored on it; empty for what fits the model and the data best
 * @param addedQuantizers activations that get a quantizer with parameters of their own, though the rules of placement leave
 *     them in float or tie them to another
 * @param corrections what is done to the float model before analysis, in this order, after folding
 */
public record SessionState(
        FileRef model,
        Optional<QuantSpec> weights,
        Optional<QuantSpec> activations,
        Map<TensorId, QuantSpec> overrides,
        Set<TensorId> keptFloat,
        Map<TensorId, ClipRange> activationRanges,
        Map<TensorId, FittedLevels> activationLevels,
        boolean foldBatchNorm,
        Optional<FileRef> calibrationData,
        Optional<FileRef> evaluationData,
        Optional<Task> metric,
        Set<TensorId> addedQuantizers,
        List<AppliedCorrection> corrections) {

    public SessionState {
        overrides = Collections.unmodifiableMap(new TreeMap<>(overrides));
        keptFloat = Collections.unmodifiableSet(new TreeSet<>(keptFloat));
        activationRanges = Collections.unmodifiableMap(new TreeMap<>(activationRanges));
        activationLevels = Collections.unmodifiableMap(new TreeMap<>(activationLevels));
        addedQuantizers = Collections.unmodifiableSet(new TreeSet<>(addedQuantizers));
        corrections = List.copyOf(corrections);
    }

    /** A fresh session: 8-bit weights with the documented defaults, activations in float. */
    public static SessionState of(FileRef model) {
        return new SessionState(
                model,
                Optional.of(QuantSpec.WEIGHTS),
                Optional.empty(),
                Map.of(),
                Set.of(),
                Map.of(),
                Map.of(),
                true,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Set.of(),
                List.of());
    }

    /** The spec of a weight, empty if it stays float. */
    public Optional<QuantSpec> weightSpec(TensorId id) {
        return specOf(id, weights);
    }

    /** The spec of an activation, empty if it stays float. */
    public Optional<QuantSpec> activationSpec(TensorId id) {
        return specOf(id, activations);
    }

    private Optional<QuantSpec> specOf(TensorId id, Optional<QuantSpec> fallback) {
        if (keptFloat.contains(id)) {
            return Optional.empty();
        }
        QuantSpec own = overrides.get(id);
        return own != null ? Optional.of(own) : fallback;
    }

    public SessionState withWeights(Optional<QuantSpec> spec) {
        return copy(d -> d.weights = spec);
    }

    public SessionState withActivations(Optional<QuantSpec> spec) {
        return copy(d -> d.activations = spec);
    }

    public SessionState withOverrides(Map<TensorId, QuantSpec> specs) {
        return copy(d -> d.overrides = specs);
    }

    /** Sets the spec of one tensor. */
    public SessionState withOverride(TensorId id, QuantSpec spec) {
        Map<TensorId, QuantSpec> specs = new TreeMap<>(overrides);
        specs.put(id, spec);
        return withOverrides(specs);
    }

    /** True if a range is chosen by a calibrator that has to know how important values are. */
    public boolean needsImportance() {
        return Stream.concat(weights.stream(), overrides.values().stream())
                .anyMatch(spec -> spec.clip() instanceof Clip.Auto auto
                        && Calibrators.byId(auto.calibratorId()).needsImportance());
    }

    public SessionState withKeptFloat(Set<TensorId> ids) {
        return copy(d -> d.keptFloat = ids);
    }

    public SessionState withActivationRanges(Map<TensorId, ClipRange> ranges) {
        return copy(d -> d.activationRanges = ranges);
    }

    public SessionState withActivationLevels(Map<TensorId, FittedLevels> levels) {
        return copy(d -> d.activationLevels = levels);
    }

    public SessionState withFoldBatchNorm(boolean fold) {
        return copy(d -> d.foldBatchNorm = fold);
    }

    public SessionState withModel(FileRef ref) {
        return copy(d -> d.model = ref);
    }

    public SessionState withCalibrationData(Optional<FileRef> ref) {
        return copy(d -> d.calibrationData = ref);
    }

    public SessionState withEvaluationData(Optional<FileRef> ref) {
        return copy(d -> d.evaluationData = ref);
    }

    public SessionState withMetric(Optional<Task> task) {
        return copy(d -> d.metric = task);
    }

    public SessionState withAddedQuantizers(Set<TensorId> ids) {
        return copy(d -> d.addedQuantizers = ids);
    }

    public SessionState withCorrections(List<AppliedCorrection> applied) {
        return copy(d -> d.corrections = applied);
    }

    /**
     * Stands for the values of the corrected model, wherever its files lie: the model's sha256 where nothing is corrected,
     * else the sha256 of that and of every correction. What was observed of one such model holds for that one only.
     */
    public String modelKey() {
        return corrections.isEmpty() ? model.sha256() : SessionWriter.keyOf(model.sha256(), corrections);
    }

    private SessionState copy(Consumer<Draft> change) {
        Draft draft = new Draft(this);
        change.accept(draft);
        return draft.finish();
    }

    /** A copy in the making. */
    private static final class Draft {
        private FileRef model;
        private Optional<QuantSpec> weights;
        private Optional<QuantSpec> activations;
        private Map<TensorId, QuantSpec> overrides;
        private Set<TensorId> keptFloat;
        private Map<TensorId, ClipRange> activationRanges;
        private Map<TensorId, FittedLevels> activationLevels;
        private boolean foldBatchNorm;
        private Optional<FileRef> calibrationData;
        private Optional<FileRef> evaluationData;
        private Optional<Task> metric;
        private Set<TensorId> addedQuantizers;
        private List<AppliedCorrection> corrections;

        Draft(SessionState of) {
            model = of.model;
            weights = of.weights;
            activations = of.activations;
            overrides = of.overrides;
            keptFloat = of.keptFloat;
            activationRanges = of.activationRanges;
            activationLevels = of.activationLevels;
            foldBatchNorm = of.foldBatchNorm;
            calibrationData = of.calibrationData;
            evaluationData = of.evaluationData;
            metric = of.metric;
            addedQuantizers = of.addedQuantizers;
            corrections = of.corrections;
        }

        SessionState finish() {
            return new SessionState(
                    model,
                    weights,
                    activations,
                    overrides,
                    keptFloat,
                    activationRanges,
                    activationLevels,
                    foldBatchNorm,
                    calibrationData,
                    evaluationData,
                    metric,
                    addedQuantizers,
                    corrections);
        }
    }
}
