package org.quantscope.app.tensors;

import java.util.Optional;
import java.util.OptionalDouble;
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
        Optional<ClipRange> range) {
    /** How much a setting hurts a tensor, by its signal to quantization noise. */
    public enum Damage {
        /** At least 14 dB: the noise has less than 4 % of the signal's power. */
        GOOD,
        /** 10 to 14 dB. */
        FAIR,
        /** Below 10 dB: the noise has more than a tenth of the signal's power. */
        BAD
    }

    static final double FAIR_DB = 14;
    static final double BAD_DB = 10;

    public Damage damage() {
        double db = sqnrDb.orElse(Double.POSITIVE_INFINITY);
        return db < BAD_DB ? Damage.BAD : db < FAIR_DB ? Damage.FAIR : Damage.GOOD;
    }
}
