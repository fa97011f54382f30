package org.quantscope.core.figure;

import java.util.OptionalDouble;
import java.util.function.Function;

/**
 * A number that can be named: in a lesson's goal, in its text, and on the command line.
 *
 * @param id in files; never renamed
 * @param title in a few words for a person
 * @param unit for a person: {@code dB}, {@code %}, {@code values}; empty if it has none
 * @param doc one sentence: what it is, and when it does not exist
 * @param computation from the engine; empty where the figure does not exist
 */
public record Figure(
        String id, String title, String unit, String doc, Function<FigureSource, OptionalDouble> computation) {
    public Figure {
        if (!id.matches("[a-z][a-z0-9_]*")) {
            throw new IllegalArgumentException("id: lower-case letters, digits and _, got \"" + id + "\"");
        }
    }

    /** Computes the figure, or takes it from what was computed before. */
    public OptionalDouble of(FigureSource source) {
        OptionalDouble value = computation.apply(source);
        return value.isPresent() && Double.isFinite(value.getAsDouble()) ? value : OptionalDouble.empty();
    }
}
