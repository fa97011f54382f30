package org.quantscope.app.tensors;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.beans.property.SimpleStringProperty;
import javafx.beans.property.StringProperty;
import org.quantscope.app.workbench.Measured;
import org.quantscope.app.workbench.Measurements;
import org.quantscope.app.workbench.Subject;
import org.quantscope.app.workbench.Workbench;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/** The tensors of the open model under the committed settings, worst first, filtered by name. */
public final class TensorsViewModel {
    /**
     * What is listed.
     *
     * @param weights worst first; tensors whose error is not known yet keep the order of the file, behind the others
     * @param activations likewise
     * @param hidden how many the filter leaves out
     */
    public record Rows(List<TensorRow> weights, List<TensorRow> activations, int hidden) {
        public Rows {
            weights = List.copyOf(weights);
            activations = List.copyOf(activations);
        }
    }

    private static final Comparator<TensorRow> WORST_FIRST =
            Comparator.comparingDouble((TensorRow row) -> row.sqnrDb().orElse(Double.POSITIVE_INFINITY));

    private final Workbench bench;
    private final Measurements measurements;
    private final StringProperty filter = new SimpleStringProperty("");
    private final ReadOnlyObjectWrapper<Rows> rows = new ReadOnlyObjectWrapper<>(new Rows(List.of(), List.of(), 0));

    public TensorsViewModel(Workbench bench, Measurements measurements) {
        this.bench = bench;
        this.measurements = measurements;
        measurements.snapshotProperty().subscribe(x -> refresh());
        bench.seenProperty().subscribe(x -> refresh());
        filter.subscribe(x -> refresh());
    }

    private void refresh() {
        List<TensorRow> weights = bench.weights().stream().map(this::row).toList();
        List<TensorRow> activations = bench.activations().stream().map(this::row).toList();
        List<TensorRow> shownWeights = matching(weights);
        List<TensorRow> shownActivations = matching(activations);
        rows.set(new Rows(
                shownWeights, shownActivations, weights.size() + activations.size() - shownWeights.size() - shownActivations.size()));
    }

    private List<TensorRow> matching(List<TensorRow> all) {
        String wanted = filter.get().strip().toLowerCase(Locale.ROOT);
        Stream<TensorRow> kept = all.stream().filter(row -> row.id().name().toLowerCase(Locale.ROOT).contains(wanted)
                || row.name().toLowerCase(Locale.ROOT).contains(wanted));
        return kept.sorted(WORST_FIRST).toList();
    }

    private TensorRow row(Subject subject) {
        Optional<Measured> measured = Optional.ofNullable(measurements.snapshotProperty().get().tensors().get(subject.id()));
        boolean own = bench.stateProperty().get().map(s -> s.overrides().containsKey(subject.id())).orElse(false);
        return new TensorRow(
                subject.id(),
                subject.shortName(),
                subject instanceof Subject.Activation,
                subject.info().shape(),
                bench.spec(subject),
                own,
                measured.map(m -> m.error().sqnrDb()).orElse(OptionalDouble.empty()),
                measured.map(m -> m.error().exact()).orElse(true),
                measured.map(Measured::envelope));
    }

    /** Keeps tensors in float, or quantizes them again: one step. */
    public void keepFloat(Set<TensorId> ids, boolean on) {
        apply(on ? "keep in float: " + names(ids) : "quantize " + names(ids), ids.stream().map(id -> (Edit) new Edit.KeepFloat(id, on)).toList());
    }

    /** Gives tensors the default setting of their kind again: one step. */
    public void reset(Set<TensorId> ids) {
        apply("reset " + names(ids), ids.stream()
                .flatMap(id -> Stream.<Edit>of(new Edit.ClearOverride(id), new Edit.KeepFloat(id, false)))
                .toList());
    }

    /** Changes the settings of tensors: one step. Tensors that stay float are left out. */
    public void change(String what, Set<TensorId> ids, UnaryOperator<QuantSpec> change) {
        List<Edit> edits = ids.stream()
                .flatMap(id -> bench.subject(id).stream())
                .flatMap(subject -> bench.spec(subject).stream().map(spec -> (Edit) new Edit.SetOverride(subject.id(), change.apply(spec))))
                .toList();
        apply(what + " for " + names(ids), edits);
    }

    private void apply(String title, List<Edit> edits) {
        if (!edits.isEmpty()) {
            bench.apply(new Edit.All(title, edits));
        }
    }

    private String names(Set<TensorId> ids) {
        return ids.size() == 1 ? ids.iterator().next().name() : ids.size() + " tensors";
    }

    public boolean isKeptFloat(TensorId id) {
        return bench.stateProperty().get().map(SessionState::keptFloat).map(kept -> kept.contains(id)).orElse(false);
    }

    /** Part of a name; upper and lower case are the same. */
    public StringProperty filterProperty() {
        return filter;
    }

    public ReadOnlyObjectProperty<Rows> rowsProperty() {
        return rows.getReadOnlyProperty();
    }
}
