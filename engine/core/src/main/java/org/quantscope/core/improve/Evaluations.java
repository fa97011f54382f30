package org.quantscope.core.improve;

import java.util.IdentityHashMap;
import java.util.Optional;
import java.util.function.Consumer;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.Evaluation;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.Task;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;

/** Runs fitted models on one set of samples, with an evaluator for each form of the model. */
final class Evaluations implements AutoCloseable {
    private static final long SEED = 1;

    private final Model reference;
    private final Dataset data;
    private final int threads;
    private final Optional<Task> task;
    private final CancelToken cancel;
    private final IdentityHashMap<Model, LiveEvaluator> byForm = new IdentityHashMap<>();

    Evaluations(Model reference, Dataset data, int threads, Optional<Task> task, CancelToken cancel) {
        this.reference = reference;
        this.data = data;
        this.threads = threads;
        this.task = task;
        this.cancel = cancel;
    }

    int samples() {
        return data.size();
    }

    LiveEvaluator of(Fitted fitted) {
        return byForm.computeIfAbsent(fitted.model(), model -> {
            Model scored = model.withGraph(
                    model.graph().orElseThrow().withScored(fitted.state().scored()));
            return new LiveEvaluator(scored, reference, data, SEED, threads, task, 0);
        });
    }

    Evaluation run(Fitted fitted, Consumer<Evaluation> partial) {
        return of(fitted).evaluateSamples(fitted.solved().request(Optional.empty()), cancel, partial);
    }

    @Override
    public void close() {
        byForm.values().forEach(LiveEvaluator::close);
        byForm.clear();
    }
}
