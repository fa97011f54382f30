package org.quantscope.app.accuracy;

import java.util.Locale;
import org.quantscope.app.accuracy.BudgetState.Found;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.budget.MixedPrecision.Assignment;
import org.quantscope.core.budget.MixedPrecision.Unit;
import org.quantscope.core.eval.AccuracyEstimate;

/** The figures of a bit budget as text. */
final class BudgetText {
    private BudgetText() {}

    static String bits(double average) {
        return String.format(Locale.ROOT, "%.2f", average);
    }

    /** Bit-operations with a decimal unit. */
    static String operations(double n) {
        return n >= 1e12
                ? String.format(Locale.ROOT, "%.3g T", n / 1e12)
                : n >= 1e9
                        ? String.format(Locale.ROOT, "%.3g G", n / 1e9)
                        : n >= 1e6
                                ? String.format(Locale.ROOT, "%.3g M", n / 1e6)
                                : String.format(Locale.ROOT, "%.3g k", n / 1e3);
    }

    static String cost(Unit unit, double cost) {
        return switch (unit) {
            case BYTES -> Figures.bytes(Math.round(cost));
            case BIT_OPERATIONS -> operations(cost);
            case AVERAGE_BITS -> bits(cost);
        };
    }

    /** The loss, named as what it is. */
    static String loss(Found found, double loss) {
        return found.divergence() ? "KL " + Figures.small(loss) + " nats" : "noise " + Figures.small(loss);
    }

    /** The accuracy with the number of samples that it rests on. */
    static String accuracy(AccuracyEstimate figure) {
        String score = figure.task().title() + " " + Figures.score(figure.task(), figure.score());
        return figure.isComplete()
                ? score + " on " + Figures.count(figure.total())
                : "≈ " + score + " on " + Figures.count(figure.seen()) + " of " + Figures.count(figure.total());
    }

    /** A mixture in a few words, for the label of a handle. */
    static String words(BudgetState state) {
        Assignment a = state.chosen().orElseThrow();
        return bits(a.averageBits()) + " bits · " + Figures.bytes(a.sizeBytes()) + " · "
                + state.found().map(f -> loss(f, a.loss())).orElse("")
                + state.accuracy().map(f -> " · " + accuracy(f)).orElse("");
    }
}
