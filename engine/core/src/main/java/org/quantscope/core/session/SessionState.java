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
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OwnQuantization;
import org.quantscope.core.onnx.Placement;
import org.quantscope.core.onnx.Scored;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/**
 * Everything a person has chosen, and nothing that can be computed from it. Immutable; saved as the JSON config.
 *
 * @param weights how weights are quantized unless {@code overrides} says otherwise; empty keeps them float
 * @param activations how activations are quantized unless overridden; empty keeps them float
 * @param overrides specs of single tensors (weights and activations)
 * @param keptFloat tensors that are not quantized, regardless of other settings
 * @param foldBatchNorm BatchNormalization is folded before analysis
 * @param calibrationData the data that activations are calibrated on
 * @param evaluationData the data that accuracy is computed on
 * @param metric what is scored; empty for the task that fits the model and the data best
 * @param addedQuantizers activations that get a quantizer with parameters of their own, though the rules of placement
 *     leave them in float or tie them to another
 * @param corrections corrections of the float model, applied in this order after folding
 * @param scored which output is scored, and whether it is averaged over a mask
 * @param reference the float model to compare with; empty for the model before its corrections
 * @param snapshots settings kept under a name, in the order in which they were taken; the names differ
 * @param budget what the model may cost and must reach
 */
public record SessionState(
        FileRef model,
        Optional<QuantSpec> weights,
        Optional<QuantSpec> activations,
        Map<TensorId, QuantSpec> overrides,
        Set<TensorId> keptFloat,
        boolean foldBatchNorm,
        Optional<FileRef> calibrationData,
        Optional<FileRef> evaluationData,
        Optional<Task> metric,
        Set<TensorId> addedQuantizers,
        List<AppliedCorrection> corrections,
        Scored scored,
        Optional<FileRef> reference,
        List<Snapshot> snapshots,
        DeviceBudget budget) {

    public SessionState {
        overrides = Collections.unmodifiableMap(new TreeMap<>(overrides));
        keptFloat = Collections.unmodifiableSet(new TreeSet<>(keptFloat));
        addedQuantizers = Collections.unmodifiableSet(new TreeSet<>(addedQuantizers));
        corrections = List.copyOf(corrections);
        snapshots = List.copyOf(snapshots);
        Set<String> names = new TreeSet<>();
        for (Snapshot snapshot : snapshots) {
            if (!names.add(snapshot.name())) {
                throw new IllegalArgumentException("snapshots: \"" + snapshot.name() + "\" is there twice");
            }
        }
    }

    /** A session without snapshots and limits. */
    public SessionState(
            FileRef model,
            Optional<QuantSpec> weights,
            Optional<QuantSpec> activations,
            Map<TensorId, QuantSpec> overrides,
            Set<TensorId> keptFloat,
            boolean foldBatchNorm,
            Optional<FileRef> calibrationData,
            Optional<FileRef> evaluationData,
            Optional<Task> metric,
            Set<TensorId> addedQuantizers,
            List<AppliedCorrection> corrections,
            Scored scored,
            Optional<FileRef> reference) {
        this(
                model,
                weights,
                activations,
                overrides,
                keptFloat,
                foldBatchNorm,
                calibrationData,
                evaluationData,
                metric,
                addedQuantizers,
                corrections,
                scored,
                reference,
                List.of(),
                DeviceBudget.NONE);
    }

    /** A fresh session: 8-bit weights with the documented defaults, activations in float. */
    public static SessionState of(FileRef model) {
        return new SessionState(
                model,
                Optional.of(QuantSpec.WEIGHTS),
                Optional.empty(),
                Map.of(),
                Set.of(),
                true,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Set.of(),
                List.of(),
                Scored.AUTOMATIC,
                Optional.empty());
    }

    /**
     * A fresh session of an opened model: for a model that is quantized already exactly its own grids, and otherwise the
     * defaults.
     *
     * @param opened as analysed
     */
    public static SessionState of(FileRef model, Model opened) {
        OwnQuantization own = opened.own().orElse(null);
        if (own == null) {
            return of(model);
        }
        Map<TensorId, QuantSpec> specs = new TreeMap<>();
        own.weights().forEach((id, grid) -> {
            if (opened.find(id).isPresent() && !opened.altered().contains(id)) {
                specs.put(id, grid.spec(false));
            }
        });
        Set<TensorId> added = new TreeSet<>();
        opened.graph()
                .ifPresent(graph -> own.activations()
                        .forEach((id, grid) -> graph.placement().site(id).ifPresent(site -> {
                            boolean placed = site.state() == Placement.State.OWN;
                            boolean shared = site.state() == Placement.State.TIED
                                    && graph.placement()
                                            .parametersOf(id)
                                            .map(own.activations()::get)
                                            .filter(grid::equals)
                                            .isPresent();
                            if (placed || (site.addable() && !shared)) {
                                specs.put(id, grid.spec(true));
                            }
                            if (!placed && site.addable() && !shared) {
                                added.add(id);
                            }
                        })));
        return of(model).withWeights(Optional.empty()).withOverrides(specs).withAddedQuantizers(added);
    }

    /**
     * What is chosen for a tensor of the model; the only place that decides which tensors are quantized. Weights and
     * activations follow the session's default or a spec of their own; other floating stored tensors are quantized only
     * by a spec of their own.
     */
    public Choice choice(TensorInfo tensor) {
        TensorId id = tensor.id();
        if (!tensor.dtype().isFloating()) {
            return new Choice.InFloat(Choice.Why.NOT_FLOATING);
        }
        boolean stored = tensor.kind() != TensorKind.ACTIVATION;
        if (stored && tensor.shape().count() == 0) {
            return new Choice.InFloat(Choice.Why.EMPTY);
        }
        if (keptFloat.contains(id)) {
            return new Choice.InFloat(Choice.Why.KEPT);
        }
        QuantSpec own = overrides.get(id);
        if (own != null) {
            return new Choice.Quantized(
                    own, own.clip() instanceof Clip.Fixed ? Choice.Source.FIXED : Choice.Source.OWN);
        }
        if (stored && tensor.kind() != TensorKind.WEIGHT) {
            return new Choice.InFloat(Choice.Why.NO_WEIGHT);
        }
        Optional<QuantSpec> all = stored ? weights : activations;
        return all.isPresent()
                ? new Choice.Quantized(all.get(), Choice.Source.DEFAULT)
                : new Choice.InFloat(Choice.Why.NOT_ASKED);
    }

    /** The spec that a tensor of the model is quantized with; empty if it stays in float. */
    public Optional<QuantSpec> spec(TensorInfo tensor) {
        return choice(tensor) instanceof Choice.Quantized(var spec, var _) ? Optional.of(spec) : Optional.empty();
    }

    /** The spec of an activation with a quantizer of its own; empty if it stays in float. */
    public Optional<QuantSpec> activationSpec(TensorId id) {
        return keptFloat.contains(id)
                ? Optional.empty()
                : Optional.ofNullable(overrides.get(id)).or(() -> activations);
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

    /** True if the codes of any weight are not simply the nearest ones. */
    public boolean choosesCodes() {
        return Stream.concat(weights.stream(), overrides.values().stream()).anyMatch(spec -> !spec.isNearest());
    }

    /** True if any range is chosen by a calibrator that needs importances. */
    public boolean needsImportance() {
        return Stream.concat(weights.stream(), overrides.values().stream())
                .anyMatch(spec -> Calibrators.needsImportance(spec.clip()));
    }

    /** False if nothing that was chosen can depend on the values of activations, or on what is known of them. */
    public boolean looksAtActivations() {
        return activations.isPresent() || !overrides.isEmpty() || needsImportance();
    }

    /** True if any range is chosen by a calibrator that needs what layers read. */
    public boolean needsMoments() {
        return Stream.concat(weights.stream(), overrides.values().stream())
                .anyMatch(spec -> Calibrators.needsMoments(spec.clip()));
    }

    public SessionState withKeptFloat(Set<TensorId> ids) {
        return copy(d -> d.keptFloat = ids);
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

    public SessionState withScored(Scored choice) {
        return copy(d -> d.scored = choice);
    }

    public SessionState withReference(Optional<FileRef> ref) {
        return copy(d -> d.reference = ref);
    }

    public SessionState withSnapshots(List<Snapshot> kept) {
        return copy(d -> d.snapshots = kept);
    }

    public SessionState withBudget(DeviceBudget limits) {
        return copy(d -> d.budget = limits);
    }

    /** The snapshot of a name. */
    public Optional<Snapshot> snapshot(String name) {
        return snapshots.stream().filter(s -> s.name().equals(name)).findFirst();
    }

    /**
     * Identifies the values of the corrected model, wherever its files lie: the digest of the model, or, if there are
     * corrections, the SHA-256 of that and of every correction. Observations of a model hold only under the same key.
     */
    public String modelKey() {
        return corrections.isEmpty() ? model.digest() : SessionWriter.keyOf(model.digest(), corrections);
    }

    private SessionState copy(Consumer<Draft> change) {
        Draft draft = new Draft(this);
        change.accept(draft);
        return draft.finish();
    }

    /** A copy being changed. */
    private static final class Draft {
        private FileRef model;
        private Optional<QuantSpec> weights;
        private Optional<QuantSpec> activations;
        private Map<TensorId, QuantSpec> overrides;
        private Set<TensorId> keptFloat;
        private boolean foldBatchNorm;
        private Optional<FileRef> calibrationData;
        private Optional<FileRef> evaluationData;
        private Optional<Task> metric;
        private Set<TensorId> addedQuantizers;
        private List<AppliedCorrection> corrections;
        private Scored scored;
        private Optional<FileRef> reference;
        private List<Snapshot> snapshots;
        private DeviceBudget budget;

        Draft(SessionState of) {
            model = of.model;
            weights = of.weights;
            activations = of.activations;
            overrides = of.overrides;
            keptFloat = of.keptFloat;
            foldBatchNorm = of.foldBatchNorm;
            calibrationData = of.calibrationData;
            evaluationData = of.evaluationData;
            metric = of.metric;
            addedQuantizers = of.addedQuantizers;
            corrections = of.corrections;
            scored = of.scored;
            reference = of.reference;
            snapshots = of.snapshots;
            budget = of.budget;
        }

        SessionState finish() {
            return new SessionState(
                    model,
                    weights,
                    activations,
                    overrides,
                    keptFloat,
                    foldBatchNorm,
                    calibrationData,
                    evaluationData,
                    metric,
                    addedQuantizers,
                    corrections,
                    scored,
                    reference,
                    snapshots,
                    budget);
        }
    }
}
