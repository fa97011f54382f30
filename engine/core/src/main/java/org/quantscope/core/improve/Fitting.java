package org.quantscope.core.improve;

import java.util.IdentityHashMap;
import java.util.Map;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.ActivationCalibration;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.layerwise.MomentsPass;
import org.quantscope.core.layerwise.RoundingPass;
import org.quantscope.core.layerwise.SolvedModel;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.session.SolvedWeight;
import org.quantscope.core.sketch.ActivationSketches;
import org.quantscope.core.tensor.TensorId;

/** Makes ranges, parameters and codes of settings on one set of calibration data. */
final class Fitting {
    private final Dataset data;
    private final CancelToken cancel;
    private final Resolver resolver = new Resolver();
    /** By the form of the model; with what layers read once a calibrator has asked for it. */
    private final IdentityHashMap<Model, Calibration> known = new IdentityHashMap<>();

    private Map<TensorId, SolvedWeight> codes = Map.of();

    Fitting(Dataset data, CancelToken cancel) {
        this.data = data;
        this.cancel = cancel;
    }

    /**
     * Fits settings.
     *
     * @throws org.quantscope.core.io.BadInputException if they do not fit the model or the data
     */
    Fitted fit(Model model, SessionState state, Progress progress) {
        Calibration calibration = calibration(model, state, progress);
        ResolvedSettings resolved = resolver.resolve(model, state, calibration, progress, cancel);
        // Codes of layers in front of the first change are those of the step before.
        SolvedModel solved = RoundingPass.run(model, state, resolved, codes, data, progress, cancel)
                .solved();
        if (!solved.solved().isEmpty()) {
            codes = solved.solved();
        }
        return new Fitted(model, state, calibration.seen().orElseThrow(), calibration, solved);
    }

    /** What the data shows of a form of the model, as far as the settings need it. */
    Calibration calibration(Model model, SessionState state, Progress progress) {
        Calibration seen = known.computeIfAbsent(
                model,
                m -> Calibration.of(new ActivationSketches(
                        state.modelKey(),
                        FileRef.of(data).digest(),
                        state.foldBatchNorm(),
                        data.size(),
                        ActivationCalibration.run(m, data, progress, cancel))));
        if (!state.needsMoments() || seen.moments().isPresent()) {
            return seen;
        }
        Calibration complete = seen.withMoments(MomentsPass.run(model, data, progress, cancel));
        known.put(model, complete);
        return complete;
    }

    Resolver resolver() {
        return resolver;
    }
}
