package org.quantscope.core.convert;

import org.quantscope.core.tflite.LiteOperator;

/** Adds the nodes that compute what an operator computes. */
interface Rule {
    /** @throws NotConverted with the reason, if they cannot */
    void wire(Wiring wiring, LiteOperator op);
}
