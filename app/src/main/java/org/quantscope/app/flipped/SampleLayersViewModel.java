package org.quantscope.app.flipped;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.accuracy.AccuracyViewModel;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LayerComparison;
import org.quantscope.core.eval.LayerError;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.model.Model;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

/** The error of every activation for one sample, under the shown settings. */
public final class SampleLayersViewModel implements AutoCloseable {
    /**
     * What to show.
     *
     * @param sample its index in the data set; empty if none is selected
     * @param layers in graph order
     * @param previous true if the errors belong to earlier settings or another sample
     */
    public record View(OptionalInt sample, List<LayerError> layers, boolean previous) {
        static final View NOTHING = new View(OptionalInt.empty(), List.of(), false);

        /** That the errors are of more than the sample, where it has none alone; empty otherwise. */
        public String company() {
            int n = layers.isEmpty() ? 1 : layers.getFirst().samples();
            return n == 1 ? "" : " with its batch of " + n + ", whose rows influence each other";
        }

        /** The same view, marked as belonging to earlier settings. */
        View ofBefore() {
            return new View(sample, layers, true);
        }
    }

    private record Question(int sample, EvalRequest request) {}

    private final Workbench bench;
    private final AccuracyViewModel accuracy;
    private final Background background;
    private final Comparer comparer;
    private final LatestWins<View> latest;
    private final ReadOnlyObjectWrapper<View> view = new ReadOnlyObjectWrapper<>(View.NOTHING);
    private OptionalInt sample = OptionalInt.empty();
    private @Nullable Question asked;

    public SampleLayersViewModel(Workbench bench, AccuracyViewModel accuracy, Background background) {
        this.bench = bench;
        this.accuracy = accuracy;
        this.background = background;
        this.comparer = new Comparer(background.work());
        this.latest = background.latest(LatestWins.Mode.CONFLATE);
        bench.modelProperty().subscribe(x -> show(OptionalInt.empty()));
        accuracy.viewProperty().subscribe(x -> refresh());
    }

    /** Selects the sample to compute, by its index in the evaluation data; with none nothing is computed. */
    public void show(OptionalInt of) {
        sample = of;
        refresh();
    }

    /** The name of an activation, as the window shows it. */
    public String name(TensorId id) {
        return bench.subject(id).map(QuantizableTensor::shortName).orElseGet(() -> Invisible.escaped(id.name()));
    }

    private void refresh() {
        Optional<Model> model = bench.analysed().filter(m -> m.graph().isPresent());
        Optional<Dataset> data = bench.evaluationData();
        if (sample.isEmpty()
                || model.isEmpty()
                || data.isEmpty()
                || sample.getAsInt() >= data.get().size()) {
            asked = null;
            latest.cancel();
            if (model.isEmpty()) {
                comparer.forget();
            }
            view.set(View.NOTHING);
            return;
        }
        Optional<EvalRequest> request = accuracy.request();
        if (request.isEmpty()) {
            asked = null;
            stale();
            return;
        }
        Question question = new Question(sample.getAsInt(), request.get());
        if (question.equals(asked)) {
            return;
        }
        asked = question;
        stale();
        List<TensorId> values = model.get().graph().orElseThrow().activations().stream()
                .map(TensorInfo::id)
                .toList();
        try {
            LayerComparison comparison = comparer.of(model.get(), data.get());
            latest.submit(
                    (cancel, partial) -> new View(
                            OptionalInt.of(question.sample),
                            comparison.compare(question.request, values, new int[] {question.sample}, cancel),
                            false),
                    answer -> view.set(Objects.equals(asked, question) ? answer : answer.ofBefore()),
                    e -> background.problem("Layers of a sample: " + e.getMessage()));
        } catch (RuntimeException e) {
            background.problem("Layers of a sample: " + e.getMessage());
        }
    }

    private void stale() {
        view.set(new View(sample, view.get().layers, true));
    }

    @Override
    public void close() {
        latest.cancel();
        comparer.close();
    }

    public ReadOnlyObjectProperty<View> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
