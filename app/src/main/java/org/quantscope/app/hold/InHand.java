package org.quantscope.app.hold;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.quantscope.app.session.Solutions;
import org.quantscope.app.session.Workbench;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.layerwise.MomentsPass;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.session.SolvedWeight;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.versus.Side;

/**
 * Everything that an evaluation of the settings in hand rests on.
 *
 * @param now without snapshots, which are no part of it
 */
record InHand(
        Model analysed,
        Model reference,
        SessionState now,
        Calibration known,
        Map<TensorId, SolvedWeight> codes,
        Dataset data,
        Optional<Dataset> calibrating) {

    /** Empty where there is an {@link #obstacle}. */
    static Optional<InHand> of(Workbench bench, Solutions solutions) {
        Model model = bench.analysed().orElse(null);
        SessionState state = bench.stateProperty().get().orElse(null);
        Dataset data = bench.evaluationData().orElse(null);
        return model == null
                        || state == null
                        || data == null
                        || !obstacle(bench).isEmpty()
                ? Optional.empty()
                : Optional.of(new InHand(
                        model,
                        bench.reference().orElse(model),
                        state.withSnapshots(List.of()),
                        bench.calibration(),
                        solutions.toSave(),
                        data,
                        bench.calibrationData()));
    }

    /** Why nothing can be evaluated, a sentence; empty if it can. */
    static String obstacle(Workbench bench) {
        Model model = bench.analysed().orElse(null);
        return model == null
                ? "No model is open."
                : model.graph().isEmpty()
                        ? "This file holds weights without a graph: it cannot be run."
                        : bench.evaluationData().isEmpty()
                                ? "There is no data to evaluate on yet: choose some under Data…"
                                : "";
    }

    /** True if both give the same figures. */
    boolean same(InHand other) {
        return analysed.equals(other.analysed)
                && now.equals(other.now)
                && known.equals(other.known)
                && data.equals(other.data)
                && calibrating.equals(other.calibrating);
    }

    /** The settings as explicit parameters, on the thread that works. */
    Side side(Progress progress, CancelToken cancel) {
        Model model = Engine.scored(analysed, now.scored());
        boolean looks = now.looksAtActivations() && calibrating.isPresent();
        Calibration calibration = looks && known.sketches().isEmpty()
                ? Calibration.of(Engine.observe(model, calibrating.get(), progress, cancel))
                : known;
        if (now.needsMoments() && calibrating.isPresent()) {
            calibration = MomentsPass.complete(calibration, model, now, calibrating.get(), progress, cancel);
        }
        return Side.of("these settings", model, now, calibration, codes, calibrating, new Resolver(), progress, cancel);
    }
}
