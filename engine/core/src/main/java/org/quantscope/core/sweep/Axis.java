package org.quantscope.core.sweep;

import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** What a plan can vary, from the outermost to the innermost. The parts of the data lie between the first and the second. */
public enum Axis {
    /** Lists of corrections of the float model. */
    CORRECTIONS,
    /** Names of single weights, {@code *} for all at once, {@code each} for every one in turn. */
    TENSORS,
    WEIGHTS,
    ACTIVATIONS,
    SCHEME,
    SYMMETRY,
    GRANULARITY,
    CALIBRATOR,
    ROUNDING,
    ACTIVATION_SCHEME,
    ACTIVATION_SYMMETRY,
    ACTIVATION_CALIBRATOR;

    /** In place of a weight: all of them. */
    public static final String ALL = "*";

    /** In place of a weight: every one of the model in turn. */
    public static final String EACH = "each";

    /** Separates the corrections of one list in an axis's value. */
    static final String AND = "\n";

    /** As it is written in a plan. */
    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Optional<Axis> byId(String id) {
        return Stream.of(values()).filter(axis -> axis.id().equals(id)).findFirst();
    }
}
