package org.quantscope.core.export;

import java.util.Map;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * The size of a model's stored tensors, without the graph around them.
 *
 * @param floatBytes every tensor at its stored size
 * @param quantizedBytes quantized tensors at the bits per weight of their scheme, scales and zero points included,
 *     rounded up to whole bytes for each tensor; every other tensor at its stored size
 */
public record ModelSize(long floatBytes, long quantizedBytes) {
    /**
     * @param model as analysed
     * @param weights the resolved parameters of each quantized tensor, as {@link ResolvedSettings#weights} gives them
     */
    public static ModelSize of(Model model, SessionState state, Map<TensorId, QuantParams> weights) {
        long stored = 0;
        long quantized = 0;
        for (Tensor tensor : model.tensors()) {
            long count = tensor.info().shape().count();
            long bytes = count * tensor.info().dtype().bytes();
            QuantParams params = weights.get(tensor.id());
            stored += bytes;
            if (params == null) {
                quantized += bytes;
            } else {
                QuantSpec spec = ResolvedSettings.specOf(tensor.info(), state).orElseThrow();
                // The product is a whole number of bits, apart from the rounding of the division in bits per weight.
                double bits = Quantizers.byId(spec.scheme()).bitsPerWeight(spec, count, params.slices()) * count;
                quantized += (Math.round(bits) + 7) / 8;
            }
        }
        return new ModelSize(stored, quantized);
    }
}
