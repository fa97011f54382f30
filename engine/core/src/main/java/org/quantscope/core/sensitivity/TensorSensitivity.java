package org.quantscope.core.sensitivity;

import java.util.Comparator;
import java.util.Optional;
import java.util.OptionalDouble;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorKind;

/**
 * How the quantization of one tensor changes the score of the whole model.
 *
 * @param onlyThis the model with this tensor quantized and all others in float, against the float model; empty while
 *     not known
 * @param allButThis the model with this tensor in float and all others quantized, against the float model; empty while
 *     not known
 */
public record TensorSensitivity(
        TensorId name, TensorKind kind, Optional<AccuracyEstimate> onlyThis, Optional<AccuracyEstimate> allButThis) {
    /**
     * Worst first: by {@link #loss} of this tensor alone; of equal losses the smaller {@link #outputSqnrDb} is worse,
     * and a missing one is worst; then by name. Tensors without a figure come last.
     */
    public static final Comparator<TensorSensitivity> WORST_FIRST = Comparator.comparing(
                    (TensorSensitivity t) -> t.onlyThis.isEmpty())
            .thenComparing(
                    Comparator.comparingDouble((TensorSensitivity t) -> t.loss().orElse(0))
                            .reversed())
            .thenComparingDouble(t -> t.outputSqnrDb().orElse(Double.NEGATIVE_INFINITY))
            .thenComparing(TensorSensitivity::name);

    /**
     * 10·log10(Σf²/Σ(f−q)²) over the outputs f of the float model and q of the model with this tensor alone quantized,
     * in dB; infinite if they are equal; empty while unknown or if it is NaN.
     */
    public OptionalDouble outputSqnrDb() {
        return onlyThis.map(AccuracyEstimate::logitSqnrDb)
                .filter(db -> !Double.isNaN(db))
                .map(OptionalDouble::of)
                .orElse(OptionalDouble.empty());
    }

    /**
     * How much worse the score is with this tensor alone quantized, in the unit of the score; negative is a gain. A
     * score of NaN is an infinite loss. Empty while unknown.
     */
    public OptionalDouble loss() {
        return onlyThis.map(e -> OptionalDouble.of(loss(e))).orElse(OptionalDouble.empty());
    }

    /**
     * How much worse a score is than that of the float model: the delta, with the sign changed if a higher score is
     * better.
     */
    public static double loss(AccuracyEstimate e) {
        double worse = e.task().higherIsBetter() ? -e.delta() : e.delta();
        // Adding 0 turns −0 into +0; −0 would be sorted before it.
        return Double.isNaN(worse) ? Double.POSITIVE_INFINITY : worse + 0.0;
    }

    /**
     * How much of the loss of the whole setting goes away when this tensor stays in float, in the unit of the score;
     * negative if it gets worse. Empty while unknown, or if the two figures cover different samples.
     *
     * @param all the model with every tensor quantized
     */
    public OptionalDouble recovered(Optional<AccuracyEstimate> all) {
        return all.isPresent()
                        && allButThis.isPresent()
                        && all.get().seen() == allButThis.get().seen()
                ? OptionalDouble.of(loss(all.get()) - loss(allButThis.get()))
                : OptionalDouble.empty();
    }

    /** The number of samples behind {@link #onlyThis}; 0 while unknown. */
    public int seen() {
        return onlyThis.map(AccuracyEstimate::seen).orElse(0);
    }
}
