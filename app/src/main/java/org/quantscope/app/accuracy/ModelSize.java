package org.quantscope.app.accuracy;

import java.util.Map;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * Bytes of all stored floating tensors.
 *
 * @param float32 at four bytes a value
 * @param quantized with the quantized weights at their width, scales and zero points included, and the rest at four bytes
 */
public record ModelSize(long float32, long quantized) {
    /**
     * @param specs the setting of each quantized weight
     * @param weights the parameters that it was resolved to; a tensor without stays float
     */
    public static ModelSize of(Model model, Map<TensorId, QuantSpec> specs, Map<TensorId, QuantParams> weights) {
        double quantized = 0;
        long full = 0;
        for (Tensor tensor : model.tensors()) {
            if (!tensor.info().dtype().isFloating()) {
                continue;
            }
            long count = tensor.data().count();
            full += count * Float.BYTES;
            QuantParams params = weights.get(tensor.id());
            QuantSpec spec = specs.get(tensor.id());
            quantized += params == null || spec == null
                    ? count * (double) Float.BYTES
                    : count * Quantizers.byId(spec.scheme()).bitsPerWeight(spec, count, params.slices()) / Byte.SIZE;
        }
        return new ModelSize(full, Math.round(quantized));
    }
}
