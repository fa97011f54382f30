package org.quantscope.app.tensors;

import java.util.Optional;
import java.util.OptionalDouble;
import org.quantscope.app.tensors.TensorDamage.Level;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

/**
 * A line of the list.
 *
 * @param spec the committed setting; empty if the tensor stays float
 * @param own true if the setting is its own and not the default of its kind
 * @param sqnrDb in dB; empty while unknown, or where there is none
 * @param exact false if {@code sqnrDb} is an estimate
 * @param range the requested range, over all channels; empty while unknown
 * @param sensitivity what a sweep found; empty before one
 */
public record TensorRow(
        TensorId id,
        String name,
        boolean activation,
        Shape shape,
        Optional<QuantSpec> spec,
        boolean own,
        OptionalDouble sqnrDb,
        boolean exact,
        Optional<ClipRange> range,
        Optional<TensorDamage> sensitivity) {
    /** At least as much is little damage: the noise has less than 4 % of the signal's power. */
    static final double FAIR_DB = 14;

    /** Less is much damage: the noise has more than a tenth of the signal's power. */
    static final double BAD_DB = 10;

    /** How much its setting hurts: by the loss of accuracy once a sweep has found it, before that by its signal to quantization noise. */
    public Level damage() {
        double db = sqnrDb.orElse(Double.POSITIVE_INFINITY);
        return sensitivity
                .flatMap(TensorDamage::level)
                .orElse(db < BAD_DB ? Level.BAD : db < FAIR_DB ? Level.FAIR : Level.GOOD);
    }
}
