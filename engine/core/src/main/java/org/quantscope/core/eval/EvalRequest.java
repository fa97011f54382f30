package org.quantscope.core.eval;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.TensorId;

/**
 * One quantized setting of a model, resolved.
 *
 * @param inHand the weight or the activation that is being edited: it can change, and be switched off and on, without a new
 *     session, and what is computed in front of it is kept
 * @param weights parameters of each quantized weight; a weight without an entry stays float
 * @param activations parameters of each quantized activation (per tensor); one without an entry stays float, unless it is
 *     tied to one with an entry
 */
public record EvalRequest(
        Optional<TensorId> inHand, Map<TensorId, QuantParams> weights, Map<TensorId, QuantParams> activations) {
    public EvalRequest {
        weights = Map.copyOf(weights);
        activations = Map.copyOf(activations);
    }

    /** The same with the activations of {@code model} that are tied to others and rounded again. */
    public EvalRequest withTies(Model model) {
        Map<TensorId, QuantParams> tied =
                model.graph().map(graph -> graph.placement().tied(activations)).orElse(Map.of());
        if (tied.isEmpty()) {
            return this;
        }
        Map<TensorId, QuantParams> all = new HashMap<>(activations);
        all.putAll(tied);
        return new EvalRequest(inHand, weights, all);
    }
}
