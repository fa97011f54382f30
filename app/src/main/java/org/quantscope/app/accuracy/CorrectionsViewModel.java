package org.quantscope.app.accuracy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Changes;
import org.quantscope.app.session.Measurements;
import org.quantscope.app.session.OpenModel;
import org.quantscope.app.session.Workbench;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.Engine;
import org.quantscope.core.correction.Correction;
import org.quantscope.core.correction.Corrections;
import org.quantscope.core.correction.TrainedCorrection;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.rounding.Roundings;
import org.quantscope.core.session.AppliedCorrection;
import org.quantscope.core.session.CorrectionSettings;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.ActivationSketches;
import org.quantscope.core.tensor.TensorId;

/**
 * Applies corrections to the float model. The corrected model is computed in the background, before the undo step that
 * makes it the analysed model. If activations are quantized, they are calibrated on it as part of the same step.
 */
public final class CorrectionsViewModel {
    /**
     * What to show.
     *
     * @param titles the applied corrections, in their order
     * @param changed how many tensors the last one changed; empty if it was applied in an earlier run of the program
     * @param kept what the last one did not change, and why
     * @param notes what the last one chose or added
     * @param before the last correction
     */
    public record View(
            List<String> titles,
            Optional<Integer> changed,
            List<String> kept,
            List<String> notes,
            Effect before,
            Effect now) {
        static final View NOTHING =
                new View(List.of(), Optional.empty(), List.of(), List.of(), Effect.UNKNOWN, Effect.UNKNOWN);
    }

    /**
     * How the model does.
     *
     * @param score in its own unit; empty if it is not known, or not complete
     * @param worst the lowest SQNR of a weight in dB; empty while not all weights are measured
     */
    public record Effect(Optional<AccuracyEstimate> score, OptionalDouble worst) {
        static final Effect UNKNOWN = new Effect(Optional.empty(), OptionalDouble.empty());
    }

    /** The figures before a correction, and what it changed. */
    private record Step(Correction.Output output, Map<TensorId, Double> sqnr, Optional<AccuracyEstimate> score) {}

    /** A corrected model with everything that belongs to it. */
    private record Made(
            Optional<Correction.Output> output, Model model, Optional<ActivationSketches> seen, Edit edit) {}

    private final Workbench bench;
    private final Measurements measurements;
    private final AccuracyViewModel accuracy;
    private final Background background;
    private final LatestWins<Made> latest;
    private final ReadOnlyObjectWrapper<View> view = new ReadOnlyObjectWrapper<>(View.NOTHING);
    private final ReadOnlyObjectWrapper<Map<String, String>> unavailable = new ReadOnlyObjectWrapper<>(Map.of());
    /** The steps by the {@link Workbench#variant} that they led to; undo and redo find them here. */
    private final Map<String, Step> steps = new HashMap<>();

    /** The {@link Workbench#variant} of a correction whose score has not been reported yet; empty if there is none. */
    private String fresh = "";

    private final ExpectedViewModel expected;
    private boolean asked;
    /** The model that {@link #obstacle} is about; null before the first. */
    private @Nullable Model obstacleOf;

    private Optional<String> obstacle = Optional.empty();

    public CorrectionsViewModel(
            Workbench bench, Measurements measurements, AccuracyViewModel accuracy, Background background) {
        this.bench = bench;
        this.measurements = measurements;
        this.accuracy = accuracy;
        this.background = background;
        this.latest = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.expected = new ExpectedViewModel(bench, background, this::refusal);
        bench.modelProperty().subscribe(x -> {
            latest.cancel();
            steps.clear();
        });
        bench.changes().on(Changes.Stage.OTHERS, this::refresh);
        accuracy.viewProperty().subscribe(x -> refresh());
    }

    /**
     * Finds out in the background, once, which corrections this machine cannot compute. This loads their native
     * library.
     */
    public void ask() {
        if (asked) {
            return;
        }
        asked = true;
        background.work().execute(() -> {
            Map<String, String> reasons = new HashMap<>();
            Corrections.all().forEach(c -> c.unavailable().ifPresent(reason -> reasons.put(c.id(), reason)));
            background.ui().execute(() -> unavailable.set(Map.copyOf(reasons)));
        });
    }

    /** What each correction is expected to bring. */
    public ExpectedViewModel expected() {
        return expected;
    }

    /** Why a correction cannot be applied now, in a few words; empty if it can. */
    public Optional<String> refusal(Correction correction) {
        String reason = unavailable.get().get(correction.id());
        if (reason != null) {
            return Optional.of(reason);
        }
        if (bench.analysed().flatMap(Model::graph).isEmpty()) {
            return Optional.of("needs a model with a graph");
        }
        if (correction.needsData() && bench.calibrationData().isEmpty()) {
            return Optional.of("needs calibration data");
        }
        SessionState state = bench.stateProperty().get().orElseThrow();
        if (state.activations().isPresent() && bench.calibrationData().isEmpty()) {
            return Optional.of("needs calibration data: the ranges of activations change with it");
        }
        if (correction.needsData()
                && state.weights().isEmpty()
                && state.overrides().isEmpty()) {
            return Optional.of("no weight is quantized");
        }
        if (correction instanceof TrainedCorrection
                && state.corrections().stream().anyMatch(c -> c.id().equals(correction.id()))) {
            // It would learn to answer as the trained weights do, and no longer as the float model.
            return Optional.of("is applied already: undo or remove it first");
        }
        return correction instanceof TrainedCorrection trained
                ? bench.analysed().flatMap(model -> obstacle(trained, model))
                : Optional.empty();
    }

    /** Why a model cannot be trained; it is asked often, and looks at the whole graph. */
    @SuppressWarnings("ReferenceEquality") // the very model that was looked at
    private Optional<String> obstacle(TrainedCorrection correction, Model model) {
        if (model != obstacleOf) {
            obstacle = correction.obstacle(model);
            obstacleOf = model;
        }
        return obstacle;
    }

    /** Applies a correction with its default options under the present settings, as one undo step. */
    public void apply(Correction correction) {
        apply(correction, Map.of());
    }

    /** The same with options by name; one left out has its default. */
    public void apply(Correction correction, Map<String, String> options) {
        SessionState state = bench.stateProperty().get().orElse(null);
        if (state == null) {
            return;
        }
        Optional<String> refusal = refusal(correction);
        if (refusal.isPresent()) {
            background.problem(correction.title() + ": " + refusal.get());
            return;
        }
        if (correction.needsData() && state.choosesCodes()) {
            background.notices().done(Roundings.nearestOnly("the correction"));
        }
        AppliedCorrection applied = new AppliedCorrection(
                correction.id(),
                options,
                correction.needsData() ? bench.calibrationData().map(bench::keep) : Optional.empty(),
                correction.needsData() ? Optional.of(CorrectionSettings.of(session(state))) : Optional.empty());
        change(correction.title(), new Edit.ApplyCorrection(applied, correction.title()));
    }

    /**
     * Makes what a training found the analysed model, with its ranges, as one undo step.
     *
     * @param session the settings that it rests on, which must be the present ones
     */
    public void adopt(
            TrainedCorrection correction, Map<String, String> options, Session session, Correction.Output output) {
        AppliedCorrection applied = new AppliedCorrection(
                        correction.id(),
                        options,
                        bench.calibrationData().map(bench::keep),
                        Optional.of(CorrectionSettings.of(session)))
                .withLearned(Corrections.learned(output));
        String title = correction.title();
        change(
                title,
                new Edit.All(
                        title,
                        List.of(new Edit.ApplyCorrection(applied, title), new Edit.AdoptAll(title, output.ranges()))));
    }

    /** A session with the present ranges, which are known once everything is measured. */
    public Session session(SessionState state) {
        Measurements.Snapshot measured = measurements.snapshotProperty().get();
        return new Session(
                state,
                measured.complete()
                        ? measured.ranges()
                        : bench.resolver().ranges(state, bench.calibration(), new CancelToken()));
    }

    /** Removes the last correction, as one undo step of its own even if other steps came after it. */
    public void removeLast() {
        bench.stateProperty().get().filter(s -> !s.corrections().isEmpty()).ifPresent(state -> {
            int last = state.corrections().size() - 1;
            String title = Corrections.title(state.corrections().get(last));
            change("Removing " + title, new Edit.RemoveCorrection(last, title));
        });
    }

    /** Sets whether BatchNormalization is folded before the corrections, which are then computed again. */
    public void fold(boolean on) {
        change("Correcting again", new Edit.SetFoldBatchNorm(on));
    }

    /** Computes the model that {@code edit} leads to, then applies the edit. */
    private void change(String title, Edit edit) {
        SessionState state = bench.stateProperty().get().orElse(null);
        OpenModel open = bench.modelProperty().get().orElse(null);
        Model now = bench.analysed().orElse(null);
        if (state == null || open == null || now == null) {
            return;
        }
        SessionState next = edit.apply(state);
        boolean plain = state.corrections().isEmpty() && next.corrections().isEmpty();
        if (plain || (bench.knowsModel(next) && next.activations().isEmpty())) {
            boolean again = edit instanceof Edit.ApplyCorrection;
            step(
                    title,
                    next,
                    edit,
                    again
                            ? Optional.ofNullable(steps.get(bench.variantOf(next)))
                                    .map(Step::output)
                            : Optional.empty());
            return;
        }
        Optional<Dataset> data = bench.calibrationData();
        latest.submit(
                (cancel, partial) -> {
                    try (Jobs.Handle job = background.start(title, cancel)) {
                        return make(open, now, state, next, edit, data, job, cancel);
                    }
                },
                made -> made(title, state, next, made),
                e -> background.problem(title + ": " + e.getMessage()));
    }

    private static Made make(
            OpenModel open,
            Model now,
            SessionState state,
            SessionState next,
            Edit edit,
            Optional<Dataset> data,
            Progress progress,
            CancelToken cancel)
            throws IOException {
        int before = state.corrections().size();
        // A correction on top of the present ones is the only one to compute.
        boolean onTop = state.foldBatchNorm() == next.foldBatchNorm()
                && next.corrections().size() == before + 1
                && next.corrections().subList(0, before).equals(state.corrections());
        Optional<Correction.Output> output = Optional.empty();
        Model model;
        if (onTop) {
            output = Optional.of(Corrections.apply(
                    now,
                    next.withCorrections(next.corrections().subList(before, before + 1)),
                    ref -> opened(ref, data),
                    progress,
                    cancel));
            model = output.get().model();
        } else {
            model = Engine.analysed(open.source(), next, progress, cancel);
        }
        if (next.activations().isEmpty() || data.isEmpty()) {
            return new Made(output, model, Optional.empty(), edit);
        }
        ActivationSketches seen = new ActivationSketches(
                next.modelKey(),
                FileRef.of(data.get()).digest(),
                next.foldBatchNorm(),
                data.get().size(),
                Engine.observe(model, data.get(), progress, cancel));
        return new Made(output, model, Optional.of(seen), edit);
    }

    private static Dataset opened(FileRef ref, Optional<Dataset> data) {
        return data.filter(d -> FileRef.of(d).equals(ref))
                .orElseThrow(() -> new IllegalStateException("the calibration data was changed meanwhile"));
    }

    private void made(String title, SessionState was, SessionState next, Made made) {
        if (!bench.stateProperty().get().equals(Optional.of(was))) {
            background.problem(title + ": the settings were changed meanwhile; nothing was corrected");
            return;
        }
        bench.keepCorrected(next, made.model);
        made.seen.ifPresent(bench::sawActivations);
        step(title, next, made.edit, made.output);
    }

    /**
     * Applies an edit. For a correction on top of the others it keeps the figures before it, and reports the result.
     */
    private void step(String title, SessionState next, Edit edit, Optional<Correction.Output> correction) {
        if (correction.isEmpty()) {
            bench.apply(edit);
            return;
        }
        Correction.Output output = correction.get();
        Map<TensorId, Double> sqnr = new HashMap<>();
        measurements
                .snapshotProperty()
                .get()
                .tensors()
                .forEach((id, m) -> m.error().sqnrDb().ifPresent(db -> sqnr.put(id, db)));
        Optional<AccuracyEstimate> score = complete();
        // Stored before the edit is applied, so that followers of the change find it.
        steps.put(bench.variantOf(next), new Step(output, Map.copyOf(sqnr), score));
        bench.apply(edit);
        if (output.changed().isEmpty()) {
            background.notices().done(title + ": nothing to do; " + String.join("; ", output.kept()));
            return;
        }
        fresh = bench.variant();
        tell(title, output, score.map(x -> "; accuracy is evaluated again").orElse(""));
        refresh();
    }

    /** Reports the result of a correction, with a button to undo it. */
    private void tell(String title, Correction.Output output, String more) {
        Optional<SessionState> corrected = bench.stateProperty().get();
        int n = output.changed().size();
        background
                .notices()
                .done(title + ": " + n + (n == 1 ? " tensor" : " tensors") + " changed" + more, "Undo", () -> {
                    if (bench.stateProperty().get().equals(corrected)) {
                        bench.undo();
                    } else {
                        removeLast();
                    }
                });
    }

    /** Reports the score before and after as soon as it is known. */
    private void tellScore(View v) {
        step().filter(s -> bench.variant().equals(fresh))
                .ifPresent(step -> v.before()
                        .score()
                        .ifPresent(was -> v.now().score().ifPresent(now -> {
                            fresh = "";
                            tell(
                                    v.titles().getLast(),
                                    step.output,
                                    ", " + now.task().headline() + " " + Figures.score(was.task(), was.score()) + " → "
                                            + Figures.score(now.task(), now.score()));
                        })));
    }

    private Optional<AccuracyEstimate> complete() {
        AccuracyState v = accuracy.viewProperty().get();
        return v.status() == AccuracyState.Status.DONE && !v.previous() ? v.quantized() : Optional.empty();
    }

    private Optional<Step> step() {
        return bench.stateProperty()
                .get()
                .filter(s -> !s.corrections().isEmpty())
                .flatMap(s -> Optional.ofNullable(steps.get(bench.variant())));
    }

    private void refresh() {
        SessionState state = bench.stateProperty().get().orElse(null);
        if (state == null || state.corrections().isEmpty()) {
            view.set(View.NOTHING);
            return;
        }
        Optional<Step> step = step();
        Measurements.Snapshot measured = measurements.snapshotProperty().get();
        List<Double> before = new ArrayList<>();
        List<Double> now = new ArrayList<>();
        bench.weights().forEach(w -> {
            step.map(s -> s.sqnr.get(w.id())).ifPresent(before::add);
            Optional.ofNullable(measured.tensors().get(w.id()))
                    .ifPresent(m -> m.error().sqnrDb().ifPresent(now::add));
        });
        View next = new View(
                state.corrections().stream().map(Corrections::title).toList(),
                step.map(s -> s.output.changed().size()),
                step.map(s -> s.output.kept()).orElse(List.of()),
                step.map(s -> s.output.notes()).orElse(List.of()),
                new Effect(
                        step.flatMap(Step::score),
                        before.stream().mapToDouble(Double::doubleValue).min()),
                new Effect(
                        complete(),
                        measured.complete()
                                ? now.stream().mapToDouble(Double::doubleValue).min()
                                : OptionalDouble.empty()));
        if (!Objects.equals(next, view.get())) {
            view.set(next);
        }
        tellScore(next);
    }

    /** The SQNR that a tensor had before the last correction, in dB; empty if it is unknown. */
    public OptionalDouble sqnrBefore(TensorId id) {
        Double before = step().map(s -> s.sqnr.get(id)).orElse(null);
        return before == null ? OptionalDouble.empty() : OptionalDouble.of(before);
    }

    public ReadOnlyObjectProperty<View> viewProperty() {
        return view.getReadOnlyProperty();
    }

    /** For each correction that this machine cannot compute, by its id, the reason. Empty before {@link #ask}. */
    public ReadOnlyObjectProperty<Map<String, String>> unavailableProperty() {
        return unavailable.getReadOnlyProperty();
    }
}
