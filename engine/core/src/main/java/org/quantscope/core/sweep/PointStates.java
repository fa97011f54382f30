package org.quantscope.core.sweep;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.AskedSettings;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.NearNames;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorKind;

/** What a point chooses, as a session has it. */
final class PointStates {
    private PointStates() {}

    /**
     * The state of a point, without corrections and data.
     *
     * @param model in the form to be analysed
     * @param calibrated true if there is data to calibrate activations on
     * @throws IllegalArgumentException if its settings cannot be
     */
    static SessionState of(SweepPoint point, FileRef ref, Model model, boolean calibrated) {
        AskedSettings asked = point.settings().asked(point.model());
        SessionState chosen = asked.state(ref, calibrated, false);
        boolean own = !calibrated && !asked.given() && model.own().isPresent();
        SessionState start = own ? SessionState.of(ref, model).withFoldBatchNorm(chosen.foldBatchNorm()) : chosen;
        SessionState named = asked.named(start, model);
        return point.settings().tensor().map(name -> only(name, named, model)).orElse(named);
    }

    /** The state with one weight quantized, and no other. */
    private static SessionState only(String name, SessionState state, Model model) {
        TensorId id = new TensorId(name);
        List<String> weights = model.tensors().stream()
                .map(Tensor::info)
                .filter(info -> info.kind() == TensorKind.WEIGHT)
                .map(info -> info.id().name())
                .toList();
        if (!weights.contains(name)) {
            throw new IllegalArgumentException(
                    "tensors: " + name + " is no weight of " + model.file().getFileName() + "; near names: "
                            + String.join(", ", NearNames.of(name, weights, 3)));
        }
        QuantSpec spec = state.weights()
                .orElseThrow(() -> new IllegalArgumentException(
                        "tensors: " + name + " is to be quantized alone, and weights are in float"));
        return state.withWeights(Optional.empty()).withOverrides(Map.of(id, spec));
    }
}
