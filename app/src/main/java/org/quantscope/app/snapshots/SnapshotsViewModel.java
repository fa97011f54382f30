package org.quantscope.app.snapshots;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.quantscope.app.accuracy.AccuracyState;
import org.quantscope.app.accuracy.AccuracyViewModel;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Changes;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.session.SettingsLabel;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.Engine;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.export.ModelSize;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.session.Snapshot;
import org.quantscope.core.session.SnapshotScore;

/** The settings that a person has kept under a name, with their size and score as far as they are known. */
public final class SnapshotsViewModel {
    /**
     * One tensor of the thumbnail.
     *
     * @param bits of its codes; 0 in float
     * @param activation false for a weight
     */
    public record Bar(int bits, boolean activation) {}

    /**
     * A snapshot.
     *
     * @param present true if these are the settings in hand
     * @param score on the present data, with the present calibration; empty if it was not evaluated there
     * @param elsewhere its scores that rest on something else
     * @param bytes size of the model's tensors, if it was ever computed
     * @param bars one for each tensor, weights before activations
     */
    public record Kept(
            Snapshot snapshot,
            boolean present,
            Optional<SnapshotScore> score,
            List<SnapshotScore> elsewhere,
            OptionalLong bytes,
            List<Bar> bars) {
        public Kept {
            elsewhere = List.copyOf(elsewhere);
            bars = List.copyOf(bars);
        }

        public String name() {
            return snapshot.name();
        }
    }

    /** Of more tensors than this the thumbnail shows a part, evenly taken. */
    private static final int MOST_BARS = 400;

    private final Workbench bench;
    private final AccuracyViewModel accuracy;
    private final Background background;
    private final LatestWins<Model> correcting;
    private final Map<String, Long> sizes = new HashMap<>();
    private final ReadOnlyObjectWrapper<List<Kept>> view = new ReadOnlyObjectWrapper<>(List.of());

    public SnapshotsViewModel(Workbench bench, AccuracyViewModel accuracy, Background background) {
        this.bench = bench;
        this.accuracy = accuracy;
        this.background = background;
        this.correcting = background.latest(LatestWins.Mode.CANCEL_STALE);
        bench.modelProperty().subscribe(x -> {
            sizes.clear();
            correcting.cancel();
        });
        accuracy.viewProperty().subscribe(x -> note());
        bench.scoresProperty().subscribe(x -> show());
        bench.changes().on(Changes.Stage.OTHERS, this::note);
    }

    /** Why no snapshot can be taken, a sentence; empty if one can. */
    public String refusal() {
        return bench.modelProperty().get().isEmpty() ? "Open a model first (Ctrl+O)" : "";
    }

    /** Keeps the present settings under a name made of them, as one undo step. */
    public void take() {
        state().ifPresent(state -> bench.apply(new Edit.TakeSnapshot(freeName(label(), state))));
    }

    /** Keeps the present settings under a name. What is wrong with the name is reported. */
    public void take(String name) {
        apply(new Edit.TakeSnapshot(name.strip()));
    }

    /** Gives a snapshot another name, as one undo step. What is wrong with the name is reported. */
    public void rename(Snapshot snapshot, String name) {
        apply(new Edit.RenameSnapshot(snapshot.name(), name.strip()));
    }

    public void delete(Snapshot snapshot) {
        apply(new Edit.DeleteSnapshot(snapshot.name()));
    }

    private void apply(Edit edit) {
        try {
            bench.apply(edit);
        } catch (IllegalArgumentException e) {
            background.problem(String.valueOf(e.getMessage()));
        }
    }

    /**
     * Goes back to the settings of a snapshot as one undo step; the data stays. Corrections that were not computed since
     * the model was opened are computed first, in the background.
     */
    public void restore(Snapshot snapshot) {
        SessionState now = state().orElse(null);
        if (now == null) {
            return;
        }
        SessionState then = snapshot.on(now);
        if (bench.knowsModel(then)) {
            bench.apply(new Edit.RestoreSnapshot(snapshot.name()));
            return;
        }
        Model source = bench.modelProperty().get().orElseThrow().source();
        SessionState unplaced = then.withAddedQuantizers(Set.of());
        correcting.submit(
                (cancel, partial) -> {
                    try (Jobs.Handle job = background.start("Restoring " + snapshot.name(), cancel)) {
                        return Engine.analysed(source, unplaced, job, cancel);
                    }
                },
                model -> {
                    bench.keepCorrected(then, model);
                    // What was changed meanwhile is one step back.
                    bench.apply(new Edit.RestoreSnapshot(snapshot.name()));
                },
                background::problem);
    }

    private Optional<SessionState> state() {
        return bench.stateProperty().get();
    }

    private String label() {
        String label = SettingsLabel.of(
                specs(bench.weights()),
                specs(bench.activations()),
                state().map(s -> !s.corrections().isEmpty()).orElse(false));
        return label.isEmpty() ? "float32" : label;
    }

    private List<QuantSpec> specs(List<? extends QuantizableTensor> subjects) {
        return subjects.stream().flatMap(s -> bench.spec(s).stream()).toList();
    }

    private static String freeName(String wanted, SessionState state) {
        Set<String> taken = state.snapshots().stream().map(Snapshot::name).collect(Collectors.toSet());
        String name = wanted;
        for (int i = 2; taken.contains(name); i++) {
            name = wanted + " #" + i;
        }
        return name;
    }

    /** Takes note of the size and the score of the settings in hand, if they are those of a snapshot. */
    private void note() {
        state().ifPresent(state -> {
            AccuracyState now = accuracy.viewProperty().get();
            state.snapshots().stream().filter(s -> s.holdsIn(state)).findFirst().ifPresent(s -> {
                if (!now.previous()) {
                    now.size().ifPresent(size -> sizes.put(s.key(), size.quantizedBytes()));
                }
                if (now.status() == AccuracyState.Status.DONE && !now.previous()) {
                    now.quantized()
                            .filter(AccuracyEstimate::isComplete)
                            .flatMap(figure -> score(state, figure, now.size()))
                            .ifPresent(score -> bench.scored(s, score));
                }
            });
        });
        show();
    }

    private Optional<SnapshotScore> score(SessionState state, AccuracyEstimate figure, Optional<ModelSize> size) {
        // Figures that are no numbers are no score.
        return size.filter(x -> Double.isFinite(figure.score()) && Double.isFinite(figure.floatScore()))
                .map(bytes -> new SnapshotScore(
                        SnapshotScore.restsOn(state),
                        state.evaluationData()
                                .map(FileRef::path)
                                .map(p -> String.valueOf(p.getFileName()))
                                .orElse(""),
                        figure.task(),
                        figure.total(),
                        figure.score(),
                        figure.floatScore(),
                        bytes.quantizedBytes()));
    }

    private void show() {
        SessionState state = state().orElse(null);
        List<Kept> all = new ArrayList<>();
        if (state != null) {
            String rests = SnapshotScore.restsOn(state);
            List<QuantizableTensor> tensors =
                    thinned(Stream.<QuantizableTensor>concat(bench.weights().stream(), bench.activations().stream())
                            .toList());
            for (Snapshot snapshot : state.snapshots()) {
                String key = snapshot.key();
                List<SnapshotScore> scores = bench.scoresProperty().get().getOrDefault(key, List.of());
                SessionState then = snapshot.on(state);
                Long size = sizes.get(key);
                all.add(new Kept(
                        snapshot,
                        snapshot.holdsIn(state),
                        scores.stream().filter(s -> s.rests().equals(rests)).findFirst(),
                        scores.stream().filter(s -> !s.rests().equals(rests)).toList(),
                        size != null
                                ? OptionalLong.of(size)
                                : scores.stream()
                                        .mapToLong(SnapshotScore::bytes)
                                        .findFirst(),
                        tensors.stream()
                                .map(t -> new Bar(
                                        then.spec(t.info()).map(QuantSpec::bits).orElse(0),
                                        t instanceof QuantizableTensor.Activation))
                                .toList()));
            }
        }
        if (!all.equals(view.get())) {
            view.set(List.copyOf(all));
        }
    }

    private static List<QuantizableTensor> thinned(List<QuantizableTensor> all) {
        if (all.size() <= MOST_BARS) {
            return all;
        }
        List<QuantizableTensor> some = new ArrayList<>();
        for (int i = 0; i < MOST_BARS; i++) {
            some.add(all.get((int) ((long) i * all.size() / MOST_BARS)));
        }
        return some;
    }

    /** In the order in which they were taken. */
    public ReadOnlyObjectProperty<List<Kept>> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
