package org.quantscope.app.accuracy;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.quantscope.app.selected.SelectedTensor;
import org.quantscope.app.session.Changes;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.calib.Calibrator;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.correction.Corrections;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.Task;
import org.quantscope.core.export.ModelSize;
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
     * @param accuracy of the quantized model on all samples
     * @param choices the session state with these settings
     */
    public record Tried(String label, String details, long bytes, AccuracyEstimate accuracy, SessionState choices) {
        /** The mean score; for the float model its own score. */
        public double score() {
            return label.equals(FLOAT) ? accuracy.floatScore() : accuracy.score();
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

    /** The most points to keep, so that the plot stays readable; the oldest ones are dropped. */
    private static final int KEPT = 60;

    private final Workbench bench;
    private final AccuracyViewModel accuracy;
    private final SelectedTensor selected;
    private final List<Tried> points = new ArrayList<>();
    private Optional<FileRef> data = Optional.empty();
    private Optional<Task> metric = Optional.empty();
    private final ReadOnlyObjectWrapper<View> view = new ReadOnlyObjectWrapper<>(new View(List.of(), Optional.empty()));

    public TriedViewModel(Workbench bench, AccuracyViewModel accuracy, SelectedTensor selected) {
        this.bench = bench;
        this.accuracy = accuracy;
        this.selected = selected;
        bench.modelProperty().subscribe(x -> {
            points.clear();
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

    private void refresh() {
        SessionState state = bench.stateProperty().get().orElse(null);
        if (state == null) {
            return;
        }
        if (!state.evaluationData().equals(data) || !state.metric().equals(metric)) {
            // Scores on other data or of another kind cannot be compared.
            data = state.evaluationData();
            metric = state.metric();
            points.clear();
        }
        AccuracyState now = accuracy.viewProperty().get();
        Optional<ModelSize> size = now.size();
        if (size.isEmpty()) {
            return;
        }
        now.baseline().filter(AccuracyEstimate::isComplete).ifPresent(baseline -> {
            SessionState plain = state.withWeights(Optional.empty())
                    .withActivations(Optional.empty())
                    .withOverrides(Map.of())
                    .withKeptFloat(Set.of());
            add(FLOAT, "the model as it is", size.get().floatBytes(), baseline, plain);
        });
        boolean settled = now.status() == AccuracyState.Status.DONE
                && !now.previous()
                && selected.viewProperty().get().map(hand -> !hand.preview()).orElse(true);
        Optional<Tried> current = now.quantized()
                .filter(estimate -> settled && estimate.isComplete())
                .map(estimate -> add(label(), details(state), size.get().quantizedBytes(), estimate, state));
        publish(current);
    }

    /** Adds a point, or reuses the one with the same label and the same result. */
    private Tried add(String label, String details, long bytes, AccuracyEstimate estimate, SessionState state) {
        for (Tried known : points) {
            boolean alike = withoutNumber(known.label).equals(label) && known.accuracy.equals(estimate);
            if (known.bytes == bytes && (alike || known.choices.equals(state))) {
                return known;
            }
        }
        Set<String> taken = points.stream().map(Tried::label).collect(Collectors.toSet());
        String unique = label;
        for (int i = 2; taken.contains(unique); i++) {
            unique = label + " #" + i;
        }
        Tried tried = new Tried(unique, details, bytes, estimate, state);
        points.add(tried);
        if (points.size() > KEPT) {
            points.stream().filter(p -> !p.label.equals(FLOAT)).findFirst().ifPresent(points::remove);
        }
        return tried;
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
        List<QuantSpec> weights = specs(bench.weights());
        List<QuantSpec> activations = specs(bench.activations());
        if (weights.isEmpty() && activations.isEmpty()) {
            return FLOAT;
        }
        List<QuantSpec> all = new ArrayList<>(weights);
        all.addAll(activations);
        boolean corrected =
                bench.stateProperty().get().map(s -> !s.corrections().isEmpty()).orElse(false);
        return (letters("W", weights) + letters("A", activations) + rule(all)).strip()
                + (corrected ? " corrected" : "");
    }

    private List<QuantSpec> specs(List<? extends QuantizableTensor> subjects) {
        return subjects.stream().flatMap(s -> bench.spec(s).stream()).toList();
    }

    private static String letters(String prefix, List<QuantSpec> specs) {
        if (specs.isEmpty()) {
            return "";
        }
        int least = specs.stream().mapToInt(QuantSpec::bits).min().orElseThrow();
        int most = specs.stream().mapToInt(QuantSpec::bits).max().orElseThrow();
        long channels = specs.stream()
                .filter(s -> s.granularity() instanceof Granularity.PerChannel)
                .count();
        return prefix + least + (most > least ? "–" + most : "")
                + (channels == 0 ? "" : channels == specs.size() ? " ch" : " part ch") + " ";
    }

    /** The calibrator in a few letters, or nothing for the default one. */
    private static String rule(List<QuantSpec> specs) {
        Set<String> rules = specs.stream()
                .map(s -> s.clip() instanceof Clip.Auto auto ? auto.calibratorId() : "hand")
                .collect(Collectors.toSet());
        return rules.equals(Set.of("minmax"))
                ? ""
                : rules.contains("hand")
                        ? "hand"
                        : rules.size() > 1 ? "mixed" : rules.iterator().next();
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
        };
    }

    private static String tensors(int n) {
        return n == 1 ? "1 tensor" : n + " tensors";
    }

    public ReadOnlyObjectProperty<View> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
