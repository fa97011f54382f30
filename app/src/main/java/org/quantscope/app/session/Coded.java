package org.quantscope.app.session;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.eval.ChosenValues;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.layerwise.SolvedModel;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.tensor.TensorId;

/**
 * Settings of all tensors together with the codes of those weights that have other than the nearest ones.
 *
 * @param values of weights with codes of their own, and of biases that moved with them
 */
public record Coded(ResolvedSettings settings, Map<TensorId, ChosenValues> values) {
    public Coded {
        values = Map.copyOf(values);
    }

    static Coded of(SolvedModel solved) {
        return new Coded(solved.settings(), solved.values());
    }

    /** With other parameters for one tensor, and its nearest levels. */
    public Coded with(TensorId id, QuantParams params) {
        ChosenValues own = values.get(id);
        if (own == null) {
            return new Coded(settings.with(id, params), values);
        }
        Map<TensorId, ChosenValues> others = new HashMap<>(values);
        // With the codes goes the bias that moved with them.
        others.values().removeIf(value -> value.key().startsWith(own.key()));
        return new Coded(settings.with(id, params), others);
    }

    /** The same with codes of its own. */
    public Coded with(TensorId id, QuantParams params, Map<TensorId, ChosenValues> codes) {
        Coded nearest = with(id, params);
        Map<TensorId, ChosenValues> all = new HashMap<>(nearest.values);
        all.putAll(codes);
        return new Coded(nearest.settings, all);
    }

    /** @param selected the tensor whose parameters can change without a new session */
    public EvalRequest request(Optional<TensorId> selected) {
        return new EvalRequest(selected, settings.weights(), settings.activations(), values);
    }
}
