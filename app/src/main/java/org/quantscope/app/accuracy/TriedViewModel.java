package org.quantscope.app.accuracy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.selected.SelectedTensor;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Changes;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.session.SettingsLabel;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.calib.Calibrator;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.correction.Corrections;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.Task;
import org.quantscope.core.export.ModelSize;
import org.quantscope.core.onnx.Scored;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/** All committed settings that were evaluated on all samples since the model was opened, each with a way back to it. */
public final class TriedViewModel {
    /**
     * Settings with their result.
     *
     * @param label a few characters that tell it from the others, such as {@code W4 ch mse}; {@code float32} for the
     *     model without quantization
     * @param details the settings in words
     * @param bytes the size of the model's tensors
     * @param task what is scored
     * @param score the mean score of the model with these settings
     * @param samples the number of samples that the score rests on: all there are
     * @param outputSqnrDb of the model's outputs against the float model's, in dB; tells settings of one score apart
     * @param choices the session state with these settings
     */
    public record Tried(
            String label,
            String details,
            long bytes,
            Task task,
            double score,
            int samples,
            double outputSqnrDb,
            SessionState choices) {
        /** True for the model without quantization. */
        public boolean isFloat() {
            return label.equals(FLOAT);
        }

        private Tried named(String other) {
            return new Tried(other, details, bytes, task, score, samples, outputSqnrDb, choices);
        }

        /** True if the result is the same and the name differs by its number at most. */
        private boolean isLike(Tried other) {
            return bytes == other.bytes
                    && task.equals(other.task)
                    && samples == other.samples
                    && Double.compare(score, other.score) == 0
                    && Double.compare(outputSqnrDb, other.outputSqnrDb) == 0
                    && withoutNumber(label).equals(withoutNumber(other.label));
        }
    }

    /**
     * What to show.
     *
     * @param points in the order of their first evaluation
     * @param current the point of the present settings; empty if they have not been evaluated yet
     */
    public record View(List<Tried> points, Optional<Tried> current) {
        public View {
            points = List.copyOf(points);
        }
    }

    static final String FLOAT = "float32";

    private final Workbench bench;
    private final AccuracyViewModel accuracy;
    private final SelectedTensor selected;
    private final TriedStore store;
    private final Background background;
    /**
     * What scores can be compared on: another data set, another score, another output or another float model is another
     * plot.
     */
    private record Scale(
            FileRef model, Optional<FileRef> data, Optional<Task> metric, Scored scored, Optional<FileRef> reference) {
        static Scale of(SessionState state) {
            return new Scale(state.model(), state.evaluationData(), state.metric(), state.scored(), state.reference());
        }

        /** Depends on the contents of the files and not on where they are. */
        String key() {
            return TriedStore.key(
                    model.sha256(),
                    data.map(FileRef::sha256).orElse(""),
                    data.flatMap(FileRef::preprocessing).map(Object::toString).orElse(""),
                    metric.map(Task::id).orElse(""),
                    scored.toString() + reference.map(FileRef::digest).orElse(""));
        }
    }

    private final Map<Scale, List<Tried>> plots = new HashMap<>();
    private List<Tried> points = new ArrayList<>();
    private @Nullable Scale scale;
    private final ReadOnlyObjectWrapper<View> view = new ReadOnlyObjectWrapper<>(new View(List.of(), Optional.empty()));

    /** @param folder keeps what was tried between runs */
    public TriedViewModel(
            Workbench bench, AccuracyViewModel accuracy, SelectedTensor selected, Path folder, Background background) {
        this.store = new TriedStore(folder);
        this.background = background;
        this.bench = bench;
        this.accuracy = accuracy;
        this.selected = selected;
        bench.modelProperty().subscribe(x -> {
            plots.clear();
            points = new ArrayList<>();
            publish(Optional.empty());
        });
        accuracy.viewProperty().subscribe(x -> refresh());
        // Not with the tensor in hand: accuracy still shows the setting of before then.
        bench.changes().on(Changes.Stage.OTHERS, this::refresh);
    }

    /**
     * Goes back to earlier settings and corrections as one undo step, or none if they are the present ones. The data
     * stays the same.
     */
    public void adopt(Tried tried) {
        bench.stateProperty()
                .get()
                .filter(now -> bench.knowsModel(tried.choices()))
                .ifPresent(now -> {
                    SessionState then = tried.choices();
                    List<Edit> edits = new ArrayList<>();
                    if (!then.corrections().equals(now.corrections())) {
                        now.corrections().forEach(c -> edits.add(new Edit.RemoveCorrection(0, Corrections.title(c))));
                        then.corrections().forEach(c -> edits.add(new Edit.ApplyCorrection(c, Corrections.title(c))));
                    }
                    edits.add(new Edit.SetFoldBatchNorm(then.foldBatchNorm()));
                    edits.add(new Edit.SetWeights(then.weights()));
                    edits.add(new Edit.SetActivations(then.activations()));
                    now.overrides().keySet().forEach(id -> edits.add(new Edit.ClearOverride(id)));
                    edits.add(new Edit.AdoptAll("", then.overrides()));
                    Set<TensorId> kept = new HashSet<>(now.keptFloat());
                    kept.addAll(then.keptFloat());
                    kept.forEach(id ->
                            edits.add(new Edit.KeepFloat(id, then.keptFloat().contains(id))));
                    bench.apply(new Edit.All("go back to " + tried.label(), edits));
                });
    }

    /** Adds points that were evaluated elsewhere, on the model and the data of now. */
    public void addAll(List<Tried> tried) {
        tried.forEach(this::add);
        publish(view.get().current());
    }

    /** A few characters for settings that all tensors of a kind have. */
    public static String label(SessionState state) {
        String label = SettingsLabel.of(
                Stream.concat(state.weights().stream(), state.overrides().values().stream())
                        .toList(),
                state.activations().stream().toList(),
                false);
        return label.isEmpty() ? FLOAT : label;
    }

    private void refresh() {
        SessionState state = bench.stateProperty().get().orElse(null);
        if (state == null) {
            return;
        }
        // Kept, so that undo of a change of the data brings them back.
        show(Scale.of(state));
        AccuracyState now = accuracy.viewProperty().get();
        Optional<ModelSize> size = now.size();
        if (size.isEmpty()) {
            publish(Optional.empty());
            return;
        }
        now.baseline().filter(AccuracyEstimate::isComplete).ifPresent(baseline -> {
            SessionState plain = state.withWeights(Optional.empty())
                    .withActivations(Optional.empty())
                    .withOverrides(Map.of())
                    .withKeptFloat(Set.of());
            add(new Tried(
                    FLOAT,
                    "the model as it is",
                    size.get().floatBytes(),
                    baseline.task(),
                    baseline.floatScore(),
                    baseline.total(),
                    Double.POSITIVE_INFINITY,
                    plain));
        });
        boolean settled = now.status() == AccuracyState.Status.DONE
                && !now.previous()
                && selected.viewProperty().get().map(hand -> !hand.preview()).orElse(true);
        Optional<Tried> current = now.quantized()
                .filter(estimate -> settled && estimate.isComplete())
                .map(estimate -> add(new Tried(
                        label(),
                        details(state),
                        size.get().quantizedBytes(),
                        estimate.task(),
                        estimate.score(),
                        estimate.total(),
                        estimate.logitSqnrDb(),
                        state)));
        publish(current);
    }

    /** Adds a point, or reuses the one with the same label and the same result. */
    private Tried add(Tried tried) {
        for (Tried known : points) {
            if (known.isLike(tried) || (known.bytes == tried.bytes && known.choices.equals(tried.choices))) {
                return known;
            }
        }
        Set<String> taken = points.stream().map(Tried::label).collect(Collectors.toSet());
        String unique = tried.label;
        for (int i = 2; taken.contains(unique); i++) {
            unique = tried.label + " #" + i;
        }
        Tried named = tried.named(unique);
        points.add(named);
        Scale here = scale;
        if (here != null) {
            background.work().execute(() -> store.add(here.key(), named));
        }
        if (points.size() > TriedStore.KEPT) {
            points.stream().filter(p -> !p.isFloat()).findFirst().ifPresent(points::remove);
        }
        return named;
    }

    /** Changes to the plot of a scale; into a new one the points of earlier runs follow when they have been read. */
    private void show(Scale of) {
        scale = of;
        List<Tried> known = plots.get(of);
        points = known == null ? new ArrayList<>() : known;
        if (known == null) {
            List<Tried> plot = points;
            plots.put(of, plot);
            if (of.data.isPresent()) {
                background.work().execute(() -> {
                    List<Tried> earlier = store.read(of.key());
                    background.ui().execute(() -> bringBack(of, plot, earlier));
                });
            }
        }
    }

    /** Into the plot that asked for them, if it is still there: another one may be equal to it. */
    @SuppressWarnings("ReferenceEquality")
    private void bringBack(Scale of, List<Tried> plot, List<Tried> earlier) {
        if (plots.get(of) != plot || earlier.isEmpty()) {
            return;
        }
        List<Tried> newer = List.copyOf(plot);
        plot.clear();
        plot.addAll(earlier);
        newer.stream().filter(p -> plot.stream().noneMatch(p::isLike)).forEach(plot::add);
        refresh();
    }

    private static String withoutNumber(String label) {
        int hash = label.indexOf(" #");
        return hash < 0 ? label : label.substring(0, hash);
    }

    private void publish(Optional<Tried> current) {
        View next = new View(points, current);
        if (!next.equals(view.get())) {
            view.set(next);
        }
    }

    private String label() {
        String label = SettingsLabel.of(
                specs(bench.weights()),
                specs(bench.activations()),
                bench.stateProperty().get().map(s -> !s.corrections().isEmpty()).orElse(false));
        return label.isEmpty() ? FLOAT : label;
    }

    private List<QuantSpec> specs(List<? extends QuantizableTensor> subjects) {
        return subjects.stream().flatMap(s -> bench.spec(s).stream()).toList();
    }

    private String details(SessionState state) {
        return "weights " + describe(specs(bench.weights()), bench.weights().size())
                + "\nactivations "
                + describe(specs(bench.activations()), bench.activations().size())
                + (state.corrections().isEmpty()
                        ? ""
                        : "\nafter "
                                + state.corrections().stream()
                                        .map(Corrections::title)
                                        .collect(Collectors.joining(", ")))
                + (state.overrides().isEmpty()
                        ? ""
                        : "\n" + tensors(state.overrides().size()) + " with settings of their own");
    }

    private static String describe(List<QuantSpec> specs, int total) {
        if (specs.isEmpty()) {
            return "in float";
        }
        Map<String, Integer> kinds = new TreeMap<>();
        specs.forEach(s -> kinds.merge(
                s.bits() + " bits" + (s.granularity() instanceof Granularity.PerChannel ? " per channel" : "") + ", "
                        + range(s),
                1,
                Integer::sum));
        String floats = specs.size() < total ? " · " + tensors(total - specs.size()) + " in float" : "";
        if (kinds.size() == 1) {
            return kinds.keySet().iterator().next() + floats;
        }
        return kinds.entrySet().stream()
                        .map(e -> "\n   " + tensors(e.getValue()) + ": " + e.getKey())
                        .collect(Collectors.joining())
                + floats;
    }

    private static String range(QuantSpec spec) {
        return switch (spec.clip()) {
            case Clip.Auto(var id, var options) ->
                Calibrators.all().stream()
                        .filter(c -> c.id().equals(id))
                        .map(Calibrator::title)
                        .findFirst()
                        .orElse(id);
            case Clip.Manual m -> "range by hand";
            case Clip.ManualPerChannel m -> "ranges by hand";
            case Clip.ManualPerBlock m -> "ranges by hand";
            case Clip.Fixed f -> "range of the file";
            case Clip.Dynamic dynamic -> "range of each " + dynamic.id();
        };
    }

    private static String tensors(int n) {
        return n == 1 ? "1 tensor" : n + " tensors";
    }

    public ReadOnlyObjectProperty<View> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
