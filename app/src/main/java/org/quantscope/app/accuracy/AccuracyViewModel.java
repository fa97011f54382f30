package org.quantscope.app.accuracy;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.selected.SelectedTensor;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Changes;
import org.quantscope.app.session.Measurements;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.session.Settings;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.CacheUse;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.Evaluation;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.Task;
import org.quantscope.core.export.ModelSize;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.job.LruCache;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/**
 * The accuracy under the shown settings, previews included, batch by batch, and that of the float model. Only the
 * newest settings are evaluated; settings that were evaluated before are answered at once.
 */
public final class AccuracyViewModel implements AutoCloseable {
    /** Whether there is a figure, and if not, why. */
    public enum Status {
        /** No model is open. */
        NO_MODEL,
        /** The file holds only weights, so it cannot be run. */
        NO_GRAPH,
        /** There is no labelled data. */
        NO_DATA,
        /** A tensor cannot be resolved, so there are no complete settings to evaluate. */
        NOT_RESOLVED,
        /** The evaluation has not begun; if there is a figure, it belongs to earlier settings. */
        WAITING,
        /** The evaluation runs; the figure is updated with each batch. */
        RUNNING,
        /** The figure rests on all samples. */
        DONE,
        /** The user cancelled the evaluation before the last batch. */
        STOPPED
    }

    /**
     * What to show.
     *
     * @param evaluation of the shown settings; of earlier ones if {@code previous}
     * @param baseline the float model's accuracy so far
     * @param previous true if {@code evaluation} belongs to earlier settings
     * @param obstacle why a tensor cannot be resolved, in a sentence without its full stop; empty if all can
     */
    public record View(
            Status status,
            Optional<Evaluation> evaluation,
            Optional<AccuracyEstimate> baseline,
            boolean previous,
            Optional<ModelSize> size,
            String obstacle) {
        static final View NOTHING = without(Status.NO_MODEL, Optional.empty());

        /** Nothing can be evaluated, for the reason in {@code why}. */
        static View without(Status why, Optional<ModelSize> size) {
            return new View(why, Optional.empty(), Optional.empty(), false, size, "");
        }

        /** This view for new settings without a figure yet; the former figure remains, marked as previous. */
        View waiting(Optional<ModelSize> ofSetting) {
            return new View(Status.WAITING, evaluation, baseline, evaluation.isPresent(), ofSetting, "");
        }

        /** This view with an evaluation of the present settings. */
        View evaluated(Status how, Evaluation known, ModelSize ofSetting) {
            return new View(how, Optional.of(known), baseline, false, Optional.of(ofSetting), "");
        }

        View stopped() {
            return new View(Status.STOPPED, evaluation, baseline, previous, size, "");
        }

        /** This view for settings whose evaluation has failed, so that no figure will follow. */
        View failed() {
            return new View(Status.STOPPED, Optional.empty(), baseline, false, size, "");
        }

        /** This view for settings with a tensor that cannot be resolved. */
        View unresolved(String why) {
            return new View(Status.NOT_RESOLVED, Optional.empty(), baseline, false, Optional.empty(), why);
        }

        View withBaseline(AccuracyEstimate estimate) {
            return new View(status, evaluation, Optional.of(estimate), previous, size, obstacle);
        }

        /** The accuracy of the quantized model; that of earlier settings if {@code previous}. */
        public Optional<AccuracyEstimate> quantized() {
            return evaluation.map(Evaluation::accuracy);
        }
    }

    /** Other parameters for one tensor. */
    private record Preview(TensorId id, QuantParams params) {}

    /** What is to be evaluated. The complete settings are assembled on the background thread that needs them. */
    private record Question(ResolvedSettings committed, Optional<Preview> preview) {
        ResolvedSettings setting() {
            return preview.map(p -> committed.with(p.id, p.params)).orElse(committed);
        }
    }

    private record Answer(ResolvedSettings setting, Evaluation evaluation) {}

    /** The name under which the memory limit for intermediate values is remembered. */
    private static final String CACHE = "accuracy.cache";

    private static final int KEPT = 500;

    /** The most bytes of sample outcomes to keep, over all kept evaluations. */
    private static final long KEPT_BYTES = 96L << 20;

    private static final int BYTES_PER_SAMPLE = 56;

    private final Workbench bench;
    private final Measurements measurements;
    private final SelectedTensor selected;
    private final Background background;
    private final Settings settings;
    private final LatestWins<AccuracyEstimate> baselines;
    private final LatestWins<Answer> evaluations;
    private final ReadOnlyObjectWrapper<View> view = new ReadOnlyObjectWrapper<>(View.NOTHING);
    private final LruCache<ResolvedSettings, Evaluation> kept = LruCache.ofWeight(
            KEPT_BYTES, e -> Math.max(KEPT_BYTES / KEPT, (long) e.outcomes().total() * BYTES_PER_SAMPLE));
    private @Nullable LiveEvaluator evaluator;
    private @Nullable Model evaluatedModel;
    private @Nullable Dataset evaluatedData;
    private Optional<Task> evaluatedTask = Optional.empty();
    private final ReadOnlyObjectWrapper<Optional<CacheUse>> cache = new ReadOnlyObjectWrapper<>(Optional.empty());
    private final ReadOnlyObjectWrapper<List<Task>> tasks = new ReadOnlyObjectWrapper<>(List.of());
    /** The shown settings, whether or not they can be evaluated; null while they are not resolved. */
    private @Nullable Question shown;

    private @Nullable Question asked;
    private Optional<TensorId> askedInHand = Optional.empty();
    private boolean closed;

    public AccuracyViewModel(
            Workbench bench,
            Measurements measurements,
            SelectedTensor selected,
            Background background,
            Settings settings) {
        this.bench = bench;
        this.measurements = measurements;
        this.selected = selected;
        this.background = background;
        this.settings = settings;
        this.baselines = background.latest(LatestWins.Mode.CANCEL_STALE);
        this.evaluations = background.latest(LatestWins.Mode.CANCEL_STALE);
        bench.changes().on(Changes.Stage.ACCURACY, this::refresh);
    }

    private void refresh() {
        if (closed) {
            return;
        }
        Optional<Model> model = bench.analysed();
        if (model.isEmpty()) {
            shown = null;
            open(null, null);
            view.set(View.NOTHING);
            return;
        }
        Status missing = model.get().graph().isEmpty()
                ? Status.NO_GRAPH
                : bench.evaluationData().isEmpty() ? Status.NO_DATA : Status.WAITING;
        boolean evaluable = missing == Status.WAITING;
        open(evaluable ? model.get() : null, evaluable ? bench.evaluationData().orElse(null) : null);

        Measurements.Snapshot measured = measurements.snapshotProperty().get();
        Optional<SelectedTensor.View> hand = selected.viewProperty().get();
        boolean settled = measured.complete() && hand.map(h -> !h.previous()).orElse(true);
        if (evaluable && measured.obstacle().isPresent()) {
            shown = null;
            asked = null;
            evaluations.cancel();
            show(view.get().unresolved(measured.obstacle().get()));
            return;
        }
        if (!settled) {
            shown = null;
            waitFor(evaluable ? Status.WAITING : missing);
            return;
        }
        shown = new Question(measured.resolved(), preview(measured.resolved(), hand));
        if (!evaluable) {
            show(View.without(missing, Optional.of(measured.size())));
            return;
        }
        if (evaluator != null) {
            ask(shown, measured.size(), hand);
        }
    }

    /**
     * The parameters of the selected tensor, if they differ from the committed ones. A preview changes only a clip, so
     * the model size stays the same.
     */
    private static Optional<Preview> preview(ResolvedSettings committed, Optional<SelectedTensor.View> hand) {
        return hand.filter(SelectedTensor.View::preview)
                .flatMap(h -> h.measured().map(m -> new Preview(h.subject().id(), m.params())))
                .filter(p -> committed
                        .find(p.id)
                        .map(found -> !found.params().equals(p.params))
                        .orElse(false));
    }

    /** A gesture calls this in every frame; only a changed view is announced. */
    private void show(View next) {
        if (!next.equals(view.get())) {
            view.set(next);
        }
    }

    private void waitFor(Status status) {
        View now = view.get();
        if (status != Status.WAITING) {
            view.set(View.without(status, now.size()));
        } else if (asked != null || now.status() != Status.WAITING) {
            asked = null;
            evaluations.cancel();
            view.set(now.waiting(now.size()));
        }
    }

    private void ask(Question question, ModelSize size, Optional<SelectedTensor.View> hand) {
        Optional<TensorId> moving = hand.map(h -> h.subject().id());
        boolean rests = question.preview.isEmpty();
        View now = view.get();
        // The end of a drag commits settings that are being evaluated already.
        if (question.equals(asked) || (rests && asked != null && question.committed.equals(asked.setting()))) {
            asked = question;
            if (!moving.equals(askedInHand)) {
                askedInHand = moving;
                if (now.status() == Status.DONE) {
                    prepare(new EvalRequest(moving, question.committed.weights(), question.committed.activations()));
                }
            }
            return;
        }
        asked = question;
        askedInHand = moving;
        Evaluation known = rests ? kept.get(question.committed) : null;
        if (known != null) {
            evaluations.cancel();
            show(now.evaluated(Status.DONE, known, size));
            return;
        }
        show(now.waiting(Optional.of(size)));
        LiveEvaluator on = evaluator;
        if (on == null) {
            return;
        }
        AtomicBoolean waits = new AtomicBoolean();
        evaluations.submit(
                (cancel, partial) -> evaluate(on, question, moving, cancel, unlessOneWaits(waits, partial)),
                answer -> {
                    waits.set(false);
                    if (evaluator == on) {
                        answered(answer, moving, size);
                    }
                },
                this::failed);
    }

    /**
     * Batches may finish faster than they can be shown. A partial result is skipped while another one is waiting; the
     * last one is delivered in any case, as the result of the evaluation.
     */
    private static <R> Consumer<R> unlessOneWaits(AtomicBoolean waits, Consumer<R> partial) {
        return result -> {
            if (waits.compareAndSet(false, true)) {
                partial.accept(result);
            }
        };
    }

    private void answered(Answer answer, Optional<TensorId> moving, ModelSize size) {
        boolean complete = answer.evaluation.accuracy().isComplete();
        tellCache();
        if (complete) {
            kept.put(answer.setting, answer.evaluation);
        }
        show(view.get().evaluated(complete ? Status.DONE : Status.RUNNING, answer.evaluation, size));
        // Another tensor was selected meanwhile.
        if (complete && asked != null && !moving.equals(askedInHand)) {
            prepare(new EvalRequest(askedInHand, asked.committed.weights(), asked.committed.activations()));
        }
    }

    private Answer evaluate(
            LiveEvaluator on,
            Question question,
            Optional<TensorId> moving,
            CancelToken cancel,
            Consumer<Answer> partial) {
        ResolvedSettings setting = question.setting();
        Evaluation known = kept.get(setting);
        if (known != null) {
            return new Answer(setting, known);
        }
        try (Jobs.Handle job = background.start("Accuracy", cancel)) {
            Evaluation complete = on.evaluateSamples(
                    new EvalRequest(moving, setting.weights(), setting.activations()), cancel, evaluation -> {
                        AccuracyEstimate estimate = evaluation.accuracy();
                        job.report(
                                estimate.seen(),
                                estimate.total(),
                                estimate.seen() + " of " + estimate.total() + " samples");
                        if (!estimate.isComplete()) {
                            partial.accept(new Answer(setting, evaluation));
                        }
                    });
            return new Answer(setting, complete);
        } catch (CancellationException e) {
            background.ui().execute(() -> stopped(question));
            throw e;
        }
    }

    /** Handles a cancellation by the user: nothing newer is waiting, so the partial figure stays, marked as stopped. */
    private void stopped(Question question) {
        View now = view.get();
        if (question.equals(asked) && (now.status() == Status.RUNNING || now.status() == Status.WAITING)) {
            view.set(now.stopped());
        }
    }

    /** Chooses the score, as one undo step; empty for the one that fits the model and the data best. */
    public void score(Optional<Task> task) {
        bench.apply(new Edit.SetMetric(task));
    }

    /**
     * The shown settings, previews included, as a request that can be run in another way; empty while they are not
     * resolved.
     */
    public Optional<EvalRequest> request() {
        Question now = shown;
        if (now == null) {
            return Optional.empty();
        }
        ResolvedSettings setting = now.setting();
        Optional<TensorId> weight = selected.viewProperty()
                .get()
                .filter(h -> h.subject() instanceof QuantizableTensor.Weight)
                .map(h -> h.subject().id());
        return Optional.of(new EvalRequest(weight, setting.weights(), setting.activations()));
    }

    /** The possible scores, the automatic choice first; empty before the model has run. */
    public ReadOnlyObjectProperty<List<Task>> tasksProperty() {
        return tasks.getReadOnlyProperty();
    }

    /** Evaluates the shown settings again after a cancellation. */
    public void restart() {
        asked = null;
        refresh();
    }

    /**
     * The limit in bytes for native memory that holds intermediate values before the selected tensor; it is remembered.
     */
    public long cacheBudget() {
        return (long) Math.max(0, settings.number(CACHE).orElse(LiveEvaluator.DEFAULT_CACHE_BYTES));
    }

    /**
     * Sets {@link #cacheBudget} to a number of bytes ≥ 0; 0 keeps nothing. Values above a smaller limit are freed,
     * those that fit a larger one are computed.
     */
    public void setCacheBudget(long bytes) {
        settings.setNumber(CACHE, (double) bytes);
        if (evaluator != null) {
            evaluator.setCacheBudget(bytes);
            tellCache();
            if (view.get().status() == Status.DONE && asked != null) {
                prepare(new EvalRequest(askedInHand, asked.committed.weights(), asked.committed.activations()));
            }
        }
    }

    private void tellCache() {
        cache.set(Optional.ofNullable(evaluator).map(LiveEvaluator::cacheUse));
    }

    /** The use of memory for intermediate values before the selected tensor; empty if nothing can be evaluated. */
    public ReadOnlyObjectProperty<Optional<CacheUse>> cacheProperty() {
        return cache.getReadOnlyProperty();
    }

    private void prepare(EvalRequest request) {
        LiveEvaluator on = evaluator;
        if (on == null) {
            return;
        }
        evaluations.submit(
                (cancel, partial) -> {
                    on.prepare(request, cancel);
                    background.ui().execute(this::tellCache);
                    throw new CancellationException();
                },
                estimate -> {},
                this::failed);
    }

    private void failed(Throwable e) {
        background.problem("Accuracy: " + e.getMessage());
        view.set(view.get().failed());
    }

    private void open(@Nullable Model model, @Nullable Dataset data) {
        Optional<Task> task = bench.stateProperty().get().flatMap(SessionState::metric);
        if (Objects.equals(model, evaluatedModel)
                && Objects.equals(data, evaluatedData)
                && task.equals(evaluatedTask)) {
            return;
        }
        evaluatedTask = task;
        tasks.set(List.of());
        evaluatedModel = model;
        evaluatedData = data;
        asked = null;
        kept.clear();
        baselines.cancel();
        evaluations.cancel();
        LiveEvaluator old = evaluator;
        evaluator = null;
        if (old != null) {
            background.work().execute(old::close);
        }
        view.set(View.NOTHING);
        tellCache();
        if (model == null || data == null) {
            return;
        }
        long budget = cacheBudget();
        // The model before any correction, because a bias correction changes the outputs of the float model.
        Model reference = bench.uncorrected().orElse(model);
        background.work().execute(() -> {
            try {
                LiveEvaluator fresh = Engine.evaluatorBesideWindow(model, reference, data, task, budget);
                background.ui().execute(() -> opened(fresh, model, data, task));
            } catch (RuntimeException e) {
                background.ui().execute(() -> failed(e));
            }
        });
    }

    private void opened(LiveEvaluator fresh, Model model, Dataset data, Optional<Task> task) {
        if (closed || !model.equals(evaluatedModel) || !data.equals(evaluatedData) || !task.equals(evaluatedTask)) {
            background.work().execute(fresh::close);
            return;
        }
        evaluator = fresh;
        tellCache();
        AtomicBoolean waits = new AtomicBoolean();
        baselines.submit(
                (cancel, all) -> {
                    Consumer<AccuracyEstimate> partial = unlessOneWaits(waits, all);
                    try (Jobs.Handle job = background.start("Float accuracy", cancel)) {
                        List<Task> possible = fresh.tasks(cancel);
                        background.ui().execute(() -> {
                            if (fresh.equals(evaluator)) {
                                tasks.set(possible);
                            }
                        });
                        return fresh.floatBaseline(cancel, estimate -> {
                            job.report(
                                    estimate.seen(),
                                    estimate.total(),
                                    estimate.seen() + " of " + estimate.total() + " samples");
                            partial.accept(estimate);
                        });
                    }
                },
                estimate -> {
                    waits.set(false);
                    View now = view.get();
                    view.set(now.withBaseline(estimate));
                },
                this::failed);
        refresh();
    }

    /** Cancels what runs and waits for it. */
    @Override
    public void close() {
        closed = true;
        baselines.cancel();
        evaluations.cancel();
        if (evaluator != null) {
            evaluator.close();
            evaluator = null;
        }
    }

    public ReadOnlyObjectProperty<View> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
