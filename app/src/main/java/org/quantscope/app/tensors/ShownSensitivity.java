package org.quantscope.app.tensors;

import java.util.Optional;
import java.util.OptionalDouble;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.sensitivity.TensorSensitivity;

/**
 * What is known about the sensitivity of one tensor: what its quantization costs the whole model.
 *
 * @param figures under the present settings, or earlier ones as the next two say
 * @param onlyPrevious true if the figure for this tensor alone belongs to an earlier setting of the tensor
 * @param allButPrevious true if the figure for all others belongs to an earlier setting of one of them
 * @param all the model with everything quantized; empty if it is not known for the present settings
 */
public record ShownSensitivity(
        TensorSensitivity figures, boolean onlyPrevious, boolean allButPrevious, Optional<AccuracyEstimate> all) {
    /** How large the loss is. */
    public enum Level {
        /** A loss below {@link #FAIR_LOSS}. */
        GOOD,
        /** A loss below {@link #BAD_LOSS}. */
        FAIR,
        BAD
    }

    /** Half a point of accuracy; for other scores 0.5 % of the float model's score. */
    static final double FAIR_LOSS = 0.005;

    /** Two points of accuracy; for other scores 2 % of the float model's score. */
    static final double BAD_LOSS = 0.02;

    /** The level of the loss with this tensor alone quantized; empty if it is not known. */
    public Optional<Level> level() {
        return figures.onlyThis().map(e -> {
            double loss = TensorSensitivity.loss(e);
            double share = e.task().isFraction() || e.floatScore() == 0 ? loss : loss / Math.abs(e.floatScore());
            return share >= BAD_LOSS ? Level.BAD : share >= FAIR_LOSS ? Level.FAIR : Level.GOOD;
        });
    }

    /** True if a model has lost {@link #BAD_LOSS} or more for certain: also at the good end of the interval. */
    static boolean isBad(AccuracyEstimate e) {
        double least =
                e.task().higherIsBetter() ? -e.interval().hi() : e.interval().lo();
        double share = e.task().isFraction() || e.floatScore() == 0 ? least : least / Math.abs(e.floatScore());
        return share >= BAD_LOSS;
    }

    /** How much worse the score is with this tensor alone quantized, as a fraction for an accuracy. */
    public OptionalDouble loss() {
        return figures.loss();
    }

    /** The change of the score as a short text, such as {@code ≈ −2.3} points; empty if it is not known. */
    public String change() {
        return figures.onlyThis()
                .map(e -> about(e)
                        + (e.task().isFraction() ? Figures.points(e.delta()) : Figures.difference(e.task(), e.delta())))
                .orElse("");
    }

    /** Both figures and the output SQNR in several lines, each with what it rests on. */
    public String describe() {
        StringBuilder text = new StringBuilder();
        figures.onlyThis().ifPresent(e -> text.append("only this quantized: ").append(figure(e, onlyPrevious)));
        figures.allButThis().ifPresent(e -> {
            text.append(text.isEmpty() ? "" : "\n")
                    .append("all but this quantized: ")
                    .append(figure(e, allButPrevious));
            OptionalDouble recovered = allButPrevious ? OptionalDouble.empty() : figures.recovered(all);
            recovered.ifPresent(r -> text.append(", in float it gives ")
                    .append(about(e))
                    .append(Figures.difference(e.task(), e.task().higherIsBetter() ? r : -r))
                    .append(" back"));
        });
        figures.outputSqnrDb()
                .ifPresent(db -> text.append("\noutput SQNR of only this: ")
                        .append(Double.isInfinite(db) ? "∞" : Figures.decibels(OptionalDouble.of(db))));
        return text.toString();
    }

    private static String figure(AccuracyEstimate e, boolean previous) {
        return about(e) + Figures.score(e.task(), e.score()) + ", " + Figures.difference(e.task(), e.delta()) + " ("
                + Figures.count(e.seen()) + " of " + Figures.count(e.total()) + " samples"
                + (previous ? ", previous setting" : "") + ")";
    }

    private static String about(AccuracyEstimate e) {
        return e.isComplete() ? "" : Figures.ABOUT;
    }
}
