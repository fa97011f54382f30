package org.quantscope.core.correction;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/**
 * Changes the values of a float model so that quantization hurts it less. Stateless and deterministic. One file and one line
 * in {@code META-INF/services/org.quantscope.core.correction.Correction}; see {@link Corrections}.
 */
public interface Correction {
    /** Persisted; never renamed. */
    String id();

    String title();

    /** What it does, in a sentence for a person. */
    String summary();

    List<OptionDoc> options();

    /** Where the method comes from. */
    String source();

    /** True if it rests on calibration data and on how the model is quantized. */
    boolean needsData();

    /** Why it cannot run on this machine; empty if it can. The first call may take a second: a native library is loaded. */
    Optional<String> unavailable();

    /**
     * What a correction works on.
     *
     * @param model with a graph, BatchNormalization folded if it is to be
     * @param options by name; one left out has its default
     * @param data calibration data, present if {@link #needsData}
     * @param settings how the model is quantized, present if {@link #needsData}
     */
    record Input(Model model, Map<String, String> options, Optional<Dataset> data, Optional<SessionState> settings) {}

    /**
     * What it came to.
     *
     * @param model the corrected one; the given one if there was nothing to do
     * @param changed stored tensors with other values, and new ones, in the order of the graph
     * @param kept what was left as it is, and why: one sentence each, for a person
     */
    record Output(Model model, List<TensorId> changed, List<String> kept) {
        public Output {
            changed = List.copyOf(changed);
            kept = List.copyOf(kept);
        }
    }

    /**
     * Corrects.
     *
     * @throws IllegalArgumentException if an option is unknown or its value out of range
     * @throws CorrectionUnavailableException if it cannot run on this machine
     * @throws org.quantscope.core.io.BadInputException if the model has no graph, or data or settings do not fit it
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    Output apply(Input input, Progress progress, CancelToken cancel);
}
