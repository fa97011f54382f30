package org.quantscope.core.session;

import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.TensorId;

/**
 * What a session has chosen for one tensor of a model: how it is quantized and which setting decides that, or why it
 * stays in float.
 */
public sealed interface Choice {
    /** Which setting decides how a tensor is quantized. */
    enum Source {
        /** The session's default for weights or for activations. */
        DEFAULT,
        /** A spec of the tensor's own. */
        OWN,
        /** A spec of its own with given parameters: imported from another tool, or frozen. */
        FIXED
    }

    /** Why a tensor is not quantized. */
    enum Why {
        /** A person keeps it in float. */
        KEPT("kept in float"),
        /** The session quantizes no tensor of its kind, and it has no spec of its own. */
        NOT_ASKED("tensors of its kind stay in float"),
        /** It is a bias or another constant, which is quantized only by a spec of its own. */
        NO_WEIGHT("no weight, and without a setting of its own"),
        NOT_FLOATING("holds no floating numbers"),
        EMPTY("holds no values");

        private final String reason;

        Why(String reason) {
            this.reason = reason;
        }

        /** The reason in a few words, for a person. */
        public String reason() {
            return reason;
        }
    }

    /** The tensor is quantized. */
    record Quantized(QuantSpec spec, Source source) implements Choice {}

    /** An activation that is rounded with the parameters of another one. */
    record Tied(TensorId owner) implements Choice {}

    /** The tensor stays in float. */
    record InFloat(Why why) implements Choice {}
}
