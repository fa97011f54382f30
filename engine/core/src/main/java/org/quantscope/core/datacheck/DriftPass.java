package org.quantscope.core.datacheck;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.quantscope.core.corruption.Corruption;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.ActivationCalibration;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.Evaluation;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.robustness.Robustness;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.TensorId;

/**
 * Compares other data with the calibration data: the activations of the float model on it, then both models on it, then
 * what changes of class are worth on labelled calibration data.
 *
 * @param model the float model, whose activations are compared
 * @param settings how it is quantized, as evaluated
 * @param known its activations on the calibration data
 * @param calibration the calibration data
 * @param evaluators makes the evaluator of the quantized model on other samples; closed here
 * @param unseen ids of corruptions that changes of class must not be learned from, since the other data was made by them
 */
public record DriftPass(
        Model model,
        ResolvedSettings settings,
        Map<TensorId, MomentSketch> known,
        Dataset calibration,
        Function<Dataset, LiveEvaluator> evaluators,
        Set<String> unseen) {

    /**
     * What was found.
     *
     * @param other the activations on the other data
     * @param complete false before both models were evaluated
     */
    public record Found(Drift drift, Map<TensorId, MomentSketch> other, boolean complete) {}

    /**
     * Compares.
     *
     * @param partial takes what is known before both models were evaluated, on this thread
     * @throws org.quantscope.core.io.BadInputException if the other data does not fit the model
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public Found run(Dataset other, Progress progress, CancelToken cancel, Consumer<Found> partial) {
        Map<TensorId, MomentSketch> seen =
                ActivationCalibration.run(model, other, progress, cancel).sketches();
        List<Drift.Of> tensors = Drift.tensors(known, seen, settings);
        partial.accept(new Found(
                new Drift(
                        tensors,
                        new ExpectedChange.Unknown("Both models have not been evaluated yet."),
                        OptionalDouble.empty(),
                        other.size()),
                seen,
                false));
        EvalRequest request = new EvalRequest(Optional.empty(), settings.weights(), settings.activations());
        Evaluation evaluation;
        try (LiveEvaluator evaluator = evaluators.apply(other)) {
            evaluation = evaluator.evaluateSamples(request, cancel, part -> {
                int n = part.accuracy().seen();
                progress.report(n, other.size(), "both models, sample " + n + " of " + other.size());
            });
        }
        Optional<FlipWorth> worth = Optional.empty();
        if (evaluation.outcomes().classes() > 0) {
            List<Corruption> ways = Robustness.fitting(calibration).stream()
                    .filter(way -> !unseen.contains(way.id()))
                    .toList();
            worth = FlipWorth.measure(calibration, request, evaluators, ways, progress, cancel);
        }
        OptionalDouble measured =
                other.hasLabels() && evaluation.accuracy().task().isProportion()
                        ? OptionalDouble.of(evaluation.accuracy().delta())
                        : OptionalDouble.empty();
        ExpectedChange expected = ExpectedChange.of(evaluation.outcomes(), worth);
        return new Found(new Drift(tensors, expected, measured, other.size()), seen, true);
    }
}
