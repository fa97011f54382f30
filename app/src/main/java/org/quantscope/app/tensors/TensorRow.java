package org.quantscope.app.tensors;

import java.util.Optional;
import java.util.OptionalDouble;
import org.quantscope.app.tensors.ShownSensitivity.Level;
import org.quantscope.core.layerwise.OutputError;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

/**
 * What the list shows about a tensor.
 *
 * @param sensitivity the figures of a sweep; empty before one
 */
public record TensorRow(
        TensorId id,
        String name,
        boolean activation,
        Shape shape,
        Setting setting,
        Result result,
        Optional<ShownSensitivity> sensitivity) {
    /**
     * @param spec the committed setting; empty if the tensor stays in float
     * @param own true if the tensor has its own setting, false if it has the default of its kind
     */
    public record Setting(Optional<QuantSpec> spec, boolean own) {}

    /**
     * What its setting leads to.
     *
     * @param sqnrDb SQNR in dB; empty while it is unknown, or if it does not exist
     * @param exact false if {@code sqnrDb} is an estimate
     * @param output the error at the output of the layer; empty if it is not known
     * @param range the hull of the requested ranges of all channels; empty while it is unknown
     * @param obstacle why its setting cannot be resolved, in a sentence without its full stop; empty if it can
     */
    public record Result(
            OptionalDouble sqnrDb,
            boolean exact,
            Optional<OutputError> output,
            Optional<ClipRange> range,
            Optional<String> obstacle) {
        static final Result NONE =
                new Result(OptionalDouble.empty(), true, Optional.empty(), Optional.empty(), Optional.empty());

        /** The SQNR at the output of the layer in dB; empty if it is not known. */
        OptionalDouble outputSqnrDb() {
            return output.map(OutputError::sqnrDb).orElse(OptionalDouble.empty());
        }
    }

    /** From this SQNR on the loss is little: the noise has less than 4 % of the signal's power. */
    static final double FAIR_DB = 14;

    /** Below this SQNR the loss is much: the noise has more than a tenth of the signal's power. */
    static final double BAD_DB = 10;

    /** The level of its loss: by the loss of accuracy if a sweep has found it, otherwise by the SQNR. */
    public Level level() {
        double db = result.sqnrDb.orElse(Double.POSITIVE_INFINITY);
        return sensitivity
                .flatMap(ShownSensitivity::level)
                .orElse(db < BAD_DB ? Level.BAD : db < FAIR_DB ? Level.FAIR : Level.GOOD);
    }
}
