package org.quantscope.core.calib;

import java.util.Map;
import java.util.Optional;
import org.quantscope.core.rounding.LayerMoments;
import org.quantscope.core.rounding.ModelMoments;
import org.quantscope.core.sketch.InputPower;
import org.quantscope.core.tensor.InputChannels;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

/**
 * How much errors of the values of a model's tensors matter, as far as it is known: one by one (their importance), and
 * all of a weight together (the second moments of what its layer reads).
 */
@FunctionalInterface
public interface Importances {
    /** No importance is known. */
    Importances NONE = tensor -> Optional.empty();

    /** The importance of a tensor's values; empty if it is unknown. */
    Optional<Importance> of(TensorInfo tensor);

    /** What the layer of a weight reads; empty if it is unknown. */
    default Optional<LayerMoments> moments(TensorId weight) {
        return Optional.empty();
    }

    /** Why there are no {@link #moments} of a weight, in a sentence without its full stop. */
    default String withoutMoments(TensorId weight) {
        return "what the layer of " + weight + " reads is not known; give calibration data for a model that can be run";
    }

    /** The same importances with what layers read. */
    default Importances with(ModelMoments moments) {
        Importances before = this;
        return new Importances() {
            @Override
            public Optional<Importance> of(TensorInfo tensor) {
                return before.of(tensor);
            }

            @Override
            public Optional<LayerMoments> moments(TensorId weight) {
                return moments.of(weight);
            }

            @Override
            public String withoutMoments(TensorId weight) {
                return "there is no error at the output of a layer for " + weight + ": " + moments.why(weight)
                        + "; another calibrator can choose its range";
            }
        };
    }

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
