package org.quantscope.core;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.calib.Importances;
import org.quantscope.core.correction.Corrections;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.ActivationCalibration;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.Task;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.metric.ErrorReport;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.rewrite.BatchNormFolding;
import org.quantscope.core.rewrite.ConstantFolding;
import org.quantscope.core.rewrite.PadFolding;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.sketch.Observed;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * The engine from above: what a front end does with a model, in the order in which it happens. Each method is one step and
 * names the class that does the work; a front end that needs more of a step goes there.
 *
 * <ol>
 *   <li>{@link #open} a model, as it is to be analysed;
 *   <li>{@link #observe} its activations on calibration data;
 *   <li>{@link #resolve} what a person has chosen to explicit parameters;
 *   <li>{@link #measure} a tensor's error under its parameters;
 *   <li>{@link #evaluator} for the accuracy of the whole, live;
 *   <li>export: {@link org.quantscope.core.export.Exporters}.
 * </ol>
 */
public final class Engine {
    /** Of the evaluation order. One for all front ends, so that they see the same samples first; complete figures do not depend on it. */
    public static final long EVALUATION_SEED = 1;

    private static final int MOST_BATCHES_AT_ONCE = 4;

    private Engine() {}

    /**
     * Opens a model by its content.
     *
     * @param foldBatchNorm fold each BatchNormalization and Pad into the layer beside it and compute constants, if the file has a graph
     * @throws BadInputException if the file is damaged, lies or holds what is not supported
     * @throws IOException if it cannot be read at all
     */
    public static Model open(Path file, boolean foldBatchNorm) throws IOException {
        Model model = ModelLoaders.open(file);
        return foldBatchNorm ? analysed(model) : model;
    }

    /** Opens a model as {@code state} wants it analysed: folded or not, with its quantizers in place. */
    public static Model open(Path file, SessionState state) throws IOException {
        return placed(open(file, state.foldBatchNorm()), state.addedQuantizers());
    }

    /** The model with its constants computed, and Pad and BatchNormalization folded; the model itself if it has no graph. */
    public static Model analysed(Model model) {
        return model.graph().isPresent() ? BatchNormFolding.fold(PadFolding.fold(ConstantFolding.fold(model))) : model;
    }

    /** The model with quantizers of its own at further activations; the model itself if there are none. */
    public static Model placed(Model model, Set<TensorId> addedQuantizers) {
        return addedQuantizers.isEmpty() || model.graph().isEmpty()
                ? model
                : model.withGraph(model.graph().get().withQuantizersAt(addedQuantizers));
    }

    /**
     * The model as a session wants it analysed: folded if it says so, then corrected, in its order, with its quantizers in place.
     *
     * @param source as stored
     * @throws BadInputException if a correction is not known, or its data is missing or has changed
     * @throws org.quantscope.core.correction.CorrectionUnavailableException if one cannot run on this machine
     */
    public static Model analysed(Model source, SessionState state, Progress progress, CancelToken cancel)
            throws IOException {
        Model folded = state.foldBatchNorm() ? analysed(source) : source;
        Model corrected = state.corrections().isEmpty()
                ? folded
                : Corrections.apply(folded, state, ref -> ref.openUnchanged("corrections", cancel), progress, cancel)
                        .model();
        return placed(corrected, state.addedQuantizers());
    }

    /** Runs the float model on calibration data and keeps a sketch of each activation, and the power of what each weight is multiplied with. */
    public static Observed observe(Model model, Dataset calibrationData, Progress progress, CancelToken cancel) {
        return ActivationCalibration.run(model, calibrationData, progress, cancel);
    }

    /** The same for some activations, which need not be quantized now. */
    public static Map<TensorId, MomentSketch> observe(
            Model model, List<TensorId> activations, Dataset calibrationData, Progress progress, CancelToken cancel) {
        return ActivationCalibration.run(model, activations, calibrationData, progress, cancel);
    }

    /** Turns choices into explicit parameters. */
    public static ResolvedSettings resolve(Model model, SessionState state, Progress progress, CancelToken cancel) {
        return ResolvedSettings.resolve(model, state, progress, cancel);
    }

    /** The same with importances, for calibrators that need them: {@link Importances#observed} makes them of what was seen. */
    public static ResolvedSettings resolve(
            Model model, SessionState state, Importances importances, Progress progress, CancelToken cancel) {
        return ResolvedSettings.resolve(model, state, importances, progress, cancel);
    }

    /** The exact error of one tensor. */
    public static ErrorReport measure(Tensor tensor, QuantParams params, CancelToken cancel) {
        return ErrorPass.measure(tensor, params, cancel);
    }

    /** Accuracy of quantized settings against float on the same samples. The caller closes it. */
    public static LiveEvaluator evaluator(Model model, Dataset data) {
        return evaluator(model, data, Optional.empty());
    }

    /**
     * Scores of quantized settings against float on the same samples. The caller closes it.
     *
     * @param task what to score; empty for what fits the model and the data best
     */
    public static LiveEvaluator evaluator(Model model, Dataset data, Optional<Task> task) {
        return evaluator(model, model, data, task);
    }

    /**
     * Scores of quantized settings of a corrected model against the float model as it was.
     *
     * @param reference the float model before its corrections
     */
    public static LiveEvaluator evaluator(Model model, Model reference, Dataset data, Optional<Task> task) {
        return new LiveEvaluator(model, reference, data, EVALUATION_SEED, processors(0), task);
    }

    /**
     * The same beside a window that must stay quick: one processor is left to it.
     *
     * @param cacheBytes budget for intermediate values in front of the tensor in hand; 0 for none
     */
    public static LiveEvaluator evaluatorBesideWindow(
            Model model, Model reference, Dataset data, Optional<Task> task, long cacheBytes) {
        return new LiveEvaluator(model, reference, data, EVALUATION_SEED, processors(1), task, cacheBytes);
    }

    /** Batches that are evaluated at once: each needs memory for its intermediate values, so there is an end to it. */
    private static int processors(int left) {
        return Math.clamp(Runtime.getRuntime().availableProcessors() - left, 1, MOST_BATCHES_AT_ONCE);
    }
}
