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
 * The accuracy of the settings on show, previews included, batch by batch, and of the float model. Only the newest setting
 * is evaluated; a setting that was evaluated before answers at once.
 */
public final class AccuracyViewModel implements AutoCloseable {
    /** Why there is, or is not, a figure. */
    public enum Status {
        /** No model is open. */
        NO_MODEL,
        /** The file has weights only: there is nothing to run. */
        NO_GRAPH,
        /** Accuracy needs labelled data. */
        NO_DATA,
        /** The figure, if there is one, belongs to an earlier setting. */
        WAITING,
        /** The figure grows batch by batch. */
        RUNNING,
        /** The figure stands for all samples. */
        DONE,
        /** Cancelled before the last batch. */
        STOPPED
    }

    /**
     * What is on show.
     *
     * @param evaluation of the setting; of an earlier one if {@code previous}
     * @param baseline the float model's accuracy so far
     * @param previous true if {@code evaluation} belongs to an earlier setting
     */
    public record View(
            Status status,
            Optional<Evaluation> evaluation,
            Optional<AccuracyEstimate> baseline,
            boolean previous,
            Optional<ModelSize> size) {
        static final View NOTHING = without(Status.NO_MODEL, Optional.empty());

        /** Nothing can be evaluated, for the reason that {@code why} gives. */
        static View without(Status why, Optional<ModelSize> size) {
            return new View(why, Optional.empty(), Optional.empty(), false, size);
        }

        /** For a setting of which nothing is known yet; the figure of the one before stays. */
        View waiting(Optional<ModelSize> ofSetting) {
            return new View(Status.WAITING, evaluation, baseline, evaluation.isPresent(), ofSetting);
        }

        /** With what is known of the setting. */
        View evaluated(Status how, Evaluation known, ModelSize ofSetting) {
            return new View(how, Optional.of(known), baseline, false, Optional.of(ofSetting));
        }

        View stopped() {
            return new View(Status.STOPPED, evaluation, baseline, previous, size);
        }

        /** There is no figure of the setting, and none is coming. */
        View failed() {
            return new View(Status.STOPPED, Optional.empty(), baseline, false, size);
        }

        View withBaseline(AccuracyEstimate estimate) {
            return new View(status, evaluation, Optional.of(estimate), previous, size);
        }

        /** The figure of the setting; of an earlier one if {@code previous}. */
        public Optional<AccuracyEstimate> quantized() {
            return evaluation.map(Evaluation::accuracy);
        }
    }

    /** Other parameters for one tensor. */
    private record Preview(TensorId id, QuantParams params) {}

    /** What is to be evaluated. The whole setting is put together where it is needed, off the thread of the scene. */
    private record Question(ResolvedSettings committed, Optional<Preview> preview) {
        ResolvedSettings setting() {
            return preview.map(p -> committed.with(p.id, p.params)).orElse(committed);
        }
    }

    private record Answer(ResolvedSettings setting, Evaluation evaluation) {}

    /** What the budget for values in front of the tensor in hand is remembered by. */
    private static final String CACHE = "accuracy.cache";

    private static final int KEPT = 500;

    /** Of what became of the samples, in the evaluations that are kept. */
    private static final long KEPT_BYTES = 96L << 20;

    private static final int BYTES_PER_SAMPLE = 56;

    private final Workbench bench;
    private final Measurements measurements;
    private final SelectedTensor inHand;
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
    /** The setting on show, whether or not it can be evaluated; null while it is not resolved. */
    private @Nullable Question shown;

    private @Nullable Question asked;
    private Optional<TensorId> askedInHand = Optional.empty();
    private boolean closed;

    public AccuracyViewModel(
            Workbench bench,
            Measurements measurements,
            SelectedTensor inHand,
            Background background,
            Settings settings) {
        this.bench = bench;
        this.measurements = measurements;
        this.inHand = inHand;
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
        Optional<SelectedTensor.View> hand = inHand.viewProperty().get();
        boolean settled = measured.complete() && hand.map(h -> !h.previous()).orElse(true);
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

    /** The parameters in hand where they differ from the committed ones. A preview changes a clip only, and so no size. */
    private static Optional<Preview> preview(ResolvedSettings committed, Optional<SelectedTensor.View> hand) {
        return hand.filter(SelectedTensor.View::preview)
                .flatMap(h -> h.measured().map(m -> new Preview(h.subject().id(), m.params())))
                .filter(p -> committed
                        .find(p.id)
                        .map(found -> !found.params().equals(p.params))
                        .orElse(false));
    }

    /** A gesture asks in every frame; only what differs is announced. */
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
        // Letting go commits what was asked for already.
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
     * Batches may be done faster than they can be shown: one that comes while another waits to be taken is passed over. The
     * last one is the result of the evaluation and comes in any case.
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
        // Another tensor was taken in hand meanwhile.
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

    /** A cancel by hand: nothing newer is waiting, so what there is stays, marked. */
    private void stopped(Question question) {
        View now = view.get();
        if (question.equals(asked) && (now.status() == Status.RUNNING || now.status() == Status.WAITING)) {
            view.set(now.stopped());
        }
    }

    /** Chooses what is scored; empty for what fits the model and the data best. One step. */
    public void score(Optional<Task> task) {
        bench.apply(new Edit.SetMetric(task));
    }

    /** The setting on show, previews included, to be run in another way; empty while it is not resolved. */
    public Optional<EvalRequest> request() {
        Question now = shown;
        if (now == null) {
            return Optional.empty();
        }
        ResolvedSettings setting = now.setting();
        Optional<TensorId> weight = inHand.viewProperty()
                .get()
                .filter(h -> h.subject() instanceof QuantizableTensor.Weight)
                .map(h -> h.subject().id());
        return Optional.of(new EvalRequest(weight, setting.weights(), setting.activations()));
    }

    /** What can be scored, the automatic choice first; empty before the model has run. */
    public ReadOnlyObjectProperty<List<Task>> tasksProperty() {
        return tasks.getReadOnlyProperty();
    }

    /** Evaluates the setting on show again after a cancel. */
    public void restart() {
        asked = null;
        refresh();
    }

    /** Bytes of native memory that values in front of the tensor in hand may take; remembered. */
    public long cacheBudget() {
        return (long) Math.max(0, settings.number(CACHE).orElse(LiveEvaluator.DEFAULT_CACHE_BYTES));
    }

    /** Sets {@link #cacheBudget}, at least 0; 0 for none. What is above it goes, what has room now is computed. */
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

    /** What is kept in front of the tensor in hand; empty while nothing can be evaluated. */
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
        // Before any correction: a bias correction changes what the float model says.
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

    /** Stops what runs and waits for it. */
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
