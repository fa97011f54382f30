package org.quantscope.core.correction;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Session;
import org.quantscope.core.tensor.TensorId;

/**
 * Changes the values of a float model so that quantization hurts it less. Stateless and deterministic. One file and one line
 * in {@code META-INF/services/org.quantscope.core.correction.Correction}; see {@link Corrections}.
 */
public interface Correction {
    /** Persisted; never renamed. */
    String id();

    String title();

    /** What it does, in one sentence for a person. */
    String summary();

    List<OptionDoc> options();

    /** Where the method comes from. */
    String source();

    /** True if it needs calibration data and the settings by which the model is quantized. */
    boolean needsData();

    /**
     * Why it cannot run on this machine; empty if it can. The first call may take a second, because it loads a native
     * library.
     */
    Optional<String> unavailable();

    /**
     * The input of a correction.
     *
     * @param model with a graph; BatchNormalization is folded already if the session says so
     * @param options by name; one left out has its default
     * @param data calibration data, present if {@link #needsData}
     * @param settings how the model is quantized, present if {@link #needsData}
     */
    record Input(Model model, Map<String, String> options, Optional<Dataset> data, Optional<Session> settings) {}

    /**
     * The result of a correction.
     *
     * @param model the corrected model; the given one if there was nothing to do
     * @param changed stored tensors that are new or have new values, in the order of the graph
     * @param kept what was left unchanged, and why: one sentence each, for a person
     * @param notes what was chosen or added: one sentence each, for a person
     * @param ranges for each tensor whose range belongs to the result, how it is to be quantized, with parameters that
     *     are used as they are
     */
    record Output(
            Model model,
            List<TensorId> changed,
            List<String> kept,
            List<String> notes,
            Map<TensorId, QuantSpec> ranges) {
        public Output {
            changed = List.copyOf(changed);
            kept = List.copyOf(kept);
            notes = List.copyOf(notes);
            ranges = Collections.unmodifiableMap(new TreeMap<>(ranges));
        }

        /** A result to which no ranges belong. */
        public Output(Model model, List<TensorId> changed, List<String> kept, List<String> notes) {
            this(model, changed, kept, notes, Map.of());
        }

        public Output(Model model, List<TensorId> changed, List<String> kept) {
            this(model, changed, kept, List.of());
        }
    }

    /**
     * Applies the correction.
     *
     * @throws IllegalArgumentException if an option is unknown or its value out of range
     * @throws CorrectionUnavailableException if it cannot run on this machine
     * @throws org.quantscope.core.io.BadInputException if the model has no graph, or data or settings do not fit it
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    Output apply(Input input, Progress progress, CancelToken cancel);
}
