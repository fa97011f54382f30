package org.quantscope.app.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Changes;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.session.Solutions;
import org.quantscope.app.session.Workbench;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.Engine;
import org.quantscope.core.datacheck.Drift;
import org.quantscope.core.datacheck.DriftPass;
import org.quantscope.core.datacheck.ExpectedChange;
import org.quantscope.core.datacheck.OtherData;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.job.Progress;
import org.quantscope.core.layerwise.MomentsPass;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.ResolvedTensor;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.session.SolvedWeight;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.versus.Side;

/**
 * Other data beside the calibration data: how far its activations lie from those, what of them the settings in hand clip,
 * and what quantization is expected to cost there. Looking changes nothing of the session. Used on the FX thread only.
 */
public final class OtherViewModel {
    /** Everything that a comparison rests on: the same question has the same answer. */
    private record Asked(
            Model analysed,
            Model reference,
            SessionState now,
            Calibration known,
            Map<TensorId, SolvedWeight> codes,
            Dataset calibration,
            Path other) {}

    private record Found(DriftPass.Found drift, String other, List<OtherState.Row> rows) {}

    /** A run, finished or not. */
    private record Run(String doing, double share, Optional<Found> found) {}

    private final Workbench bench;
    private final Solutions solutions;
    private final Background background;
    private final LatestWins<Run> latest;
    private final ReadOnlyObjectWrapper<OtherState> view;
    private boolean running;
    private String doing = "";
    private double share = -1;
    private @Nullable Path file;
    private @Nullable Asked answered;
    private @Nullable Found found;

    public OtherViewModel(Workbench bench, Solutions solutions, Background background) {
        this.bench = bench;
        this.solutions = solutions;
        this.background = background;
        this.latest = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.view = new ReadOnlyObjectWrapper<>(state());
        bench.modelProperty().subscribe(m -> {
            stop();
            found = null;
            answered = null;
            refresh();
        });
        bench.changes().on(Changes.Stage.OTHERS, this::refresh);
    }

    private Optional<Asked> asked() {
        Model model = bench.analysed().orElse(null);
        Dataset data = bench.calibrationData().orElse(null);
        SessionState state = bench.stateProperty().get().orElse(null);
        Path other = file;
        return model == null
                        || data == null
                        || state == null
                        || other == null
                        || model.graph().isEmpty()
                ? Optional.empty()
                : Optional.of(new Asked(
                        model,
                        bench.reference().orElse(model),
                        // What is kept beside the settings is no part of them.
                        state.withSnapshots(List.of()),
                        bench.calibration(),
                        solutions.toSave(),
                        data,
                        other));
    }

    /** True if both questions have the same answer. */
    private static boolean same(Optional<Asked> a, @Nullable Asked b) {
        return b != null
                && a.filter(x -> Objects.equals(x.analysed, b.analysed)
                                && x.now.equals(b.now)
                                && x.calibration.equals(b.calibration)
                                && x.other.equals(b.other))
                        .isPresent();
    }

    private String obstacle() {
        Model model = bench.analysed().orElse(null);
        return model == null
                ? "No model is open."
                : model.graph().isEmpty()
                        ? "This file holds weights without a graph: there are no activations to compare."
                        : bench.calibrationData().isEmpty()
                                ? "There is no calibration data yet to compare with: choose some."
                                : "";
    }

    /** Compares with the data in a file or folder. */
    public void compare(Path other) {
        file = other;
        start();
    }

    /** Compares again with the data that was chosen. Does nothing while that is impossible. */
    public void start() {
        Asked now = asked().orElse(null);
        if (now == null) {
            refresh();
            return;
        }
        running = true;
        doing = "";
        share = -1;
        refresh();
        latest.submit(
                (cancel, partial) -> run(now, cancel, partial),
                made -> {
                    doing = made.doing;
                    share = made.share;
                    made.found.ifPresent(f -> {
                        running = !f.drift.complete();
                        found = f;
                        answered = now;
                    });
                    refresh();
                },
                e -> {
                    running = false;
                    background.problem("Other data: " + e.getMessage());
                    refresh();
                });
    }

    private Run run(Asked now, CancelToken cancel, Consumer<Run> partial) throws IOException {
        try (Jobs.Handle job = background.start("Comparing with other data", cancel)) {
            Progress progress = (done, total, what) -> {
                job.report(done, total, what);
                partial.accept(new Run(what, total > 0 ? (double) done / total : -1, Optional.empty()));
            };
            OtherData other = OtherData.open(now.other, now.calibration, cancel);
            Model model = Engine.scored(now.analysed, now.now.scored());
            Calibration calibration = now.known.sketches().isEmpty()
                    ? Calibration.of(Engine.observe(model, now.calibration, progress, cancel))
                    : now.known;
            if (now.now.needsMoments()) {
                calibration = MomentsPass.complete(calibration, model, now.now, now.calibration, progress, cancel);
            }
            Side side = Side.of(
                    "these settings",
                    model,
                    now.now,
                    calibration,
                    now.codes,
                    Optional.of(now.calibration),
                    new Resolver(),
                    progress,
                    cancel);
            DriftPass pass = new DriftPass(
                    model,
                    side.solved().settings(),
                    calibration.sketches(),
                    now.calibration,
                    some -> Engine.evaluatorBesideWindow(
                            side.solved().model(), now.reference, some, now.now.metric(), 0),
                    Set.of());
            String said = words(other.data()) + (other.likeCalibration() ? ", prepared like the calibration data" : "");
            Map<TensorId, MomentSketch> known = calibration.sketches();
            DriftPass.Found all = pass.run(
                    other.data(),
                    progress,
                    cancel,
                    part -> partial.accept(new Run(
                            "both models",
                            -1,
                            Optional.of(new Found(part, said, rows(part, known, pass.settings()))))));
            return new Run("", 1, Optional.of(new Found(all, said, rows(all, known, pass.settings()))));
        } catch (CancellationException e) {
            // From the list of jobs.
            background.ui().execute(() -> {
                if (running && !latest.isBusy()) {
                    running = false;
                    refresh();
                }
            });
            throw e;
        }
    }

    private static List<OtherState.Row> rows(
            DriftPass.Found found, Map<TensorId, MomentSketch> known, ResolvedSettings settings) {
        List<OtherState.Row> rows = new ArrayList<>();
        for (Drift.Of of : found.drift().tensors()) {
            rows.add(new OtherState.Row(
                    of,
                    QuantizableTensor.activationName(of.id().name()),
                    settings.find(of.id())
                            .map(ResolvedTensor::params)
                            .filter(p -> p.slices() == 1)
                            .map(p -> p.effective(0)),
                    Objects.requireNonNull(known.get(of.id())),
                    Objects.requireNonNull(found.other().get(of.id()))));
        }
        return rows;
    }

    /** Stops what runs; what was found before stays. */
    public void stop() {
        if (running) {
            latest.cancel();
            running = false;
            refresh();
        }
    }

    private void refresh() {
        OtherState next = state();
        if (!next.equals(view.get())) {
            view.set(next);
        }
    }

    private OtherState state() {
        Found shown = found;
        Drift drift = shown == null ? null : shown.drift.drift();
        boolean complete = shown != null && shown.drift.complete();
        return new OtherState(
                obstacle(),
                bench.analysed().flatMap(Model::graph).isPresent()
                        && bench.calibrationData().isEmpty(),
                bench.calibrationData().map(OtherViewModel::words).orElse(""),
                running || shown == null
                        ? Optional.ofNullable(file)
                                .map(f -> Invisible.escaped(String.valueOf(f.getFileName())))
                                .orElse("")
                        : shown.other,
                running,
                doing,
                share,
                drift == null
                        ? ""
                        : complete
                                ? expected(drift)
                                : "What quantization is expected to change there is being worked out.",
                drift == null || !complete ? "" : basis(drift),
                shown != null && !same(asked(), answered),
                shown == null ? List.of() : shown.rows);
    }

    private static String words(Dataset data) {
        return Invisible.escaped(String.valueOf(data.file().getFileName())) + ", " + Figures.count(data.size())
                + (data.size() == 1 ? " sample" : " samples");
    }

    private static String expected(Drift drift) {
        String labels = drift.measured().isPresent()
                ? " By the labels that are there: "
                        + Figures.points(drift.measured().getAsDouble()) + " points."
                : "";
        return switch (drift.expected()) {
            case ExpectedChange.Known k ->
                "Quantization is expected to change the accuracy there by " + Figures.ABOUT
                        + Figures.points(k.delta()) + " points ["
                        + Figures.points(k.interval().lo()) + " … "
                        + Figures.points(k.interval().hi()) + "] at 95 %, n = " + Figures.count(k.samples()) + "."
                        + labels;
            case ExpectedChange.Unknown none -> "No change of accuracy can be expected: " + none.why() + labels;
        };
    }

    private static String basis(Drift drift) {
        return switch (drift.expected()) {
            case ExpectedChange.Known k ->
                Figures.count(k.flipped()) + (k.flipped() == 1 ? " sample changes" : " samples change")
                        + " class. Told without their labels: by the float model's probabilities"
                        + k.worth()
                                .map(w -> ", corrected by what " + Figures.count(w.flips())
                                        + " changes were worth on the labelled calibration data, as it is and"
                                        + " made worse.")
                                .orElse("; there are no labelled calibration samples to correct them by.");
            case ExpectedChange.Unknown none -> "";
        };
    }

    public ReadOnlyObjectProperty<OtherState> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
