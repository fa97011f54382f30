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
 * The error that the selected tensor causes at the output of its layer, at that of its block and in the predictions:
 * with it alone quantized, and with all tensors quantized as set. It follows a drag; a computation that has begun is
 * finished, then the newest one starts.
 */
public final class LayerOutputViewModel implements AutoCloseable {
    /** The number of samples that the figures are computed from, if the data has as many. */
    static final int SAMPLES = 128;

    /**
     * The errors at one place of the graph.
     *
     * @param place what kind of place it is, as text for the user
     * @param value its name in the graph
     * @param isolated the error with only the selected tensor quantized
     * @param accumulated the error with all tensors quantized as set
     */
    public record Row(String place, TensorId value, LayerError isolated, LayerError accumulated) {}

    /** What to show. */
    public sealed interface View {
        /** A reason why there is no error to show. */
        enum Nothing implements View {
            NOBODY_LOOKS(""),
            NO_GRAPH("This file holds weights without a graph: there is nothing to run."),
            NO_DATA("The error behind a layer needs data: drop some on the window."),
            FLOAT("This tensor stays float: it makes no error."),
            NO_OUTPUT("Nothing that depends on the input is computed from this tensor."),
            /** The first figures are being computed. */
            NOT_YET("…");

            private final String why;

            Nothing(String why) {
                this.why = why;
            }

            /** The reason as a sentence for the user. */
            public String why() {
                return why;
            }
        }

        /**
         * Computed errors.
         *
         * @param rows the nearest place first
         * @param samples how many samples the figures rest on
         * @param data the name of the data
         * @param previous true if the rows belong to earlier settings or another tensor
         */
        record Shown(List<Row> rows, int samples, String data, boolean previous) implements View {
            public Shown {
                rows = List.copyOf(rows);
            }

            /** The same errors, marked as belonging to earlier settings or another tensor. */
            Shown fromBefore() {
                return new Shown(rows, samples, data, true);
            }
        }

        /** The errors, if there are any. */
        default Optional<Shown> shown() {
            return this instanceof Shown s ? Optional.of(s) : Optional.empty();
        }
    }

    private record Question(QuantizableTensor subject, QuantParams params, EvalRequest all) {}

    private final Workbench bench;
    private final AccuracyViewModel accuracy;
    private final SelectedTensor selected;
    private final Background background;
    private final Comparer comparer;
    private final LatestWins<View> latest;
    private final ReadOnlyObjectWrapper<View> view = new ReadOnlyObjectWrapper<>(View.Nothing.NOBODY_LOOKS);
    private boolean showing;
    private @Nullable Question asked;

    public LayerOutputViewModel(
            Workbench bench, AccuracyViewModel accuracy, SelectedTensor selected, Background background) {
        this.bench = bench;
        this.accuracy = accuracy;
        this.selected = selected;
        this.background = background;
        this.comparer = new Comparer(background.work());
        this.latest = background.latest(LatestWins.Mode.CONFLATE);
        accuracy.viewProperty().subscribe(x -> refresh());
        selected.viewProperty().subscribe(x -> refresh());
    }

    /** Says whether the view is visible; nothing is computed while it is not. */
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
            view.set(View.Nothing.NOBODY_LOOKS);
            return;
        }
        Optional<Dataset> data = bench.evaluationData().or(bench::calibrationData);
        Optional<SelectedTensor.View> hand = selected.viewProperty().get();
        if (model.get().graph().isEmpty()) {
            nothing(View.Nothing.NO_GRAPH);
        } else if (data.isEmpty()) {
            nothing(View.Nothing.NO_DATA);
        } else if (hand.isPresent() && hand.get().spec().isEmpty()) {
            nothing(View.Nothing.FLOAT);
        } else {
            ask(model.get(), data.get(), hand);
        }
    }

    private void nothing(View.Nothing why) {
        asked = null;
        latest.cancel();
        view.set(why);
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
            nothing(View.Nothing.NO_DATA);
            return;
        }
        stale();
        latest.submit(
                (cancel, partial) -> {
                    Optional<OutputSites> sites = OutputSites.of(model.graph().orElseThrow(), q.subject.id());
                    if (sites.isEmpty()) {
                        return View.Nothing.NO_OUTPUT;
                    }
                    TensorId id = q.subject.id();
                    EvalRequest isolated = switch (q.subject) {
                        case QuantizableTensor.Weight _ ->
                            new EvalRequest(
                                    Optional.of(id),
                                    Map.of(id, q.params),
                                    Map.of(),
                                    Optional.ofNullable(q.all.values().get(id))
                                            .map(codes -> Map.of(id, codes))
                                            .orElse(Map.of()));
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
                    return new View.Shown(
                            rows,
                            together.getFirst().samples(),
                            String.valueOf(data.file().getFileName()),
                            false);
                },
                answer -> view.set(Objects.equals(asked, q) ? answer : fromBefore(answer)),
                e -> background.problem("Layer output: " + e.getMessage()));
    }

    /** Marks the shown figures as belonging to earlier settings. */
    private void stale() {
        view.set(fromBefore(view.get()));
    }

    private static View fromBefore(View v) {
        return switch (v) {
            case View.Shown shown -> shown.fromBefore();
            case View.Nothing _ -> View.Nothing.NOT_YET;
        };
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
