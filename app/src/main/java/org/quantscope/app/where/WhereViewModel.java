package org.quantscope.app.where;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.util.Subscription;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.export.ExportViewModel;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Changes;
import org.quantscope.app.session.Settings;
import org.quantscope.app.session.Solutions;
import org.quantscope.app.session.Workbench;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.where.WhereState.Found;
import org.quantscope.app.where.WhereState.Line;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.ExportProblem;
import org.quantscope.core.improve.Recommendation;
import org.quantscope.core.improve.RunTarget;
import org.quantscope.core.io.Reason;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.SessionState;

/**
 * Finds settings for the place where the model is to run, takes them over as one undo step, and writes the file for it by
 * the same road as an export.
 */
public final class WhereViewModel {
    private static final String TARGET = "where.target";

    /** A run, finished or not. */
    private record Run(String doing, double share, Optional<Recommendation.Result> result) {}

    private final Workbench bench;
    private final Solutions solutions;
    private final ExportViewModel export;
    private final Settings settings;
    private final Background background;
    private final LatestWins<Run> latest;
    private final ReadOnlyObjectWrapper<WhereState> view;
    private RunTarget target;
    private @Nullable Run run;
    private boolean running;
    private Recommendation.@Nullable Result result;
    /** The settings that were taken over. */
    private @Nullable SessionState taken;

    private String outcome = "";
    /** The file to write as soon as the plan of the taken settings is ready. */
    private @Nullable Path waiting;

    public WhereViewModel(
            Workbench bench, Solutions solutions, ExportViewModel export, Settings settings, Background background) {
        this.bench = bench;
        this.solutions = solutions;
        this.export = export;
        this.settings = settings;
        this.background = background;
        this.latest = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.target = RunTarget.all().stream()
                .filter(t -> settings.text(TARGET).filter(t.id()::equals).isPresent())
                .findFirst()
                .orElse(RunTarget.all().getFirst());
        this.view = new ReadOnlyObjectWrapper<>(state());
        bench.modelProperty().subscribe(x -> forget());
        bench.changes().on(Changes.Stage.OTHERS, this::refresh);
        export.planProperty().subscribe(x -> writeWaiting());
    }

    private void forget() {
        latest.cancel();
        running = false;
        run = null;
        result = null;
        taken = null;
        waiting = null;
        outcome = "";
        refresh();
    }

    /** Chooses where it is to run; remembered. */
    public void choose(RunTarget next) {
        if (!next.equals(target) && !running) {
            target = next;
            settings.setText(TARGET, next.id());
            result = null;
            taken = null;
            outcome = "";
            refresh();
        }
    }

    private String obstacle() {
        Model model = bench.analysed().orElse(null);
        if (model == null) {
            return "Open a model first.";
        }
        if (model.graph().isEmpty()) {
            return "This file holds weights without a graph: there is nothing to run and to measure.";
        }
        return bench.evaluationData()
                .map(data -> data.size() < 2 ? "Two samples are needed at least, one for each half of the data." : "")
                .orElse("Settings are chosen by measuring: choose data; labels are not needed.");
    }

    /** Finds settings and takes them over. Does nothing while that is impossible. */
    public void find() {
        SessionState state = bench.stateProperty().get().orElse(null);
        Model model = bench.analysed().orElse(null);
        Dataset data = bench.evaluationData().orElse(null);
        if (!view.get().mayFind() || state == null || model == null || data == null) {
            return;
        }
        Recommendation.Asked asked = new Recommendation.Asked(
                model,
                bench.reference().orElse(model),
                state,
                target,
                data,
                bench.calibrationData(),
                Math.clamp(Runtime.getRuntime().availableProcessors() - 1, 1, 4));
        running = true;
        outcome = "";
        result = null;
        taken = null;
        run = new Run("beginning", -1, Optional.empty());
        refresh();
        latest.submit(
                (cancel, partial) -> run(asked, cancel, partial),
                made -> {
                    run = made;
                    made.result().ifPresent(found -> finished(state, found));
                    refresh();
                },
                e -> {
                    running = false;
                    run = null;
                    outcome = Reason.of(e);
                    refresh();
                });
    }

    private Run run(Recommendation.Asked asked, CancelToken cancel, Consumer<Run> partial) {
        try (Jobs.Handle job = background.start("Finding settings", cancel)) {
            Progress progress = (done, total, what) -> {
                job.report(done, total, what);
                partial.accept(new Run(what, total > 0 ? (double) done / total : -1, Optional.empty()));
            };
            return new Run("", 1, Optional.of(Recommendation.of(asked, progress, cancel)));
        } catch (CancellationException e) {
            // From the list of jobs.
            background.ui().execute(() -> {
                if (running && !latest.isBusy()) {
                    stopped();
                }
            });
            throw e;
        }
    }

    /** Stops what runs; nothing is changed. */
    public void stop() {
        if (running) {
            latest.cancel();
            stopped();
        }
    }

    private void stopped() {
        running = false;
        run = null;
        outcome = "Stopped: nothing was changed.";
        refresh();
    }

    private void finished(SessionState was, Recommendation.Result found) {
        running = false;
        run = null;
        if (!bench.stateProperty().get().equals(Optional.of(was))) {
            outcome = "The settings were changed meanwhile: nothing was taken over.";
            return;
        }
        result = found;
        taken = found.edit().apply(was);
        bench.keep(found.calibration());
        bench.sawActivations(found.fitted().seen());
        // Known before it is asked for, so that nothing is solved again.
        solutions.know(found.fitted().solved().solved());
        bench.apply(found.edit());
    }

    /** A suggested file: beside the model. */
    public Path suggestion() {
        return export.suggestion(target.exporter());
    }

    /** Writes the file for the place, as soon as all is measured; nothing unless found settings are in hand. */
    public void write(Path file) {
        if (view.get().found().filter(Found::present).isPresent()) {
            waiting = file;
            writeWaiting();
        }
    }

    private void writeWaiting() {
        Path file = waiting;
        Optional<ExportPlan> plan = export.planProperty().get();
        if (file != null && plan.filter(p -> p.state().equals(taken)).isPresent()) {
            waiting = null;
            export.export(target.exporter(), target.options(), file);
        }
    }

    /** What to run when the file is written. */
    public String next(Path file) {
        return target.nextCommand(
                file, bench.modelProperty().get().orElseThrow().file().path());
    }

    private void refresh() {
        WhereState next = state();
        if (!next.equals(view.get())) {
            view.set(next);
        }
    }

    private WhereState state() {
        Run shown = run;
        return new WhereState(
                bench.modelProperty()
                        .get()
                        .map(m ->
                                m.name() + " · " + Figures.count(bench.weights().size()) + " weights")
                        .orElse(""),
                target,
                bench.evaluationData().map(this::halves).orElse(""),
                obstacle(),
                running && shown != null ? shown.doing().isEmpty() ? "…" : shown.doing() : "",
                shown == null ? -1 : shown.share(),
                outcome,
                Optional.ofNullable(result).map(this::found));
    }

    private String halves(Dataset data) {
        int first = Math.min(Recommendation.MOST_CHOSEN_ON, data.size() / 2);
        return data.file().getFileName() + " · chosen on " + Figures.count(first) + " samples, reported on "
                + Figures.count(data.size() - data.size() / 2) + " others";
    }

    private Found found(Recommendation.Result of) {
        AccuracyEstimate a = of.reported();
        List<String> figures = new ArrayList<>();
        figures.add(Figures.bytes(of.size().quantizedBytes()) + " of "
                + Figures.bytes(of.size().floatBytes()));
        figures.add(a.task().title() + " " + Figures.score(a.task(), a.score()) + " on "
                + Figures.count(a.details().scored()) + " samples that nothing was chosen on, float "
                + Figures.score(a.task(), a.floatScore()));
        figures.add("difference " + Figures.difference(a.task(), a.delta())
                + of.overFloat()
                        .map(i -> ", between " + Figures.difference(a.task(), i.lo()) + " and "
                                + Figures.difference(a.task(), i.hi()) + " at 95 %")
                        .orElse(""));
        List<String> problems = new ArrayList<>();
        int solved = of.chosen().solved();
        problems.add(
                solved == 0
                        ? target.title() + " takes these settings as they are."
                        : solved == 1
                                ? "1 problem of " + target.title() + " was solved."
                                : solved + " problems of " + target.title() + " were solved.");
        of.problems().stream().map(WhereViewModel::said).distinct().forEach(problems::add);
        return new Found(
                of.chosen().option().title(),
                figures,
                problems,
                of.tried().stream().map(t -> line(t, of.chosen())).toList(),
                bench.stateProperty().get().equals(Optional.ofNullable(taken)));
    }

    private static String said(ExportProblem p) {
        return (p.tensor().isEmpty() ? "" : p.tensor() + ": ") + p.why() + " (" + p.remedy() + ").";
    }

    private static Line line(Recommendation.Tried t, Recommendation.Tried chosen) {
        return new Line(
                t.option().title(),
                t.figure()
                        .map(f -> Figures.bytes(t.bytes()) + " · " + Figures.score(f.task(), f.score()))
                        .orElse(""),
                t.equals(chosen) ? "chosen" : t.figure().isEmpty() ? t.why() : t.asGood() ? "as good" : "worse",
                t.equals(chosen));
    }

    /** Calls {@code listener} now and after each change. */
    public Subscription onChange(Runnable listener) {
        return view.subscribe(v -> listener.run());
    }

    /** What came of the last run; empty if there is nothing. */
    public Optional<Recommendation.Result> result() {
        return Optional.ofNullable(result);
    }

    ReadOnlyObjectProperty<WhereState> stateProperty() {
        return view.getReadOnlyProperty();
    }
}
