package org.quantscope.app.tensors;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.ReadOnlyBooleanProperty;
import javafx.beans.property.ReadOnlyBooleanWrapper;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.beans.property.SimpleObjectProperty;
import javafx.beans.property.SimpleStringProperty;
import javafx.beans.property.StringProperty;
import org.quantscope.app.selected.SelectedTensor;
import org.quantscope.app.session.Activations;
import org.quantscope.app.session.Changes;
import org.quantscope.app.session.Measured;
import org.quantscope.app.session.Measurements;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.session.Solutions;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.calib.Calibrator;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.Placement;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/**
 * The tensors of the open model under the committed settings, sorted, and filtered by name. When all errors of a model
 * are known, the worst weight is selected, unless the user has selected a tensor before.
 */
public final class TensorsViewModel {
    /**
     * The content of the list.
     *
     * @param weights in the chosen order; equal ones, and those whose error is not known yet, keep the order of the
     *     file
     * @param activations in the chosen order, likewise
     * @param others activations without their own parameters (tied to another one, or in float) in graph order, then
     *     the weights of operators that run in float
     * @param hidden how many weights and activations the filter hides
     */
    public record Rows(List<TensorRow> weights, List<TensorRow> activations, List<TensorRow> others, int hidden) {
        public Rows {
            weights = List.copyOf(weights);
            activations = List.copyOf(activations);
            others = List.copyOf(others);
        }
    }

    private final Workbench bench;
    private final Measurements measurements;
    private final Solutions solutions;
    private final SelectedTensor selected;
    private final Activations activations;
    private final SensitivityViewModel sensitivity;
    private final ObjectProperty<TensorOrder> order =
            new SimpleObjectProperty<>(this, "order", TensorOrder.WORST_FIRST);
    private final StringProperty filter = new SimpleStringProperty("");
    private final ReadOnlyObjectWrapper<Rows> rows =
            new ReadOnlyObjectWrapper<>(new Rows(List.of(), List.of(), List.of(), 0));

    private final ReadOnlyBooleanWrapper doubt = new ReadOnlyBooleanWrapper(this, "doubt");

    private final SteadyOrder places = new SteadyOrder();

    private static final int WIDE = 16;

    private boolean choosesWorst;

    /**
     * The rows of the former list. A row that has not changed remains the same object, so that views need not look at
     * thousands of rows again.
     */
    private Map<TensorId, TensorRow> before = Map.of();

    private List<TensorRow> weightRows = List.of();
    private List<TensorRow> activationRows = List.of();
    private List<TensorRow> otherRows = List.of();

    private Optional<Model> othersOf = Optional.empty();
    private List<UnsetTensor> others = List.of();

    public TensorsViewModel(
            Workbench bench,
            Measurements measurements,
            Solutions solutions,
            SelectedTensor selected,
            Activations activations,
            SensitivityViewModel sensitivity) {
        this.bench = bench;
        this.measurements = measurements;
        this.solutions = solutions;
        this.selected = selected;
        this.activations = activations;
        this.sensitivity = sensitivity;
        bench.modelProperty().subscribe(x -> {
            places.forget();
            choosesWorst = true;
        });
        bench.changes().on(Changes.Stage.TENSOR_LIST, () -> {
            takeWorst();
            refresh();
        });
        sensitivity.viewProperty().map(SensitivityViewModel.View::tensors).subscribe(x -> refresh());
        filter.subscribe(x -> arrange());
        order.subscribe(x -> {
            places.forget();
            arrange();
        });
    }

    private void refresh() {
        Map<TensorId, TensorRow> made = new HashMap<>();
        weightRows = bench.weights().stream().map(w -> keep(row(w), made)).toList();
        activationRows =
                bench.activations().stream().map(a -> keep(row(a), made)).toList();
        otherRows = others().stream().map(o -> keep(row(o), made)).toList();
        before = made;
        arrange();
    }

    /** Sorts and filters the rows. */
    private void arrange() {
        boolean known = measurements.snapshotProperty().get().complete();
        List<TensorRow> sortedWeights = places.sorted(weightRows, order.get(), known);
        List<TensorRow> sortedActivations = places.sorted(activationRows, order.get(), known);
        if (known) {
            places.hold(sortedWeights, sortedActivations);
        }
        List<TensorRow> shownWeights = matching(sortedWeights);
        List<TensorRow> shownActivations = matching(sortedActivations);
        rows.set(new Rows(
                shownWeights,
                shownActivations,
                matching(otherRows),
                weightRows.size() + activationRows.size() - shownWeights.size() - shownActivations.size()));
    }

    private TensorRow keep(TensorRow row, Map<TensorId, TensorRow> made) {
        TensorRow old = before.get(row.id());
        TensorRow kept = old != null && old.equals(row) ? old : row;
        made.put(row.id(), kept);
        return kept;
    }

    private List<UnsetTensor> others() {
        Optional<Model> model = bench.analysed();
        if (!model.equals(othersOf)) {
            othersOf = model;
            others = model.flatMap(Model::graph).map(UnsetTensor::of).orElse(List.of());
        }
        return others;
    }

    private TensorRow row(UnsetTensor other) {
        return new TensorRow(
                other.id(),
                other.name(),
                other.activation(),
                other.shape(),
                new TensorRow.Setting(other.owner().flatMap(bench::subject).flatMap(bench::spec), false),
                TensorRow.Result.NONE,
                Optional.empty());
    }

    private Optional<Placement> placement() {
        return bench.analysed().flatMap(Model::graph).map(OnnxGraph::placement);
    }

    /**
     * Why a tensor has a quantizer or not, and which others share its parameters. Empty for weights that are quantized.
     */
    public Optional<String> placement(TensorId id) {
        return bench.analysed().flatMap(Model::graph).flatMap(graph -> PlacementWords.of(graph, id));
    }

    /** True if all of these are activations without a quantizer by the placement rules, where the user may add one. */
    public boolean canPlace(Set<TensorId> ids) {
        return !ids.isEmpty()
                && placement()
                        .filter(p -> ids.stream()
                                .allMatch(id -> p.site(id)
                                        .filter(s -> s.addable() && s.state() != Placement.State.OWN)
                                        .isPresent()))
                        .isPresent();
    }

    /** True if the user has added a quantizer at each of these. */
    public boolean arePlaced(Set<TensorId> ids) {
        return !ids.isEmpty()
                && bench.stateProperty()
                        .get()
                        .filter(s -> s.addedQuantizers().containsAll(ids))
                        .isPresent();
    }

    /** Adds quantizers at activations where the placement rules have none, or removes them, as one undo step. */
    public void place(Set<TensorId> ids, boolean on) {
        activations.place(ids, on);
    }

    private List<TensorRow> matching(List<TensorRow> all) {
        String wanted = filter.get().strip().toLowerCase(Locale.ROOT);
        return wanted.isEmpty()
                ? all
                : all.stream()
                        .filter(row -> row.id().name().toLowerCase(Locale.ROOT).contains(wanted)
                                || row.name().toLowerCase(Locale.ROOT).contains(wanted))
                        .toList();
    }

    private void takeWorst() {
        if (!choosesWorst || !measurements.snapshotProperty().get().complete()) {
            return;
        }
        choosesWorst = false;
        List<QuantizableTensor.Weight> weights = bench.weights();
        Optional<TensorId> now = bench.selectionProperty().get();
        boolean untouched = !bench.selectionChosen()
                && !bench.canUndoProperty().get()
                && selected.viewProperty().get().map(v -> !v.preview()).orElse(true)
                && now.map(id -> id.equals(weights.getFirst().id())).orElse(true);
        if (untouched) {
            weights.stream()
                    .map(this::row)
                    .filter(row -> row.result().sqnrDb().isPresent())
                    .min(TensorOrder.WORST_FIRST.comparator())
                    .ifPresent(row -> bench.select(row.id()));
        }
    }

    /** Selects a tensor for the user. */
    public void select(TensorId id) {
        choosesWorst = false;
        bench.select(id);
    }

    private TensorRow row(QuantizableTensor subject) {
        Optional<Measured> measured = Optional.ofNullable(
                        solutions.viewProperty().get().measured().get(subject.id()))
                .or(() -> Optional.ofNullable(
                        measurements.snapshotProperty().get().tensors().get(subject.id())));
        boolean own = bench.stateProperty()
                .get()
                .map(s -> s.overrides().containsKey(subject.id()))
                .orElse(false);
        return new TensorRow(
                subject.id(),
                subject.shortName(),
                subject instanceof QuantizableTensor.Activation,
                subject.info().shape(),
                new TensorRow.Setting(bench.spec(subject), own),
                new TensorRow.Result(
                        measured.map(m -> m.error().sqnrDb()).orElse(OptionalDouble.empty()),
                        measured.map(m -> m.error().exact()).orElse(true),
                        measured.flatMap(Measured::output),
                        measured.map(Measured::envelope),
                        Optional.ofNullable(measurements
                                .snapshotProperty()
                                .get()
                                .obstacles()
                                .get(subject.id()))),
                Optional.ofNullable(sensitivity.viewProperty().get().tensors().get(subject.id())));
    }

    /** The names of all tensors of the open model that the list shows. */
    List<String> names() {
        return Stream.of(
                        bench.weights().stream().map(QuantizableTensor::shortName),
                        bench.activations().stream().map(QuantizableTensor::shortName),
                        others().stream().map(UnsetTensor::name))
                .flatMap(names -> names)
                .toList();
    }

    /** The row of a tensor that can have a setting, also if the filter hides it. */
    public Optional<TensorRow> row(TensorId id) {
        return bench.subject(id).map(this::row);
    }

    /** Keeps tensors in float, as one undo step. */
    public void keepFloat(Set<TensorId> ids) {
        apply(
                "keep in float: " + names(ids),
                ids.stream().map(id -> (Edit) new Edit.KeepFloat(id, true)).toList());
    }

    /**
     * Quantizes tensors again with their former setting, or the setting of their kind, or the documented default, as
     * one undo step.
     */
    public void quantize(Set<TensorId> ids) {
        bench.stateProperty()
                .get()
                .ifPresent(state -> apply(
                        "quantize " + names(ids),
                        ids.stream()
                                .flatMap(id -> bench.subject(id).stream())
                                .map(subject -> quantize(subject, state))
                                .toList()));
    }

    private static Edit quantize(QuantizableTensor subject, SessionState state) {
        Edit again = new Edit.KeepFloat(subject.id(), false);
        SessionState next = again.apply(state);
        return switch (subject) {
            case QuantizableTensor.Weight w ->
                next.spec(w.info()).isPresent() ? again : new Edit.SetOverride(w.id(), QuantSpec.WEIGHTS);
            case QuantizableTensor.Activation a ->
                next.activationSpec(a.id()).isPresent() ? again : new Edit.SetOverride(a.id(), QuantSpec.ACTIVATIONS);
        };
    }

    /** Gives tensors the default setting of their kind again, as one undo step. */
    public void reset(Set<TensorId> ids) {
        apply(
                "reset " + names(ids),
                ids.stream()
                        .flatMap(id -> Stream.<Edit>of(new Edit.ClearOverride(id), new Edit.KeepFloat(id, false)))
                        .toList());
    }

    /** Changes the settings of tensors as one undo step. Tensors that stay in float are left out. */
    public void change(String what, Set<TensorId> ids, UnaryOperator<QuantSpec> change) {
        List<Edit> edits = ids.stream()
                .flatMap(id -> bench.subject(id).stream())
                .flatMap(subject -> bench.spec(subject).stream()
                        .map(spec -> (Edit) new Edit.SetOverride(subject.id(), change.apply(spec))))
                .toList();
        apply(what + " for " + names(ids), edits);
    }

    /**
     * Lets a calibrator choose the ranges of tensors, as one undo step. Tensors that stay in float are left out, and so
     * are tensors of which the calibrator does not know what it needs.
     */
    public void adopt(Calibrator calibrator, Set<TensorId> ids) {
        Set<TensorId> able = ids.stream().filter(id -> canAdopt(calibrator, id)).collect(Collectors.toSet());
        change("calibrate with " + calibrator.title(), able, spec -> spec.withClip(new Clip.Auto(calibrator.id())));
    }

    /** False if the calibrator needs to know of the tensor what is unknown. */
    public boolean canAdopt(Calibrator calibrator, TensorId id) {
        return bench.subject(id).filter(s -> bench.knows(calibrator, s)).isPresent();
    }

    /** Gives tensors 16 bits, as one undo step. A scheme without 16 bits is replaced by the uniform one. */
    public void sixteenBits(Set<TensorId> ids) {
        change("16 bits", ids, spec -> {
            QuantSpec wide = spec.withBits(WIDE);
            try {
                wide.check();
                return wide;
            } catch (IllegalArgumentException e) {
                return wide.withScheme(QuantSpec.WEIGHTS.scheme());
            }
        });
    }

    private void apply(String title, List<Edit> edits) {
        if (!edits.isEmpty()) {
            sensitivity.follow();
            bench.apply(new Edit.All(title, edits));
        }
    }

    private String names(Set<TensorId> ids) {
        return ids.size() == 1 ? ids.iterator().next().name() : ids.size() + " tensors";
    }

    /** True if the graph computes the tensor. */
    public boolean isActivation(TensorId id) {
        return bench.subject(id)
                .filter(s -> s instanceof QuantizableTensor.Activation)
                .isPresent();
    }

    /** False if none of these can be quantized: weights of operators that run in float. */
    public boolean canQuantize(Set<TensorId> ids) {
        return ids.stream().anyMatch(id -> bench.subject(id).isPresent());
    }

    /** True if a tensor is not quantized. */
    public boolean isFloat(TensorId id) {
        return bench.subject(id).flatMap(bench::spec).isEmpty();
    }

    /**
     * Learns how the whole model does. Few samples prove a loss but not its absence: the former verdict stays until all
     * have been seen, so that the list is not written anew in each frame of a gesture.
     *
     * @param accuracy under the present settings; empty if there is nothing to evaluate
     */
    public void judge(Optional<AccuracyEstimate> accuracy) {
        if (accuracy.isEmpty() || accuracy.get().isComplete() || ShownSensitivity.isBad(accuracy.get())) {
            doubt.set(accuracy.filter(ShownSensitivity::isBad).isPresent());
        }
    }

    /** True if the model has lost much accuracy, so that a good SQNR of a tensor says little. */
    public ReadOnlyBooleanProperty doubtProperty() {
        return doubt.getReadOnlyProperty();
    }

    /** The order within each group of the list. */
    public ObjectProperty<TensorOrder> orderProperty() {
        return order;
    }

    /** A part of a name; upper and lower case are the same. */
    public StringProperty filterProperty() {
        return filter;
    }

    public ReadOnlyObjectProperty<Rows> rowsProperty() {
        return rows.getReadOnlyProperty();
    }
}
