package org.quantscope.core.versus;

import java.util.Map;
import java.util.Optional;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.layerwise.RoundingPass;
import org.quantscope.core.layerwise.SolvedModel;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.session.SolvedWeight;
import org.quantscope.core.tensor.TensorId;

/**
 * One of two settings that are compared.
 *
 * @param name for a person
 * @param model folded, corrected, with added quantizers and the choice of output as the state says
 * @param solved its settings, with the codes that roundings chose
 */
public record Side(String name, Model model, SessionState state, Calibration calibration, SolvedModel solved) {
    /**
     * Resolves settings, and chooses the codes of roundings that look at calibration data.
     *
     * @param known codes that were chosen before; those that still hold are taken over
     * @param data the calibration data that the state names, if it is at hand
     * @throws BadInputException if the settings cannot be resolved, or codes are to be chosen and there is no data
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static Side of(
            String name,
            Model model,
            SessionState state,
            Calibration calibration,
            Map<TensorId, SolvedWeight> known,
            Optional<Dataset> data,
            Resolver resolver,
            Progress progress,
            CancelToken cancel) {
        var resolved = resolver.resolve(model, state, calibration, progress, cancel);
        SolvedModel held = SolvedModel.of(model, state, resolved, known);
        if (!held.open().isEmpty()) {
            if (data.isEmpty() || state.calibrationData().isEmpty()) {
                throw new BadInputException(
                        "",
                        "calibration_data",
                        name + ": the rounding of " + held.open().iterator().next()
                                + " chooses codes on calibration data, and there is none");
            }
            held = RoundingPass.run(model, state, resolved, known, data.get(), progress, cancel)
                    .solved();
        }
        return new Side(name, model, state, calibration, held);
    }
}
