package org.quantscope.core.correction;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.quantscope.core.calib.Importances;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.SampleSubset;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.ActivationCalibration;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.layerwise.MomentsPass;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.ActivationRanges;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.Observed;

/**
 * What quantization is expected to cost a model: on one half of the calibration data, by chance, ranges are chosen, and
 * on the other the Kullback-Leibler divergence of the quantized model's answers from the float model's is measured, in
 * nats; of a model whose answers are no classes the share of noise in its outputs. It needs no labels. Weights have
 * their nearest levels. For one thread.
 */
public final class ExpectedLoss {
    private static final long SEED = 1;

    private final Model reference;
    private final Dataset fittedOn;
    private final Dataset measuredOn;
    private boolean divergence = true;

    /**
     * @param reference the float model
     * @throws BadInputException if there are fewer than two samples
     */
    public ExpectedLoss(Model reference, Dataset calibrationData) {
        if (calibrationData.size() < 2) {
            throw new BadInputException(
                    calibrationData.file(),
                    "samples",
                    "one half to choose on and one to measure on need at least 2, got " + calibrationData.size());
        }
        List<Dataset> halves = SampleSubset.halves(calibrationData, SEED);
        this.reference = reference;
        this.fittedOn = halves.getFirst();
        this.measuredOn = halves.getLast();
    }

    /** The samples to choose things on. */
    public Dataset fittedOn() {
        return fittedOn;
    }

    /** The number of samples, others than those, that losses are of. */
    public int samples() {
        return measuredOn.size();
    }

    /** True if losses so far are divergences in nats; false if they are shares of noise. */
    public boolean isDivergence() {
        return divergence;
    }

    /** The settings with ranges of activations chosen on {@link #fittedOn}. */
    public Session fitted(Model model, SessionState state, Progress progress, CancelToken cancel) {
        Calibration seen = calibration(model, state, progress, cancel);
        return new Session(
                state,
                seen.activations().isEmpty() ? ActivationRanges.NONE : new Resolver().ranges(state, seen, cancel));
    }

    private Calibration calibration(Model placed, SessionState state, Progress progress, CancelToken cancel) {
        Calibration seen = Calibration.NONE;
        boolean activations = state.activations().isPresent()
                || state.overrides().keySet().stream()
                        .anyMatch(id -> placed.find(id).isEmpty());
        if (activations || state.needsImportance()) {
            Observed observed = ActivationCalibration.run(placed, fittedOn, progress, cancel);
            seen = activations
                    ? Calibration.of(observed)
                    : seen.withImportances(Importances.observed(observed.inputs()));
        }
        return MomentsPass.complete(seen, placed, state, fittedOn, progress, cancel);
    }

    /**
     * The loss of a model under some settings; infinite if its outputs are no finite numbers.
     *
     * @param model the reference, corrected or as it is
     * @throws BadInputException if the data does not fit the model
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public double of(Model model, SessionState state, Progress progress, CancelToken cancel) {
        Model placed = state.addedQuantizers().isEmpty()
                ? model
                : model.withGraph(model.graph().orElseThrow().withQuantizersAt(state.addedQuantizers()));
        ResolvedSettings settings = new Resolver()
                .resolve(placed, state, calibration(placed, state, progress, cancel), Progress.NONE, cancel);
        try (LiveEvaluator evaluator = new LiveEvaluator(placed, reference, measuredOn, SEED, 2, Optional.empty(), 0)) {
            AccuracyEstimate figure = evaluator.evaluate(
                    new EvalRequest(Optional.empty(), settings.weights(), settings.activations()),
                    cancel,
                    e -> progress.report(e.seen(), e.total(), "expected loss"));
            OptionalDouble nats = figure.klDivergence();
            divergence = nats.isPresent();
            double loss = nats.isPresent() ? nats.getAsDouble() : Math.pow(10, -figure.logitSqnrDb() / 10);
            return Double.isNaN(loss) ? Double.POSITIVE_INFINITY : loss;
        }
    }
}
