package org.quantscope.app.improve;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.util.Subscription;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Changes;
import org.quantscope.app.session.Settings;
import org.quantscope.app.session.Solutions;
import org.quantscope.app.session.Workbench;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.improve.Improvement;
import org.quantscope.core.improve.Step;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.SessionState;

/**
 * Improves the settings in one go: equalization, ranges, rounding and bits, each kept only if it helps. When all is done
 * every step that was kept becomes an undo step of its own; a run that is stopped changes nothing.
 */
public final class ImproveViewModel {
    private static final String STEPS = "improve.steps";
    private static final String BITS = "improve.bits";

    /** A run, finished or not. */
    private record Run(List<Step> steps, String doing, double share, Optional<Improvement.Result> result) {}

    private final Workbench bench;
    private final Solutions solutions;
    private final Settings settings;
    private final Background background;
    private final LatestWins<Run> latest;
    private final ReadOnlyObjectWrapper<ImproveState> view;
    private Set<Step.Kind> wanted;
    private String bits;
    private boolean running;
    private @Nullable Run run;
    private String outcome = "";

    public ImproveViewModel(Workbench bench, Solutions solutions, Settings settings, Background background) {
        this.bench = bench;
        this.solutions = solutions;
        this.settings = settings;
        this.background = background;
        this.latest = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.wanted = remembered(settings.text(STEPS));
        this.bits = settings.text(BITS).orElse("");
        this.view = new ReadOnlyObjectWrapper<>(state());
        bench.modelProperty().subscribe(x -> forget());
        bench.changes().on(Changes.Stage.OTHERS, this::refresh);
        // Undo and redo are told of behind the state that they lead to.
        bench.undoTitleProperty().subscribe(x -> refresh());
        bench.redoTitleProperty().subscribe(x -> refresh());
    }

    private static Set<Step.Kind> remembered(Optional<String> text) {
        Set<Step.Kind> kinds = EnumSet.noneOf(Step.Kind.class);
        for (Step.Kind kind : Step.Kind.values()) {
            if (kind.isChoice()
                    && (text.isEmpty() || List.of(text.get().split(",", -1)).contains(kind.id()))) {
                kinds.add(kind);
            }
        }
        return kinds;
    }

    private void forget() {
        latest.cancel();
        running = false;
        run = null;
        outcome = "";
        refresh();
    }

    /** Ticks a step, or leaves it out; remembered. */
    public void want(Step.Kind kind, boolean on) {
        Set<Step.Kind> next = EnumSet.noneOf(Step.Kind.class);
        next.addAll(wanted);
        if (on) {
            next.add(kind);
        } else {
            next.remove(kind);
        }
        wanted = next;
        settings.setText(STEPS, next.stream().map(Step.Kind::id).collect(Collectors.joining(",")));
        refresh();
    }

    /** Sets the budget, in bits of codes for each weight on average; empty for what the settings take. Remembered. */
    public void setBits(String text) {
        bits = text.strip();
        settings.setText(BITS, bits);
        refresh();
    }

    private String badBits() {
        if (bits.isEmpty()) {
            return "";
        }
        OptionalDouble number = Figures.parse(bits);
        return number.isEmpty() || !(number.getAsDouble() >= 1 && number.getAsDouble() <= 16)
                ? "a number of bits from 1 to 16 is needed"
                : "";
    }

    private String obstacle() {
        Model model = bench.analysed().orElse(null);
        if (model == null) {
            return "No model is open.";
        }
        if (model.graph().isEmpty()) {
            return "This file holds weights without a graph: there is nothing to run.";
        }
        if (bench.calibrationData().isEmpty()) {
            return "Everything is chosen on calibration data, and there is none: choose some, labels are not needed.";
        }
        return bitsNow().isEmpty() ? "No weight is quantized: there is nothing to improve." : "";
    }

    private OptionalDouble bitsNow() {
        Model model = bench.analysed().orElse(null);
        SessionState state = bench.stateProperty().get().orElse(null);
        return model == null || state == null ? OptionalDouble.empty() : Improvement.averageBits(model, state);
    }

    /** Runs the ticked steps. Does nothing while that is impossible. */
    public void start() {
        ImproveState now = view.get();
        SessionState state = bench.stateProperty().get().orElse(null);
        Model model = bench.analysed().orElse(null);
        Dataset calibration = bench.calibrationData().orElse(null);
        if (!now.mayRun() || state == null || model == null || calibration == null) {
            return;
        }
        Improvement.Asked asked = new Improvement.Asked(
                model,
                bench.reference().orElse(model),
                state,
                calibration,
                bench.evaluationData(),
                bits.isEmpty() ? OptionalDouble.empty() : Figures.parse(bits),
                wanted,
                Math.clamp(Runtime.getRuntime().availableProcessors() - 1, 1, 4));
        running = true;
        outcome = "";
        run = new Run(List.of(), "", -1, Optional.empty());
        refresh();
        latest.submit(
                (cancel, partial) -> run(asked, cancel, partial),
                made -> {
                    run = made;
                    made.result().ifPresent(result -> finished(state, result));
                    refresh();
                },
                e -> {
                    running = false;
                    run = null;
                    outcome = "";
                    background.problem("Improve: " + e.getMessage());
                    refresh();
                });
    }

    private Run run(Improvement.Asked asked, CancelToken cancel, Consumer<Run> partial) {
        try (Jobs.Handle job = background.start("Improving", cancel)) {
            List<Step> steps = new ArrayList<>();
            Progress progress = (done, total, what) -> {
                job.report(done, total, what);
                partial.accept(
                        new Run(List.copyOf(steps), what, total > 0 ? (double) done / total : -1, Optional.empty()));
            };
            Improvement.Result result = Improvement.run(asked, progress, cancel, all -> {
                steps.clear();
                steps.addAll(all);
                partial.accept(new Run(all, "", -1, Optional.empty()));
            });
            return new Run(result.steps(), "", 1, Optional.of(result));
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

    private void finished(SessionState was, Improvement.Result result) {
        running = false;
        String on = Figures.count(result.chosenOn()) + " calibration samples, decided on "
                + Figures.count(result.decidedOn()) + " others by " + said(result) + ", made from all of them.";
        if (!bench.stateProperty().get().equals(Optional.of(was))) {
            run = null;
            outcome = "The settings were changed meanwhile: nothing was taken over.";
            background.problem("Improve: the settings were changed meanwhile; nothing was taken over");
            return;
        }
        long kept = result.steps().stream().filter(s -> s.edit().isPresent()).count();
        SessionState now = was;
        for (Step step : result.steps()) {
            if (step.edit().isPresent()) {
                Edit edit = step.edit().get();
                SessionState next = edit.apply(now);
                if (!next.corrections().equals(now.corrections())) {
                    bench.keepCorrected(next, step.after().model());
                    bench.sawActivations(step.after().seen());
                }
                // Known before it is asked for, so that nothing is solved again.
                solutions.know(step.after().solved().solved());
                bench.apply(edit);
                now = next;
            }
        }
        outcome = (kept == 0
                        ? "Nothing helps: the settings are as they were. "
                        : kept == 1
                                ? "One step helps, and can be undone. "
                                : kept + " steps help; each can be undone, the last one first. ")
                + "Chosen on " + on;
    }

    private static String said(Improvement.Result result) {
        return result.divergence() ? "the divergence from the float model (KL)" : "the noise in the outputs";
    }

    private void refresh() {
        ImproveState next = state();
        if (!next.equals(view.get())) {
            view.set(next);
        }
    }

    private ImproveState state() {
        OptionalDouble now = bitsNow();
        Run shown = run;
        List<Step> steps = shown == null ? List.of() : shown.steps();
        return new ImproveState(
                obstacle(),
                bench.analysed().flatMap(Model::graph).isPresent()
                        && bench.calibrationData().isEmpty(),
                wanted,
                bits,
                badBits(),
                now.isEmpty() ? "" : Figures.small(now.getAsDouble()),
                running,
                shown == null ? "" : shown.doing(),
                shown == null ? -1 : shown.share(),
                ImproveRows.axis(steps),
                ImproveRows.of(steps, shown == null ? "" : unit(shown), this::standing),
                outcome);
    }

    private static String unit(Run shown) {
        return shown.result().map(Improvement.Result::unit).orElse("loss");
    }

    /** How a step that was kept stands to the present settings. */
    ImproveRows.Standing standing(List<Step> steps, int index) {
        Run shown = run;
        SessionState present = bench.stateProperty().get().orElse(null);
        if (running || shown == null || shown.result().isEmpty() || present == null) {
            return ImproveRows.Standing.PLAIN;
        }
        int at = -1;
        for (int i = 0; i < steps.size(); i++) {
            if (steps.get(i).kept() && same(steps.get(i).after().state(), present)) {
                at = i;
            }
        }
        if (at < 0) {
            return ImproveRows.Standing.PLAIN;
        }
        Step step = steps.get(index);
        if (!step.kept()) {
            return ImproveRows.Standing.PLAIN;
        }
        String title = step.edit().map(e -> Invisible.escaped(e.title())).orElse("");
        if (index > at) {
            boolean next = steps.subList(at + 1, index).stream().noneMatch(Step::kept);
            return next && title.equals(bench.redoTitleProperty().get())
                    ? ImproveRows.Standing.NEXT
                    : ImproveRows.Standing.UNDONE;
        }
        return index == at
                        && !title.isEmpty()
                        && title.equals(bench.undoTitleProperty().get())
                ? ImproveRows.Standing.LAST
                : ImproveRows.Standing.PLAIN;
    }

    /** The evaluation data is a choice beside. */
    private static boolean same(SessionState one, SessionState other) {
        return one.withEvaluationData(other.evaluationData()).equals(other);
    }

    /** Takes the newest step back. */
    public void undo() {
        bench.undo();
    }

    /** Makes the step again that was taken back last. */
    public void redo() {
        bench.redo();
    }

    public boolean isRunning() {
        return view.get().running();
    }

    /** True if {@link #start} would begin. */
    public boolean mayRun() {
        return view.get().mayRun();
    }

    /** Calls {@code listener} now and after each change. */
    public Subscription onChange(Runnable listener) {
        return view.subscribe(v -> listener.run());
    }

    ReadOnlyObjectProperty<ImproveState> stateProperty() {
        return view.getReadOnlyProperty();
    }
}
