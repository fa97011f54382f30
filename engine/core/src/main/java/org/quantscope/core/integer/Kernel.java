package org.quantscope.core.integer;

import org.jspecify.annotations.Nullable;

/** A step made ready: weights unpacked, factors between scales worked out. Safe for use by several threads. */
@FunctionalInterface
interface Kernel {
    /**
     * Computes.
     *
     * @param inputs as the step lists them; null for one that is left out
     * @throws IllegalArgumentException if their shapes do not go together
     */
    IntegerTensor run(@Nullable IntegerTensor[] inputs);
}
