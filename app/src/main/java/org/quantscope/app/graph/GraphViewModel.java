package org.quantscope.app.graph;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.session.Workbench;
import org.quantscope.app.tensors.SensitivityViewModel;
import org.quantscope.app.tensors.ShownSensitivity;
import org.quantscope.app.tensors.TensorRow;
import org.quantscope.app.tensors.TensorsViewModel;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.Task;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.tensor.TensorId;

/**
 * The graph of the open model with what is known about its tensors. Nothing is computed while the view is not visible.
 */
public final class GraphViewModel {
    /** A block may hold hundreds of tensors; a text of all of them would fill the screen. */
    private static final int MOST_TOLD = 6;

    /**
     * What the colours mean.
     *
     * @param good the range of figures for little loss; {@code fair} and {@code bad} are those for more
     * @param of the name of the figure
     */
    record Legend(String good, String fair, String bad, String of) {
        private static Legend of(Optional<Task> swept, String hint) {
            return swept.map(Legend::of)
                    .orElseGet(() -> new Legend("≥ 14 dB", "≥ 10 dB", "< 10 dB", "SQNR of the tensor" + hint));
        }

        private static Legend of(Task task) {
            String alone = ", this tensor alone quantized";
            return switch (task) {
                case Task.TopK _, Task.Binary _, Task.Each _, Task.Every _ ->
                    new Legend("< 0.5 pts", "< 2 pts", "≥ 2 pts", task.headline() + " lost" + alone);
                case Task.Agreement _ ->
                    new Legend("< 0.5 pts", "< 2 pts", "≥ 2 pts", "agreement with float lost" + alone);
                case Task.MeanIou _, Task.Detector _, Task.BoxPrecision _, Task.CharacterErrors _ ->
                    new Legend(
                            "< 0.5 pts",
                            "< 2 pts",
                            "≥ 2 pts",
                            task.headline() + (task.higherIsBetter() ? " lost" : " above float’s") + alone);
                case Task.Regression _, Task.Perplexity _ ->
                    new Legend("< 0.5 %", "< 2 %", "≥ 2 %", task.headline() + " above float’s" + alone);
                case Task.Cosine _ -> new Legend("< 0.5 %", "< 2 %", "≥ 2 %", task.headline() + " lost" + alone);
                // The float model's own deviation is 0, and so is its divergence: there is nothing to relate them to.
                case Task.Deviation _, Task.TokenDivergence _ ->
                    new Legend("< 0.005", "< 0.02", "≥ 0.02", task.headline() + alone);
            };
        }
    }

    /** What to show. */
    sealed interface View {
        /** The drawing, if there is one. */
        default Optional<Drawn> drawn() {
            return this instanceof Drawn d ? Optional.of(d) : Optional.empty();
        }
    }

    /** There is no drawing, or none yet; {@code why} says why, and is empty if no model is open. */
    record Nothing(String why) implements View {}

    /**
     * A drawing.
     *
     * @param rows what is known about each tensor of the drawing
     * @param worst for each box of the drawing the largest loss of its quantized tensors; empty if none is quantized
     * @param colours where the colours come from
     * @param selected the selected tensor
     */
    record Drawn(
            ModelDrawing drawing,
            Map<TensorId, TensorRow> rows,
            List<Optional<TensorRow>> worst,
            Colours colours,
            Optional<TensorId> selected)
            implements View {
        /** A drawing coloured by the present settings. */
        static Drawn of(ModelDrawing drawing, Map<TensorId, TensorRow> rows, String hint, Optional<TensorId> selected) {
            Optional<Task> swept = rows.values().stream()
                    .flatMap(row -> row.sensitivity().stream())
                    .flatMap(d -> d.figures().onlyThis().or(d.figures()::allButThis).stream())
                    .map(AccuracyEstimate::task)
                    .findFirst();
            List<Optional<TensorRow>> worst = drawing.boxes().stream()
                    .map(box -> box.tensors().stream()
                            .map(rows::get)
                            .filter(row -> row != null && row.setting().spec().isPresent())
                            .reduce((a, b) -> worse(a, b, swept.isPresent()) ? a : b))
                    .toList();
            return new Drawn(drawing, rows, worst, new Colours(swept.isPresent(), Legend.of(swept, hint)), selected);
        }

        Drawn withSelected(Optional<TensorId> other) {
            return new Drawn(drawing, rows, worst, colours, other);
        }

        private static boolean worse(TensorRow a, TensorRow b, boolean swept) {
            int byLevel = a.level().compareTo(b.level());
            if (byLevel != 0) {
                return byLevel > 0;
            }
            return swept
                    ? loss(a) >= loss(b)
                    : a.result().sqnrDb().orElse(Double.POSITIVE_INFINITY)
                            <= b.result().sqnrDb().orElse(Double.POSITIVE_INFINITY);
        }

        private static double loss(TensorRow row) {
            return row.sensitivity()
                    .map(d -> d.loss().orElse(Double.NEGATIVE_INFINITY))
                    .orElse(Double.NEGATIVE_INFINITY);
        }
    }

    /**
     * Where the colours of a drawing come from.
     *
     * @param swept true for a sensitivity sweep, false for the tensors' own errors
     */
    record Colours(boolean swept, Legend legend) {
        static final Colours OWN_ERRORS = new Colours(false, Legend.of(Optional.empty(), ""));
    }

    /**
     * What a drawing is made from.
     *
     * @param carried the tensors that make a box wide: weights, and activations that are quantized
     * @param folded the blocks that are one box each
     */
    private record Source(Model model, Set<TensorId> carried, Set<String> folded) {}

    /** The same graph from top to bottom and from left to right. */
    private record Drawings(ModelDrawing down, ModelDrawing right) {
        /** The one that is larger where all of it is to be seen. */
        ModelDrawing fitting(double width, double height) {
            return scale(right, width, height) > scale(down, width, height) ? right : down;
        }

        private static double scale(ModelDrawing d, double width, double height) {
            return Math.min(width / d.width(), height / d.height());
        }
    }

    private final Workbench bench;
    private final TensorsViewModel tensors;
    private final SensitivityViewModel sensitivity;
    private final Background background;
    private final LatestWins<Drawings> latest;
    private final ReadOnlyObjectWrapper<View> view = new ReadOnlyObjectWrapper<>(new Nothing(""));
    private boolean showing;
    private @Nullable Source drawn;
    private @Nullable Drawings drawing;
    private Set<String> blocks = Set.of();
    private Set<String> folded = Set.of();
    private ModelDrawing.@Nullable Way turned;
    /** The room for the drawing, in pixels. */
    private double width = 1;

    private double height = 1;

    public GraphViewModel(
            Workbench bench, TensorsViewModel tensors, SensitivityViewModel sensitivity, Background background) {
        this.bench = bench;
        this.tensors = tensors;
        this.sensitivity = sensitivity;
        this.background = background;
        this.latest = background.latest(LatestWins.Mode.CANCEL_STALE);
        tensors.rowsProperty().subscribe(x -> refresh());
        bench.stateProperty().subscribe(x -> refresh());
        bench.selectionProperty().subscribe(id -> view.get().drawn().ifPresent(d -> view.set(d.withSelected(id))));
    }

    /** Says whether the view is visible. */
    public void setShowing(boolean on) {
        showing = on;
        refresh();
    }

    private void refresh() {
        if (!showing) {
            return;
        }
        Model model = bench.analysed().orElse(null);
        OnnxGraph graph = model == null ? null : model.graph().orElse(null);
        if (model == null || graph == null) {
            latest.cancel();
            drawn = null;
            drawing = null;
            view.set(new Nothing(model == null ? "" : "This file holds weights without a graph."));
            return;
        }
        Set<TensorId> quantizable = new HashSet<>();
        Set<TensorId> carried = new HashSet<>();
        bench.weights().forEach(w -> carried.add(w.id()));
        bench.activations().stream().filter(a -> bench.spec(a).isPresent()).forEach(a -> carried.add(a.id()));
        if (drawn == null || !drawn.model.equals(model)) {
            drawing = null;
            turned = null;
            folded = Set.of();
            blocks = ModelDrawing.blocks(graph);
        }
        Source source = new Source(model, Set.copyOf(carried), folded);
        if (!source.equals(drawn)) {
            drawn = source;
            bench.weights().forEach(w -> quantizable.add(w.id()));
            bench.activations().forEach(a -> quantizable.add(a.id()));
            latest.submit(
                    (cancel, partial) -> new Drawings(
                            ModelDrawing.of(
                                    graph, quantizable, source.carried, source.folded, ModelDrawing.Way.DOWN, cancel),
                            ModelDrawing.of(
                                    graph, quantizable, source.carried, source.folded, ModelDrawing.Way.RIGHT, cancel)),
                    made -> {
                        drawing = made;
                        show();
                    },
                    e -> background.problem("Graph: " + e.getMessage()));
        }
        show();
    }

    private void show() {
        Drawings both = drawing;
        View next;
        if (both == null) {
            next = new Nothing("Drawing…");
        } else {
            ModelDrawing made = turned == null
                    ? both.fitting(width, height)
                    : turned == ModelDrawing.Way.DOWN ? both.down : both.right;
            Map<TensorId, TensorRow> rows = new HashMap<>();
            made.boxes()
                    .forEach(box -> box.tensors().forEach(id -> tensors.row(id).ifPresent(row -> rows.put(id, row))));
            SensitivityViewModel.View sweep = sensitivity.viewProperty().get();
            next = Drawn.of(
                    made,
                    rows,
                    sweep.why().isEmpty()
                            ? " · press Sensitivity for what it costs"
                            : " · what it costs: " + sweep.why(),
                    bench.selectionProperty().get());
        }
        if (!next.equals(view.get())) {
            view.set(next);
        }
    }

    /** Says how much room there is, in pixels: a wide one is for a drawing from left to right. */
    void setRoom(double width, double height) {
        if (width > 0 && height > 0 && (width != this.width || height != this.height)) {
            this.width = width;
            this.height = height;
            if (turned == null && drawing != null) {
                show();
            }
        }
    }

    /** Draws the other way than now, until another model is opened. */
    void turn() {
        view.get().drawn().ifPresent(d -> {
            turned = d.drawing().way() == ModelDrawing.Way.DOWN ? ModelDrawing.Way.RIGHT : ModelDrawing.Way.DOWN;
            show();
        });
    }

    /** Folds all blocks, or opens them if one is folded. */
    void foldOrOpen() {
        folded = folded.isEmpty() ? blocks : Set.of();
        refresh();
    }

    /** Opens a folded block. */
    void open(ModelDrawing.Box box) {
        Set<String> rest = new HashSet<>(folded);
        if (rest.remove(box.name())) {
            folded = Set.copyOf(rest);
            refresh();
        }
    }

    /** How many blocks the names of the operators tell of. */
    int blocks() {
        return blocks.size();
    }

    /** Selects a tensor of a box: the first one, or if one of them is selected already, the next one. */
    void choose(ModelDrawing.Box box) {
        List<TensorId> of = box.tensors();
        if (!of.isEmpty()) {
            int now = bench.selectionProperty().get().map(of::indexOf).orElse(-1);
            tensors.select(of.get((now + 1) % of.size()));
        }
    }

    /**
     * Selects the next quantized tensor in graph order.
     *
     * @param by 1 for the one after the selected tensor, −1 for the one before it
     */
    void step(int by) {
        Drawn v = view.get().drawn().orElse(null);
        if (v == null) {
            return;
        }
        List<TensorId> order = v.drawing.boxes().stream()
                .flatMap(b -> b.tensors().stream())
                .distinct()
                .toList();
        for (int at = v.selected.map(order::indexOf).orElse(-1) + by; at >= 0 && at < order.size(); at += by) {
            TensorRow row = v.rows.get(order.get(at));
            if (row != null && row.setting().spec().isPresent()) {
                tensors.select(row.id());
                return;
            }
        }
    }

    /** A text of several lines: what operator a box is, and what the quantization of its tensors costs. */
    String describe(ModelDrawing.Box box) {
        Map<TensorId, TensorRow> rows = view.get().drawn().map(Drawn::rows).orElse(Map.of());
        StringBuilder text = new StringBuilder(box.operator() + "  " + box.name());
        for (TensorId id : box.tensors().stream().limit(MOST_TOLD).toList()) {
            TensorRow row = rows.get(id);
            if (row != null) {
                text.append("\n\n")
                        .append(row.activation() ? "activation " : "weight ")
                        .append(Invisible.escaped(id.name()));
                text.append(
                        row.setting().spec().map(s -> ", " + s.bits() + " bits").orElse(", float"));
                row.result()
                        .sqnrDb()
                        .ifPresent(db -> text.append(String.format(
                                java.util.Locale.ROOT,
                                ", %sSQNR %.1f dB",
                                row.result().exact() ? "" : "≈ ",
                                db)));
                row.sensitivity()
                        .map(ShownSensitivity::describe)
                        .ifPresent(d -> text.append("\n").append(d));
            }
        }
        if (box.tensors().size() > MOST_TOLD) {
            text.append("\n\nand ").append(box.tensors().size() - MOST_TOLD).append(" tensors more");
        }
        if (box.block()) {
            text.append("\n\nA double click opens the block.");
        }
        return text.toString();
    }

    /** The model of the tensor list, for the actions on a tensor. */
    TensorsViewModel tensors() {
        return tensors;
    }

    /** A short name of a tensor. */
    String shortName(TensorId id) {
        return bench.subject(id).map(QuantizableTensor::shortName).orElseGet(() -> Invisible.escaped(id.name()));
    }

    ReadOnlyObjectProperty<View> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
