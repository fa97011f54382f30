package org.quantscope.core.calib;

import java.util.Map;
import java.util.Optional;
import org.quantscope.core.sketch.InputPower;
import org.quantscope.core.tensor.InputChannels;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

/** The importance of the values of a model's tensors, as far as it is known. */
@FunctionalInterface
public interface Importances {
    /** No importance is known. */
    Importances NONE = tensor -> Optional.empty();

    /** The importance of a tensor's values; empty if it is unknown. */
    Optional<Importance> of(TensorInfo tensor);

    /**
     * Importances from calibration data: an error d of a weight changes the layer's output by d·x, so its mean squared
     * cost is d²·E[x²], with E[x²] of the input channel that the weight is multiplied with. This is the diagonal of the
     * Hessian of the layer's squared output error (Nagel et al. 2020, arXiv 2004.10568, section 3; Frantar et al. 2022,
     * arXiv 2210.17323), averaged over the positions of a channel.
     */
    static Importances observed(Map<TensorId, InputPower> inputs) {
        return tensor -> Optional.ofNullable(inputs.get(tensor.id()))
                .filter(power -> power.count() > 0)
                .flatMap(power -> InputChannels.of(tensor)
                        .filter(layout -> layout.channels() == power.channels())
                        .map(layout -> Importance.ofInputChannels(power.means(), layout)));
    }
}
