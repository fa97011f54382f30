package org.quantscope.core.session;

import java.util.Map;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.TensorId;

/**
 * A session's choices turned into explicit parameters for one model.
 *
 * @param weights each quantized weight
 * @param activations each quantized activation
 */
public record ResolvedSettings(Map<TensorId, QuantParams> weights, Map<TensorId, QuantParams> activations) {
    public ResolvedSettings {
        weights = Map.copyOf(weights);
        activations = Map.copyOf(activations);
    }

    /**
     * Resolves every quantized tensor of {@code model} (folded as the state says).
     *
     * @throws org.quantscope.core.BadInputException if an override names no tensor of the model, or an activation has no range
     */
    public static ResolvedSettings resolve(Model model, SessionState state, Progress progress, CancelToken cancel) {
        throw new UnsupportedOperationException();
    }
}
