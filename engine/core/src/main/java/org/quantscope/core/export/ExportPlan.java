package org.quantscope.core.export;

import java.util.Map;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/**
 * What is exported: every tensor resolved to explicit parameters.
 *
 * @param model as analysed, that is with BatchNormalization folded if {@code state} says so
 * @param state the choices it came from
 * @param weights resolved parameters of each quantized weight
 * @param activations resolved parameters of each quantized activation
 */
public record ExportPlan(Model model, SessionState state, Map<TensorId, QuantParams> weights, Map<TensorId, QuantParams> activations) {
    public ExportPlan {
        weights = Map.copyOf(weights);
        activations = Map.copyOf(activations);
    }
}
