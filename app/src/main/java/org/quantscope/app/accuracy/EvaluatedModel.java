package org.quantscope.app.accuracy;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.session.Background;
import org.quantscope.app.session.Settings;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.CacheUse;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.Task;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Jobs;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.Scored;
import org.quantscope.core.session.SessionState;

/**
 * The open model with the data to evaluate it on: its evaluator, which is opened and closed in the background, how it
 * can be scored, how the float model does, and the memory that may be used for it.
 */
final class EvaluatedModel implements AutoCloseable {
    /** Who uses the evaluator; called on the FX thread. */
    interface User {
        /** There is an evaluator now. */
        void opened();

        /** The float model's accuracy on the samples so far. */
        void baseline(AccuracyEstimate estimate);

        /** There will be no evaluator, or no accuracy of the float model. */
        void failed(Throwable why);
    }

    /** The name under which the memory limit for intermediate values is remembered. */
    private static final String CACHE = "accuracy.cache";

    private final Workbench bench;
    private final Background background;
    private final Settings settings;
    private final User user;
    private final LatestWins<AccuracyEstimate> baselines;
    private final ReadOnlyObjectWrapper<Optional<CacheUse>> cache = new ReadOnlyObjectWrapper<>(Optional.empty());
    private final ReadOnlyObjectWrapper<Optional<LiveEvaluator.Reading>> reading =
            new ReadOnlyObjectWrapper<>(Optional.empty());
    /** What the complete figure of the float model says about the data, in sentences. */
    private final ReadOnlyObjectWrapper<List<String>> doubts = new ReadOnlyObjectWrapper<>(List.of());

    private @Nullable LiveEvaluator evaluator;
    private @Nullable Model model;
    private @Nullable Dataset data;
    /** The float model that it is compared with. */
    private Optional<Model> reference = Optional.empty();

    private Optional<Task> task = Optional.empty();
    private Scored scored = Scored.AUTOMATIC;
    private boolean closed;

    EvaluatedModel(Workbench bench, Background background, Settings settings, User user) {
        this.bench = bench;
        this.background = background;
        this.settings = settings;
        this.user = user;
        this.baselines = background.latest(LatestWins.Mode.CANCEL_STALE);
    }

    /**
     * Shows which model is to be evaluated on which data, or none, with the score that was chosen.
     *
     * @return true if that is another one than before, so that nothing is known of it yet
     */
    boolean show(@Nullable Model nextModel, @Nullable Dataset nextData) {
        Optional<Task> nextTask = bench.stateProperty().get().flatMap(SessionState::metric);
        Scored nextScored =
                bench.stateProperty().get().map(SessionState::scored).orElse(Scored.AUTOMATIC);
        Optional<Model> nextReference = bench.reference();
        if (Objects.equals(nextModel, model)
                && nextReference.equals(reference)
                && Objects.equals(nextData, data)
                && nextTask.equals(task)
                && nextScored.equals(scored)) {
            return false;
        }
        model = nextModel;
        data = nextData;
        reference = nextReference;
        task = nextTask;
        scored = nextScored;
        reading.set(Optional.empty());
        doubts.set(List.of());
        baselines.cancel();
        LiveEvaluator old = evaluator;
        evaluator = null;
        if (old != null) {
            background.work().execute(old::close);
        }
        tellCache();
        return true;
    }

    /** Opens the evaluator of what is shown, in the background. */
    void open() {
        Model of = model;
        Dataset on = data;
        if (of == null || on == null) {
            return;
        }
        Optional<Task> by = task;
        Scored what = scored;
        long budget = cacheBudget();
        // The model before any correction, because a bias correction changes the outputs of the float model.
        Optional<Model> with = reference;
        Model compared = with.orElse(of);
        background.work().execute(() -> {
            try {
                LiveEvaluator fresh = Engine.evaluatorBesideWindow(Engine.scored(of, what), compared, on, by, budget);
                LiveEvaluator.Reading how = reading(fresh);
                background.ui().execute(() -> opened(fresh, how, of, with, on, by, what));
            } catch (RuntimeException e) {
                background.ui().execute(() -> user.failed(e));
            }
        });
    }

    /** Runs the float model on one batch; an evaluator that cannot even do that is closed. */
    private static LiveEvaluator.Reading reading(LiveEvaluator fresh) {
        try {
            return fresh.how(new CancelToken());
        } catch (RuntimeException e) {
            fresh.close();
            throw e;
        }
    }

    private void opened(
            LiveEvaluator fresh,
            LiveEvaluator.Reading how,
            Model of,
            Optional<Model> with,
            Dataset on,
            Optional<Task> by,
            Scored what) {
        if (closed
                || !of.equals(model)
                || !with.equals(reference)
                || !on.equals(data)
                || !by.equals(task)
                || !what.equals(scored)) {
            background.work().execute(fresh::close);
            return;
        }
        evaluator = fresh;
        reading.set(Optional.of(how));
        tellCache();
        if (how.refusal().isPresent()) {
            user.opened();
            return;
        }
        baselines.submit(
                (cancel, partial) -> {
                    try (Jobs.Handle job = background.start("Float accuracy", cancel)) {
                        AccuracyEstimate whole = fresh.floatBaseline(cancel, estimate -> {
                            job.report(
                                    estimate.seen(),
                                    estimate.total(),
                                    estimate.seen() + " of " + estimate.total() + " samples");
                            partial.accept(estimate);
                        });
                        List<String> said = fresh.doubts(whole, cancel);
                        background.ui().execute(() -> {
                            if (isOpen(fresh)) {
                                doubts.set(said);
                            }
                        });
                        return whole;
                    }
                },
                user::baseline,
                user::failed);
        user.opened();
    }

    /** The evaluator; null while there is none. */
    @Nullable
    LiveEvaluator evaluator() {
        return evaluator;
    }

    /** True if this is the present evaluator. */
    boolean isOpen(LiveEvaluator one) {
        return one.equals(evaluator);
    }

    /** The limit in bytes for native memory that holds intermediate values before the selected tensor. */
    long cacheBudget() {
        return (long) Math.max(0, settings.number(CACHE).orElse(LiveEvaluator.DEFAULT_CACHE_BYTES));
    }

    /** Sets and remembers {@link #cacheBudget}, a number of bytes ≥ 0; values above a smaller limit are freed. */
    void setCacheBudget(long bytes) {
        settings.setNumber(CACHE, (double) bytes);
        if (evaluator != null) {
            evaluator.setCacheBudget(bytes);
            tellCache();
        }
    }

    /** Shows how much memory is used now. */
    void tellCache() {
        cache.set(Optional.ofNullable(evaluator).map(LiveEvaluator::cacheUse));
    }

    ReadOnlyObjectProperty<Optional<CacheUse>> cacheProperty() {
        return cache.getReadOnlyProperty();
    }

    /** How the outputs are scored; empty before the model has run. */
    ReadOnlyObjectProperty<Optional<LiveEvaluator.Reading>> readingProperty() {
        return reading.getReadOnlyProperty();
    }

    ReadOnlyObjectProperty<List<String>> doubtsProperty() {
        return doubts.getReadOnlyProperty();
    }

    /** Cancels what runs and waits for it. */
    @Override
    public void close() {
        closed = true;
        baselines.cancel();
        if (evaluator != null) {
            evaluator.close();
            evaluator = null;
        }
    }
}
