package org.quantscope.core.calib;

import java.util.Map;
import java.util.Optional;
import org.quantscope.core.sketch.InputPower;
import org.quantscope.core.tensor.InputChannels;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

/** What is known of the importance of the values of a model's tensors. */
@FunctionalInterface
public interface Importances {
    /** Nothing is known. */
    Importances NONE = tensor -> Optional.empty();

    /** Empty if it is not known. */
    Optional<Importance> of(TensorInfo tensor);

    /**
     * From calibration data: an error d of a weight moves the layer's output by d·x, so what it costs on average is d²·E[x²] with the E[x²] of the
     * input channel that it is multiplied with. This is the diagonal of the Hessian of the layer's squared output error (Nagel et al. 2020,
     * arXiv 2004.10568, section 3; Frantar et al. 2022, arXiv 2210.17323), averaged over the positions of a channel.
     */
    static Importances observed(Map<TensorId, InputPower> inputs) {
        return tensor -> Optional.ofNullable(inputs.get(tensor.id()))
                .filter(power -> power.count() > 0)
                .flatMap(power -> InputChannels.of(tensor)
                        .filter(layout -> layout.channels() == power.channels())
                        .map(layout -> Importance.ofInputChannels(power.means(), layout)));
    }
}
