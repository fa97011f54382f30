package org.quantscope.core.eval;

import org.jspecify.annotations.Nullable;
import org.quantscope.core.tensor.TensorData;

/**
 * Values that a stored tensor has in an evaluation instead of its own: those of codes that a rounding chose, or of a
 * bias that moved with them. Two of these are equal if their keys are, so that sessions and results are found again.
 *
 * @param key says what the values are: equal keys mean equal values
 * @param data float32, in storage order
 */
public record ChosenValues(String key, TensorData data) {
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ChosenValues o && key.equals(o.key);
    }

    @Override
    public int hashCode() {
        return key.hashCode();
    }
}
