package org.quantscope.core.departure;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import org.quantscope.core.tensor.TensorId;

/**
 * Where a deployed model parts from the float model, with the cause.
 *
 * @param name the tensor, by its name in the float model
 * @param cause the first in the order of {@link Cause} for which there is evidence
 * @param part what is at fault, for a person: a weight, a bias, an operator; the tensor itself if it is its grid
 * @param said the evidence in a sentence
 * @param before the root mean square difference between the deployed values and our simulation of the deployed grids, from
 *     the same inputs, in steps of the grid, or as a part of the values' root mean square where there is none; empty where
 *     the evidence lies in the file alone
 * @param after the same with the suspected part replaced by what ours would be, or ours by it: the departure is gone
 * @param inSteps the unit of both
 * @param tried every cause that was tried, in order, with what is left of the difference
 */
public record Departure(
        TensorId name,
        Cause cause,
        String part,
        String said,
        OptionalDouble before,
        OptionalDouble after,
        boolean inSteps,
        List<Trial> tried) {
    public Departure {
        tried = List.copyOf(tried);
    }

    /**
     * A cause that was tried.
     *
     * @param what was replaced
     * @param left the difference that is left, in the unit of the departure
     */
    public record Trial(Cause cause, String what, double left) {}

    /** The figures in words. */
    public Optional<String> figures() {
        String unit = inSteps ? " steps" : " of the values";
        return before.isEmpty()
                ? Optional.empty()
                : Optional.of(String.format(Locale.ROOT, "difference %.3g%s", before.getAsDouble(), unit)
                        + (after.isPresent()
                                ? String.format(Locale.ROOT, ", with this replaced %.3g", after.getAsDouble())
                                : ""));
    }
}
