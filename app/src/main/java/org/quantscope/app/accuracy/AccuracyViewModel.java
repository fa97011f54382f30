package org.quantscope.app.accuracy;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.accuracy.AccuracyState.Status;
import org.quantscope.app.selected.SelectedTensor;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Changes;
import org.quantscope.app.session.Coded;
import org.quantscope.app.session.Measurements;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.app.session.Settings;
import org.quantscope.app.session.Solutions;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.dataset.LabelNumbers;
import org.quantscope.core.dataset.Preprocessing;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.CacheUse;
import org.quantscope.core.eval.ChosenValues;
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
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/**
 * The accuracy under the shown settings, previews included, batch by batch, and that of the float model. Only the
 * newest settings are evaluated; settings that were evaluated before are answered at once.
 */
public final class AccuracyViewModel implements AutoCloseable {
    /** Other parameters for one tensor, with its nearest levels or the codes that were chosen for them. */
    private record Preview(TensorId id, QuantParams params, Map<TensorId, ChosenValues> codes) {}

    /** What is to be evaluated. The complete settings are assembled on the background thread that needs them. */
    private record Question(Coded committed, Optional<Preview> preview) {
        Coded setting() {
            return preview.map(p -> committed.with(p.id, p.params, p.codes)).orElse(committed);
        }
    }

    private record Answer(Coded setting, Evaluation evaluation) {}

    private static final int KEPT = 500;

    /** The most bytes of sample outcomes to keep, over all kept evaluations. */
    private static final long KEPT_BYTES = 96L << 20;

    private static final int BYTES_PER_SAMPLE = 56;

    private final Workbench bench;
    private final Measurements measurements;
    private final Solutions solutions;
    private final SelectedTensor selected;
    private final Background background;
    private final EvaluatedModel model;
    private final LatestWins<Answer> evaluations;
    private final ReadOnlyObjectWrapper<AccuracyState> view = new ReadOnlyObjectWrapper<>(AccuracyState.nothing());
    private final LruCache<Coded, Evaluation> kept = LruCache.ofWeight(
            KEPT_BYTES, e -> Math.max(KEPT_BYTES / KEPT, (long) e.outcomes().total() * BYTES_PER_SAMPLE));
    private final ReadOnlyObjectWrapper<List<String>> codeNotes = new ReadOnlyObjectWrapper<>(List.of());
    /** The shown settings, whether or not they can be evaluated; null while they are not resolved. */
    private @Nullable Question shown;

    private @Nullable Question asked;
    private Optional<TensorId> askedInHand = Optional.empty();
    private boolean closed;

    public AccuracyViewModel(
            Workbench bench,
            Measurements measurements,
            Solutions solutions,
            SelectedTensor selected,
            Background background,
            Settings settings) {
        this.bench = bench;
        this.measurements = measurements;
        this.solutions = solutions;
        this.selected = selected;
        this.background = background;
        this.model = new EvaluatedModel(bench, background, settings, new EvaluatedModel.User() {
            @Override
            public void opened() {
                refresh();
            }

            @Override
            public void baseline(AccuracyEstimate estimate) {
                view.set(view.get().withBaseline(estimate));
            }

            @Override
            public void failed(Throwable why) {
                AccuracyViewModel.this.failed(why);
            }
        });
        this.evaluations = background.latest(LatestWins.Mode.CANCEL_STALE);
        bench.changes().on(Changes.Stage.ACCURACY, this::refresh);
    }

    private void refresh() {
        if (closed) {
            return;
        }
        codeNotes.set(solutions.viewProperty().get().notes());
        Optional<Model> analysed = bench.analysed();
        if (analysed.isEmpty()) {
            shown = null;
            open(null, null);
            view.set(AccuracyState.nothing());
            return;
        }
        Status missing = analysed.get().graph().isEmpty()
                ? Status.NO_GRAPH
                : bench.evaluationData().isEmpty() ? Status.NO_DATA : Status.WAITING;
        boolean evaluable = missing == Status.WAITING;
        open(
                evaluable ? analysed.get() : null,
                evaluable ? bench.evaluationData().orElse(null) : null);

        Measurements.Snapshot measured = measurements.snapshotProperty().get();
        Optional<SelectedTensor.View> hand = selected.viewProperty().get();
        Coded coded = solutions.viewProperty().get().coded().orElse(null);
        boolean settled = measured.complete()
                && coded != null
                && hand.map(h -> !h.previous()).orElse(true);
        if (evaluable && measured.obstacle().isPresent()) {
            shown = null;
            asked = null;
            evaluations.cancel();
            show(view.get().unresolved(measured.obstacle().get()));
            return;
        }
        if (!settled || coded == null) {
            shown = null;
            waitFor(evaluable ? Status.WAITING : missing);
            return;
        }
        shown = new Question(coded, preview(coded.settings(), hand));
        if (!evaluable) {
            show(new AccuracyState.Without(missing, Optional.of(measured.size())));
            return;
        }
        LiveEvaluator evaluator = model.evaluator();
        if (evaluator != null) {
            ask(evaluator, shown, measured.size(), hand);
        }
    }

    /**
     * The parameters of the selected tensor, if they differ from the committed ones. A preview changes only a clip, so
     * the model size stays the same.
     */
    private static Optional<Preview> preview(ResolvedSettings committed, Optional<SelectedTensor.View> hand) {
        return hand.filter(SelectedTensor.View::preview)
                .flatMap(h -> h.measured()
                        .map(m -> new Preview(
                                h.subject().id(), m.params(), h.codes().values())))
                .filter(p -> committed
                        .find(p.id)
                        .map(found -> !found.params().equals(p.params))
                        .orElse(false));
    }

    /** A gesture calls this in every frame; only a changed view is announced. */
    private void show(AccuracyState next) {
        if (!next.equals(view.get())) {
            view.set(next);
        }
    }

    private void waitFor(Status status) {
        AccuracyState now = view.get();
        if (status != Status.WAITING) {
            view.set(new AccuracyState.Without(status, now.size()));
        } else if (asked != null || now.status() != Status.WAITING) {
            asked = null;
            evaluations.cancel();
            view.set(now.waiting(now.size()));
        }
    }

    private void ask(LiveEvaluator on, Question question, ModelSize size, Optional<SelectedTensor.View> hand) {
        Optional<String> refusal = model.readingProperty().get().flatMap(LiveEvaluator.Reading::refusal);
        if (refusal.isPresent()) {
            show(view.get().unresolved(refusal.get()));
            return;
        }
        Optional<TensorId> moving = hand.map(h -> h.subject().id());
        boolean rests = question.preview.isEmpty();
        AccuracyState now = view.get();
        // The end of a drag commits settings that are being evaluated already.
        if (question.equals(asked) || (rests && asked != null && question.committed.equals(asked.setting()))) {
            asked = question;
            if (!moving.equals(askedInHand)) {
                askedInHand = moving;
                if (now.status() == Status.DONE) {
                    prepare(question.committed.request(moving));
                }
            }
            return;
        }
        asked = question;
        askedInHand = moving;
        Evaluation known = rests ? kept.get(question.committed) : null;
        if (known != null) {
            evaluations.cancel();
            show(now.evaluated(known, size));
            return;
        }
        show(now.waiting(Optional.of(size)));
        evaluations.submit(
                (cancel, partial) -> evaluate(on, question, moving, cancel, partial),
                answer -> {
                    if (model.isOpen(on)) {
                        answered(answer, moving, size);
                    }
                },
                this::failed);
    }

    private void answered(Answer answer, Optional<TensorId> moving, ModelSize size) {
        boolean complete = answer.evaluation.accuracy().isComplete();
        model.tellCache();
        if (complete) {
            kept.put(answer.setting, answer.evaluation);
        }
        show(view.get().evaluated(answer.evaluation, size));
        // Another tensor was selected meanwhile.
        if (complete && asked != null && !moving.equals(askedInHand)) {
            prepare(asked.committed.request(askedInHand));
        }
    }

    private Answer evaluate(
            LiveEvaluator on,
            Question question,
            Optional<TensorId> moving,
            CancelToken cancel,
            Consumer<Answer> partial) {
        Coded setting = question.setting();
        Evaluation known = kept.get(setting);
        if (known != null) {
            return new Answer(setting, known);
        }
        try (Jobs.Handle job = background.start("Accuracy", cancel)) {
            Evaluation complete = on.evaluateSamples(setting.request(moving), cancel, evaluation -> {
                AccuracyEstimate estimate = evaluation.accuracy();
                job.report(estimate.seen(), estimate.total(), estimate.seen() + " of " + estimate.total() + " samples");
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
        AccuracyState now = view.get();
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
        Optional<TensorId> weight = selected.viewProperty()
                .get()
                .filter(h -> h.subject() instanceof QuantizableTensor.Weight)
                .map(h -> h.subject().id());
        return Optional.of(now.setting().request(weight));
    }

    /** Chooses the output that is scored, as one undo step; empty for the one that fits the data. */
    public void scoreOutput(Optional<String> output) {
        bench.stateProperty()
                .get()
                .ifPresent(
                        state -> bench.apply(new Edit.SetScored(state.scored().withOutput(output))));
    }

    /** The float model to compare with that was chosen; empty for the open one before its corrections. */
    public Optional<FileRef> chosenReference() {
        return bench.stateProperty().get().flatMap(SessionState::reference);
    }

    /** Compares with the open model before its corrections again, as one undo step. */
    public void compareWithItself() {
        bench.apply(new Edit.SetReference(Optional.empty()));
    }

    /** Numbers the labels of the evaluation data so that they are classes, as one undo step. */
    public void adoptNumbers(LabelNumbers numbers) {
        bench.evaluationData()
                .ifPresent(data -> data.samples().ifPresent(samples -> {
                    Preprocessing how =
                            data.preprocessing().orElse(samples.stated()).withLabelNumbers(numbers);
                    bench.apply(new Edit.SetEvaluationData(Optional.of(bench.keep(Datasets.prepare(samples, how)))));
                }));
    }

    /** What evaluates the shown settings; null while there is none, or where the labels cannot be scored. */
    @Nullable
    LiveEvaluator evaluator() {
        return model.readingProperty()
                        .get()
                        .flatMap(LiveEvaluator.Reading::refusal)
                        .isPresent()
                ? null
                : model.evaluator();
    }

    /** How the outputs are scored; empty before the model has run. */
    public ReadOnlyObjectProperty<Optional<LiveEvaluator.Reading>> readingProperty() {
        return model.readingProperty();
    }

    /** What the complete figure of the float model says about the data, in sentences. */
    public ReadOnlyObjectProperty<List<String>> doubtsProperty() {
        return model.doubtsProperty();
    }

    /** What a person should know of the codes of the weights, in sentences. */
    public ReadOnlyObjectProperty<List<String>> codeNotesProperty() {
        return codeNotes.getReadOnlyProperty();
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
        return model.cacheBudget();
    }

    /**
     * Sets {@link #cacheBudget} to a number of bytes ≥ 0; 0 keeps nothing. Values above a smaller limit are freed,
     * those that fit a larger one are computed.
     */
    public void setCacheBudget(long bytes) {
        model.setCacheBudget(bytes);
        if (view.get().status() == Status.DONE && asked != null) {
            prepare(asked.committed.request(askedInHand));
        }
    }

    /** The use of memory for intermediate values before the selected tensor; empty if nothing can be evaluated. */
    public ReadOnlyObjectProperty<Optional<CacheUse>> cacheProperty() {
        return model.cacheProperty();
    }

    private void prepare(EvalRequest request) {
        LiveEvaluator on = model.evaluator();
        if (on == null) {
            return;
        }
        evaluations.submit(
                (cancel, partial) -> {
                    on.prepare(request, cancel);
                    background.ui().execute(model::tellCache);
                    throw new CancellationException();
                },
                estimate -> {},
                this::failed);
    }

    private void failed(Throwable e) {
        background.problem("Accuracy: " + e.getMessage());
        view.set(view.get().failed());
    }

    private void open(@Nullable Model analysed, @Nullable Dataset data) {
        if (model.show(analysed, data)) {
            asked = null;
            kept.clear();
            evaluations.cancel();
            AccuracyState nothing = AccuracyState.nothing();
            view.set(analysed == null ? nothing : nothing.waiting(Optional.empty()));
            model.open();
        }
    }

    /** Cancels what runs and waits for it. */
    @Override
    public void close() {
        closed = true;
        evaluations.cancel();
        model.close();
    }

    public ReadOnlyObjectProperty<AccuracyState> viewProperty() {
        return view.getReadOnlyProperty();
    }
}
