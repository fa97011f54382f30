package org.quantscope.core.export;

import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.tensor.Tensor;

/**
 * The size of a model's stored tensors, without the graph around them.
 *
 * @param floatBytes the size of every tensor as stored, in bytes: a float16 value takes two. The command line calls
 *     this {@code float32}, its name for the model that is not quantized
 * @param quantizedBytes the same with quantized tensors at the bits per weight of their scheme, scales and zero points
 *     included, rounded up to whole bytes for each tensor
 */
public record ModelSize(long floatBytes, long quantizedBytes) {
    /** @param model as analysed */
    public static ModelSize of(Model model, ResolvedSettings resolved) {
        long stored = 0;
        long quantized = 0;
        for (Tensor tensor : model.tensors()) {
            long count = tensor.info().shape().count();
            long bytes = tensor.data().storedBytes();
            stored += bytes;
            quantized += resolved.find(tensor.id())
                    .map(found -> {
                        QuantSpec spec = found.spec();
                        int slices = found.params().slices();
                        // The product is a whole number of bits but for the rounding of the division behind it.
                        double bits = spec.quantizer().bitsPerWeight(spec, count, slices) * count;
                        return (Math.round(bits) + 7) / 8;
                    })
                    .orElse(bytes);
        }
        return new ModelSize(stored, quantized);
    }
}
