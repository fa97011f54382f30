package org.quantscope.core.eval;

import java.util.function.Consumer;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;

/**
 * Accuracy of quantized settings of one model on one data set, paired with its float predictions. Owns its ONNX Runtime
 * sessions. Thread safe; evaluations run one at a time.
 */
public final class LiveEvaluator implements AutoCloseable {
    /**
     * @param model with a graph, folded or not as it is to be analysed
     * @param seed of the evaluation order
     * @throws org.quantscope.core.BadInputException if the data does not fit the model's input
     */
    public LiveEvaluator(Model model, Dataset data, long seed) {
        throw new UnsupportedOperationException();
    }

    /** Computes and keeps the float model's predictions on all samples; reports float accuracy as it grows. */
    public AccuracyEstimate floatBaseline(CancelToken cancel, Consumer<AccuracyEstimate> partial) {
        throw new UnsupportedOperationException();
    }

    /** Builds the session for a request ahead of time, so that a change of {@code inHand}'s parameters needs none. */
    public void prepare(EvalRequest request, CancelToken cancel) {
        throw new UnsupportedOperationException();
    }

    /**
     * Evaluates batch by batch in a fixed random order.
     *
     * @param partial called on the working thread after each batch, the last time with the complete figure
     * @return the complete figure
     * @throws java.util.concurrent.CancellationException if cancelled, also in the middle of a batch
     */
    public AccuracyEstimate evaluate(EvalRequest request, CancelToken cancel, Consumer<AccuracyEstimate> partial) {
        throw new UnsupportedOperationException();
    }

    /** Terminates what runs, waits for it, releases the sessions. */
    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
