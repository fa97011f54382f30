package org.quantscope.app.against;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Changes;
import org.quantscope.app.session.Solutions;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.SamplePicture;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.SideBySide;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.job.Progress;
import org.quantscope.core.layerwise.MomentsPass;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.session.Snapshot;
import org.quantscope.core.session.SnapshotScore;
import org.quantscope.core.session.SolvedWeight;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.versus.SettingsComparison;
import org.quantscope.core.versus.Side;
import org.quantscope.core.versus.TensorDifference;

/** Compares two settings of the open model, A and B, each a snapshot or what is in hand, on the present data. */
public final class AgainstViewModel {
    /** The name of the settings in hand. */
    public static final String NOW = "now";

    /** The most samples of a kind that are shown with their pictures. */
    static final int SHOWN = 16;

    /** A sample that only one of the two gets wrong, with its picture if it has one. */
    public record Wrong(SideBySide.Differing sample, Optional<SamplePicture> picture) {}

    /** The tensor of which both grids are shown, and its values. */
    public record Shown(TensorDifference tensor, MomentSketch values) {}

    /**
     * What is known.
     *
     * @param names what can be compared: {@link #NOW} and the snapshots
     * @param comparison without scores while these are computed
     * @param onlyA samples that only A gets wrong, the first of them
     * @param onlyB samples that only B gets wrong
     * @param classes names of the classes; empty if there are none
     * @param why why there is no comparison, or no score, a sentence; else empty
     * @param running true while it is computed
     */
    public record View(
            List<String> names,
            String a,
            String b,
            Optional<SettingsComparison> comparison,
            List<Wrong> onlyA,
            List<Wrong> onlyB,
            List<String> classes,
            String data,
            String why,
            boolean running) {
        public View {
            names = List.copyOf(names);
            onlyA = List.copyOf(onlyA);
            onlyB = List.copyOf(onlyB);
            classes = List.copyOf(classes);
        }
    }

    /** Everything that a comparison rests on. */
    private record Asked(
            SessionState now,
            Model source,
            Model analysed,
            Model reference,
            Calibration calibration,
            Map<TensorId, SolvedWeight> codes,
            Optional<Dataset> data,
            Optional<Dataset> calibrating,
            Resolver resolver,
            Optional<Snapshot> a,
            Optional<Snapshot> b) {}

    private record Done(SettingsComparison comparison, List<Wrong> onlyA, List<Wrong> onlyB) {}

    private final Workbench bench;
    private final Solutions solutions;
    private final Background background;
    private final LatestWins<Done> comparing;
    private final LatestWins<Optional<Shown>> looking;
    private String a = NOW;
    private String b = NOW;
    private boolean open;
    private final ReadOnlyObjectWrapper<View> view = new ReadOnlyObjectWrapper<>(
            new View(List.of(NOW), NOW, NOW, Optional.empty(), List.of(), List.of(), List.of(), "", "", false));
    private final ReadOnlyObjectWrapper<Optional<Shown>> shown = new ReadOnlyObjectWrapper<>(Optional.empty());

    public AgainstViewModel(Workbench bench, Solutions solutions, Background background) {
        this.bench = bench;
        this.solutions = solutions;
        this.background = background;
        this.comparing = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.looking = background.latest(LatestWins.Mode.CANCEL_STALE);
        bench.changes().on(Changes.Stage.OTHERS, this::changed);
    }

    /** Opens the comparison of two settings by name; an unknown one is what is in hand. */
    public void show(String first, String second) {
        open = true;
        a = first;
        b = second;
        start();
    }

    /** Stops what runs; nothing is compared until it is shown again. */
    public void close() {
        open = false;
        comparing.cancel();
        looking.cancel();
    }

    private void changed() {
        if (open) {
            start();
        }
    }

    private void start() {
        SessionState now = bench.stateProperty().get().orElse(null);
        Model analysed = bench.analysed().orElse(null);
        if (now == null || analysed == null) {
            publish(Optional.empty(), List.of(), List.of(), "Open a model first (Ctrl+O).", false);
            return;
        }
        a = now.snapshot(a).map(Snapshot::name).orElse(NOW);
        b = now.snapshot(b).map(Snapshot::name).orElse(NOW);
        Asked asked = new Asked(
                now,
                bench.modelProperty().get().orElseThrow().source(),
                analysed,
                bench.reference().orElse(analysed),
                bench.calibration(),
                solutions.toSave(),
                analysed.graph().isPresent() ? bench.evaluationData() : Optional.empty(),
                bench.calibrationData(),
                bench.resolver(),
                now.snapshot(a),
                now.snapshot(b));
        publish(
                view.get()
                        .comparison()
                        .filter(c -> c.nameA().equals(a) && c.nameB().equals(b)),
                List.of(),
                List.of(),
                "",
                true);
        comparing.submit(
                (cancel, partial) -> compare(asked, cancel, partial),
                done -> took(asked, done),
                e -> publish(Optional.empty(), List.of(), List.of(), String.valueOf(e.getMessage()), false));
    }

    private void took(Asked asked, Done done) {
        boolean complete = done.comparison.scores().isPresent() || asked.data.isEmpty();
        String why = asked.data.isEmpty() ? "There is no data to score them on: choose some under “Data…”." : "";
        publish(Optional.of(done.comparison), done.onlyA, done.onlyB, why, !complete);
        done.comparison.scores().ifPresent(s -> {
            asked.a.ifPresent(
                    one -> remember(asked, one, s.a(), done.comparison.sizeA().quantizedBytes()));
            asked.b.ifPresent(
                    one -> remember(asked, one, s.b(), done.comparison.sizeB().quantizedBytes()));
        });
    }

    private void remember(Asked asked, Snapshot snapshot, AccuracyEstimate figure, long bytes) {
        if (figure.isComplete() && Double.isFinite(figure.score()) && Double.isFinite(figure.floatScore())) {
            bench.scored(
                    snapshot,
                    new SnapshotScore(
                            SnapshotScore.restsOn(asked.now),
                            dataName(asked.now),
                            figure.task(),
                            figure.total(),
                            figure.score(),
                            figure.floatScore(),
                            bytes));
        }
    }

    private static String dataName(SessionState of) {
        return of.evaluationData()
                .map(FileRef::path)
                .map(p -> String.valueOf(p.getFileName()))
                .orElse("");
    }

    private Done compare(Asked of, CancelToken cancel, Consumer<Done> partial) throws IOException {
        try (Jobs.Handle job = background.start("Comparing settings", cancel)) {
            Map<SessionState, Model> models = new HashMap<>();
            Side first = side(a(of), of.a, of, models, job, cancel);
            Side second = side(b(of), of.b, of, models, job, cancel);
            SettingsComparison found = SettingsComparison.of(first, second, job, cancel);
            partial.accept(new Done(found, List.of(), List.of()));
            Dataset data = of.data.orElse(null);
            if (data == null) {
                return new Done(found, List.of(), List.of());
            }
            SideBySide scores = SettingsComparison.scores(
                    first,
                    second,
                    m -> Engine.evaluatorBesideWindow(m, of.reference, data, of.now.metric(), 0),
                    job,
                    cancel);
            return new Done(
                    found.with(scores), pictures(scores.onlyAWrong(), data), pictures(scores.onlyBWrong(), data));
        }
    }

    private static String a(Asked of) {
        return of.a.map(Snapshot::name).orElse(NOW);
    }

    private static String b(Asked of) {
        return of.b.map(Snapshot::name).orElse(NOW);
    }

    private static Side side(
            String name,
            Optional<Snapshot> snapshot,
            Asked of,
            Map<SessionState, Model> models,
            Progress progress,
            CancelToken cancel)
            throws IOException {
        SessionState state = snapshot.map(s -> s.on(of.now)).orElse(of.now);
        boolean sameForm = form(state).equals(form(of.now));
        Model model = models.get(form(state));
        if (model == null) {
            model = Engine.scored(
                    sameForm ? of.analysed : Engine.analysed(of.source, state, progress, cancel), of.now.scored());
            models.put(form(state), model);
        }
        boolean looks = state.looksAtActivations() && of.calibrating.isPresent();
        boolean known = sameForm && !of.calibration.sketches().isEmpty();
        Calibration calibration = looks && !known
                ? Calibration.of(Engine.observe(model, of.calibrating.get(), progress, cancel))
                : sameForm ? of.calibration : Calibration.NONE;
        if (state.needsMoments() && of.calibrating.isPresent()) {
            calibration = MomentsPass.complete(calibration, model, state, of.calibrating.get(), progress, cancel);
        }
        return Side.of(name, model, state, calibration, of.codes, of.calibrating, of.resolver, progress, cancel);
    }

    /** What the float model depends on. */
    private static SessionState form(SessionState of) {
        return of.withWeights(Optional.empty())
                .withActivations(Optional.empty())
                .withOverrides(Map.of())
                .withKeptFloat(Set.of())
                .withSnapshots(List.of());
    }

    private static List<Wrong> pictures(List<SideBySide.Differing> all, Dataset data) throws IOException {
        List<Wrong> some = new ArrayList<>();
        for (SideBySide.Differing one : all.stream().limit(SHOWN).toList()) {
            some.add(new Wrong(one, data.picture(one.sample())));
        }
        return some;
    }

    private void publish(
            Optional<SettingsComparison> comparison,
            List<Wrong> onlyA,
            List<Wrong> onlyB,
            String why,
            boolean running) {
        List<String> names = Stream.concat(
                        Stream.of(NOW),
                        bench.stateProperty().get().stream()
                                .flatMap(s -> s.snapshots().stream())
                                .map(Snapshot::name))
                .toList();
        view.set(new View(
                names,
                a,
                b,
                comparison,
                onlyA,
                onlyB,
                bench.evaluationData().map(Dataset::classes).orElse(List.of()),
                bench.stateProperty().get().map(AgainstViewModel::dataName).orElse(""),
                why,
                running));
    }

    /** Shows both grids over the values of a tensor. */
    public void look(TensorDifference tensor) {
        Optional<MomentSketch> seen =
                Optional.ofNullable(bench.calibration().sketches().get(tensor.id()));
        Model model = bench.analysed().orElse(null);
        if (model == null) {
            return;
        }
        looking.submit(
                (cancel, partial) -> (tensor.activation()
                                ? seen
                                : model.find(tensor.id()).map(t -> MomentSketch.of(t, cancel)))
                        .filter(s -> s.count() > 0)
                        .map(s -> new Shown(tensor, s)),
                shown::set,
                background::problem);
    }

    /** The SQNR of a side in words. */
    static OptionalDouble sqnr(Optional<TensorDifference.Figures> figures) {
        return figures.isPresent() ? figures.get().sqnrDb() : OptionalDouble.empty();
    }

    public ReadOnlyObjectProperty<View> viewProperty() {
        return view.getReadOnlyProperty();
    }

    public ReadOnlyObjectProperty<Optional<Shown>> shownProperty() {
        return shown.getReadOnlyProperty();
    }
}
