package org.quantscope.core.eval;

import java.util.OptionalDouble;
import org.quantscope.core.tensor.TensorId;

/**
 * How far a value inside the quantized model is from the float model's.
 *
 * @param value which value
 * @param signal Σf² over the float model's values f, all samples together
 * @param noise Σ(f−q)² over those and the quantized model's values q
 * @param samples samples summed over, at least 1
 */
public record LayerError(TensorId value, double signal, double noise, int samples) {
    /** 10·log10(Σf²/Σ(f−q)²); infinite if the values are equal; empty if a value is not finite. */
    public OptionalDouble sqnrDb() {
        double db = noise == 0 ? Double.POSITIVE_INFINITY : 10 * Math.log10(signal / noise);
        return Double.isNaN(db) ? OptionalDouble.empty() : OptionalDouble.of(db);
    }

    /** √(Σ(f−q)²/Σf²); empty if all float values are 0 but not all quantized ones, or if a value is not finite. */
    public OptionalDouble relative() {
        double relative = noise == 0 ? 0 : Math.sqrt(noise / signal);
        return Double.isFinite(relative) ? OptionalDouble.of(relative) : OptionalDouble.empty();
    }
}
