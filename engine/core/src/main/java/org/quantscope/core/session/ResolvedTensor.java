package org.quantscope.core.session;

import java.util.List;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.ClipRanges;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/**
 * A quantized tensor with the parameters that follow from its choice.
 *
 * @param choice what decided its settings; {@link Choice.Tied} for an activation that is rounded with another's
 *     parameters
 * @param spec the request; for a tied activation that of the activation that it is tied to
 * @param requested the requested range of each slice
 * @param params the parameters that follow from it
 */
public record ResolvedTensor(
        TensorInfo info, Choice choice, QuantSpec spec, List<ClipRange> requested, QuantParams params) {
    public ResolvedTensor {
        requested = ClipRanges.copyOf(requested);
    }

    public TensorId id() {
        return info.id();
    }

    /** True for a value that the graph computes, false for a stored tensor. */
    public boolean isActivation() {
        return info.kind() == TensorKind.ACTIVATION;
    }

    /**
     * The same with the scales of dead channels and blocks raised, as {@link ResolvedSettings} raises them. What a bias
     * needs beyond that depends on other tensors and is not in it.
     */
    public ResolvedTensor withDeadRaised() {
        float[] least = DeadChannels.dead(this);
        return least == null ? this : withParams(DeadChannels.raised(params, least));
    }

    ResolvedTensor withParams(QuantParams other) {
        return new ResolvedTensor(info, choice, spec, requested, other);
    }
}
