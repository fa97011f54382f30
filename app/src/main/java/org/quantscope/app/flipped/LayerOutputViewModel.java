package org.quantscope.app.flipped;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.accuracy.AccuracyViewModel;
import org.quantscope.app.selected.SelectedTensor;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LayerComparison;
import org.quantscope.core.eval.LayerError;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OutputSites;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.TensorId;

/**
 * The error that the tensor in hand makes at its layer's output, at its block's and in the predictions: alone, and with
 * everything quantized as it is set. Follows a drag; a piece of work that runs is finished, then the newest one starts.
 */
public final class LayerOutputViewModel implements AutoCloseable {
    /** Samples that the figures rest on, if there are as many. */
    static final int SAMPLES = 128;

    /** Why there is nothing. */
    public enum Status {
        NO_GRAPH,
        NO_DATA,
        /** The tensor in hand stays float: it makes no error of its own. */
        FLOAT,
        /** Nothing that depends on the input is computed from it. */
        NO_OUTPUT,
        SHOWN
    }

    /**
     * The error at one place.
     *
     * @param place what kind of place, for a person
     * @param value its name in the graph
     * @param isolated with only the tensor in hand quantized
     * @param accumulated with everything quantized
     */
    public record Row(String place, TensorId value, LayerError isolated, LayerError accumulated) {}

    /**
     * What is on show.
     *
     * @param rows the nearest place first; empty before the first figures
     * @param samples that they rest on
     * @param data where the samples are from
     * @param previous true if the rows belong to an earlier setting or tensor
     */
    public record View(Status status, List<Row> rows, int samples, String data, boolean previous) {
        static final View NOTHING = new View(Status.NO_GRAPH, List.of(), 0, "", false);
    }

    private record Question(QuantizableTensor subject, QuantParams params, EvalRequest all) {}

    private final Workbench bench;
    private final AccuracyViewModel accuracy;
    private final SelectedTensor inHand;
    private final Background background;
    private final Comparer comparer;
    private final LatestWins<View> latest;
    private final ReadOnlyObjectWrapper<View> view = new ReadOnlyObjectWrapper<>(View.NOTHING);
    private boolean showing;
    private @Nullable Question asked;

    public LayerOutputViewModel(
            Workbench bench, AccuracyViewModel accuracy, SelectedTensor inHand, Background background) {
        this.bench = bench;
        this.accuracy = accuracy;
        this.inHand = inHand;
        this.background = background;
        this.comparer = new Comparer(background.work());
        this.latest = background.latest(LatestWins.Mode.CONFLATE);
        accuracy.viewProperty().subscribe(x -> refresh());
        inHand.viewProperty().subscribe(x -> refresh());
    }

    /** Whether anybody looks: nothing is computed while nobody does. */
    public void setShowing(boolean on) {
        showing = on;
        refresh();
    }

    private void refresh() {
        Optional<Model> model = bench.analysed();
        if (!showing || model.isEmpty()) {
            asked = null;
            latest.cancel();
            if (model.isEmpty()) {
                comparer.forget();
            }
            view.set(View.NOTHING);
            return;
        }
        Optional<Dataset> data = bench.evaluationData().or(bench::calibrationData);
        Optional<SelectedTensor.View> hand = inHand.viewProperty().get();
        if (model.get().graph().isEmpty()) {
            nothing(Status.NO_GRAPH);
        } else if (data.isEmpty()) {
            nothing(Status.NO_DATA);
        } else if (hand.isPresent() && hand.get().spec().isEmpty()) {
            nothing(Status.FLOAT);
        } else {
            ask(model.get(), data.get(), hand);
        }
    }

    private void nothing(Status status) {
        asked = null;
        latest.cancel();
        view.set(new View(status, List.of(), 0, "", false));
    }

    private void ask(Model model, Dataset data, Optional<SelectedTensor.View> hand) {
        Optional<Question> question = accuracy.request()
                .flatMap(all -> hand.flatMap(h -> {
                    QuantParams params = all.weights()
                            .getOrDefault(
                                    h.subject().id(),
                                    all.activations().get(h.subject().id()));
                    return params == null ? Optional.empty() : Optional.of(new Question(h.subject(), params, all));
                }));
        if (question.isEmpty()) {
            asked = null;
            stale();
            return;
        }
        Question q = question.get();
        if (q.equals(asked)) {
            return;
        }
        asked = q;
        LayerComparison comparison;
        try {
            comparison = comparer.of(model, data);
        } catch (RuntimeException e) {
            background.problem("Layer output: " + e.getMessage());
            nothing(Status.NO_DATA);
            return;
        }
        stale();
        latest.submit(
                (cancel, partial) -> {
                    Optional<OutputSites> sites = OutputSites.of(model.graph().orElseThrow(), q.subject.id());
                    if (sites.isEmpty()) {
                        return new View(Status.NO_OUTPUT, List.of(), 0, "", false);
                    }
                    TensorId id = q.subject.id();
                    EvalRequest isolated = switch (q.subject) {
                        case QuantizableTensor.Weight _ ->
                            new EvalRequest(Optional.of(id), Map.of(id, q.params), Map.of());
                        case QuantizableTensor.Activation _ ->
                            new EvalRequest(Optional.empty(), Map.of(), Map.of(id, q.params));
                    };
                    List<TensorId> values = new ArrayList<>(List.of(sites.get().layer()));
                    List<String> places = new ArrayList<>(List.of(
                            q.subject instanceof QuantizableTensor.Weight ? "behind its layer" : "the activation"));
                    sites.get().block().ifPresent(block -> {
                        values.add(block);
                        places.add("behind its block: " + sites.get().blockIs());
                    });
                    sites.get().output().ifPresent(output -> {
                        values.add(output);
                        places.add("predictions");
                    });
                    int[] samples = comparison.someSamples(SAMPLES);
                    List<LayerError> alone = comparison.compare(isolated, values, samples, cancel);
                    List<LayerError> together = comparison.compare(q.all, values, samples, cancel);
                    List<Row> rows = new ArrayList<>();
                    for (int i = 0; i < values.size(); i++) {
                        rows.add(new Row(places.get(i), values.get(i), alone.get(i), together.get(i)));
                    }
                    return new View(
                            Status.SHOWN,
                            List.copyOf(rows),
                            samples.length,
                            String.valueOf(data.file().getFileName()),
                            false);
                },
                answer -> view.set(
                        Objects.equals(asked, q)
                                ? answer
                                : new View(answer.status, answer.rows, answer.samples, answer.data, true)),
                e -> background.problem("Layer output: " + e.getMessage()));
    }

    /** What is on show belongs to what was before. */
    private void stale() {
        View now = view.get();
        view.set(
                now.status == Status.SHOWN
                        ? new View(now.status, now.rows, now.samples, now.data, true)
                        : new View(Status.SHOWN, List.of(), 0, "", false));
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
