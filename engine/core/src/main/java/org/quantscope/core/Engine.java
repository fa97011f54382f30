package org.quantscope.core;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
import org.quantscope.core.onnx.Scored;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.rewrite.AnalysedForm;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.Original;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.sketch.Observed;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * An overview of the engine: the steps of a front end, in their order. Each method is one step and names the class that
 * does the work; a front end that needs more control uses that class.
 *
 * <ol>
 *   <li>{@link #open} a model, in the form to be analysed;
 *   <li>{@link #observe} its activations on calibration data;
 *   <li>{@link #resolve} what a person has chosen into explicit parameters;
 *   <li>{@link #measure} a tensor's error under its parameters;
 *   <li>{@link #evaluator} for the accuracy of the whole model, live;
 *   <li>export: {@link org.quantscope.core.export.Exporters}.
 * </ol>
 */
public final class Engine {
    /**
     * The seed of the evaluation order. All front ends use the same, so that they see the same samples first; complete
     * figures do not depend on it.
     */
    public static final long EVALUATION_SEED = 1;

    private static final int MOST_BATCHES_AT_ONCE = 4;

    private Engine() {}

    /**
     * Opens a model, recognizing its format by the content.
     *
     * @param foldBatchNorm fold each BatchNormalization and Pad into the layer beside it and compute constants, if the
     *     file has a graph
     * @throws BadInputException if the file is damaged, contradicts itself or holds something unsupported
     * @throws IOException if it cannot be read at all
     */
    public static Model open(Path file, boolean foldBatchNorm) throws IOException {
        Model model = ModelLoaders.open(file);
        return foldBatchNorm ? analysed(model) : model;
    }

    /** Opens a model in the form that {@code state} wants: folded or not, with its added quantizers. */
    public static Model open(Path file, SessionState state) throws IOException {
        return placed(open(file, state.foldBatchNorm()), state.addedQuantizers());
    }

    /** The model with its constants computed, and Pad and BatchNormalization folded; the model itself if it has no graph. */
    public static Model analysed(Model model) {
        return AnalysedForm.of(model);
    }

    /** The model with the choice of the output that is scored; the model itself if it has no graph. */
    public static Model scored(Model model, Scored choice) {
        return model.graph()
                .map(graph -> model.withGraph(graph.withScored(choice)))
                .orElse(model);
    }

    /** The model with additional quantizers at these activations; the model itself if there are none. */
    public static Model placed(Model model, Set<TensorId> addedQuantizers) {
        return addedQuantizers.isEmpty() || model.graph().isEmpty()
                ? model
                : model.withGraph(model.graph().get().withQuantizersAt(addedQuantizers));
    }

    /**
     * The model in the form that a session wants: folded if it says so, then corrected, in its order, with its added
     * quantizers.
     *
     * @param source as stored
     * @throws BadInputException if a correction is unknown, or its data is missing or has changed
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

    /**
     * Runs the float model on calibration data. Gives a sketch of each activation, and for each weight the power of the
     * values that it is multiplied with.
     */
    public static Observed observe(Model model, Dataset calibrationData, Progress progress, CancelToken cancel) {
        return ActivationCalibration.run(model, calibrationData, progress, cancel);
    }

    /** The sketches of some activations only, which need not be quantized at present. */
    public static Map<TensorId, MomentSketch> observe(
            Model model, List<TensorId> activations, Dataset calibrationData, Progress progress, CancelToken cancel) {
        return ActivationCalibration.run(model, activations, calibrationData, progress, cancel);
    }

    /**
     * Turns choices into explicit parameters, once. A caller that does so repeatedly should keep a {@link Resolver}.
     */
    public static ResolvedSettings resolve(
            Model model, SessionState state, Calibration calibration, Progress progress, CancelToken cancel) {
        return new Resolver().resolve(model, state, calibration, progress, cancel);
    }

    /** The same without calibration data: activations must be in float or have ranges set by hand. */
    public static ResolvedSettings resolve(Model model, SessionState state, Progress progress, CancelToken cancel) {
        return resolve(model, state, Calibration.NONE, progress, cancel);
    }

    /** The exact error of one tensor. */
    public static ErrorReport measure(Tensor tensor, QuantParams params, CancelToken cancel) {
        return ErrorPass.measure(tensor, params, cancel);
    }

    /**
     * The float model that accuracy is compared with: that of a file which corrections were written into, if its
     * original lies beside it; else the model itself. See {@link Original}.
     *
     * @param source as stored
     * @param uncorrected {@code source} in the form that is analysed without the corrections of the session
     */
    public static Model reference(Model source, Model uncorrected, boolean foldBatchNorm, CancelToken cancel)
            throws IOException {
        Optional<Path> file = Original.beside(source, cancel);
        if (file.isEmpty()) {
            return uncorrected;
        }
        Model original = open(file.get(), foldBatchNorm);
        return Original.obstacle(uncorrected, original).isEmpty() ? original : uncorrected;
    }

    /**
     * Evaluates the accuracy of quantized settings against the float model on the same samples. The caller closes it.
     */
    public static LiveEvaluator evaluator(Model model, Dataset data) {
        return evaluator(model, data, Optional.empty());
    }

    /**
     * Scores quantized settings against the float model on the same samples. The caller closes it.
     *
     * @param task what to score; empty for the one that fits the model and the data best
     */
    public static LiveEvaluator evaluator(Model model, Dataset data, Optional<Task> task) {
        return evaluator(model, model, data, task);
    }

    /**
     * Scores quantized settings of a corrected model against the float model before the corrections.
     *
     * @param reference the float model before its corrections
     */
    public static LiveEvaluator evaluator(Model model, Model reference, Dataset data, Optional<Task> task) {
        return new LiveEvaluator(model, reference, data, EVALUATION_SEED, processors(0), task);
    }

    /**
     * The same in the order of the file, for ranges that follow the samples before.
     *
     * @param left processors that are left to others, at least 0
     */
    public static LiveEvaluator evaluatorInFileOrder(
            Model model, Model reference, Dataset data, Optional<Task> task, int left) {
        return new LiveEvaluator(
                model,
                reference,
                data,
                LiveEvaluator.FILE_ORDER,
                processors(left),
                task,
                LiveEvaluator.DEFAULT_CACHE_BYTES);
    }

    /**
     * The same for use beside a window that must stay responsive: one processor is left to it.
     *
     * @param cacheBytes budget for intermediate values before the selected tensor; 0 keeps none
     */
    public static LiveEvaluator evaluatorBesideWindow(
            Model model, Model reference, Dataset data, Optional<Task> task, long cacheBytes) {
        return new LiveEvaluator(model, reference, data, EVALUATION_SEED, processors(1), task, cacheBytes);
    }

    /**
     * The number of batches to evaluate at once. It is limited, because each needs memory for its intermediate values.
     */
    private static int processors(int left) {
        return Math.clamp(Runtime.getRuntime().availableProcessors() - left, 1, MOST_BATCHES_AT_ONCE);
    }
}
