package org.quantscope.core.eval;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.RunRange;
import org.quantscope.core.tensor.TensorId;

/**
 * Quantization parameters for one evaluation of a model.
 *
 * @param selected the selected weight or activation, which is being edited: its parameters can change, and it can be
 *     switched off and on, without a new session, and the values computed before it are kept
 * @param weights parameters of each quantized weight; a weight without an entry stays float
 * @param activations parameters of each quantized activation (per tensor); one without an entry stays float, unless it
 *     is tied to one with an entry
 * @param values of stored tensors, in place of the model's own: of a quantized weight instead of its nearest levels
 */
public record EvalRequest(
        Optional<TensorId> selected,
        Map<TensorId, QuantParams> weights,
        Map<TensorId, QuantParams> activations,
        Map<TensorId, ChosenValues> values) {
    public EvalRequest {
        weights = Map.copyOf(weights);
        activations = Map.copyOf(activations);
        values = Map.copyOf(values);
    }

    /** A request in which every weight is rounded to nearest. */
    public EvalRequest(
            Optional<TensorId> selected, Map<TensorId, QuantParams> weights, Map<TensorId, QuantParams> activations) {
        this(selected, weights, activations, Map.of());
    }

    /** True if any activation has a range of each sample, so that samples have to be run one by one. */
    public boolean runsApart() {
        return activations.values().stream()
                .anyMatch(p -> p.runRange().filter(RunRange::eachSample).isPresent());
    }

    /**
     * This request, completed with those activations of {@code model} that share the parameters of another and are
     * rounded again.
     */
    public EvalRequest withTies(Model model) {
        Map<TensorId, QuantParams> tied =
                model.graph().map(graph -> graph.placement().tied(activations)).orElse(Map.of());
        if (tied.isEmpty()) {
            return this;
        }
        Map<TensorId, QuantParams> all = new HashMap<>(activations);
        all.putAll(tied);
        return new EvalRequest(selected, weights, all, values);
    }
}
