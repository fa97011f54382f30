package org.quantscope.core.device;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.ClassAccuracy;
import org.quantscope.core.session.DeviceBudget.Figure;
import org.quantscope.core.session.DeviceBudget.Found;

/** What the limits of a budget are compared with, of one model with certain settings. */
public final class BudgetFigures {
    private BudgetFigures() {}

    /**
     * What a cost counts only in part is not known: it is larger, by nobody knows how much.
     *
     * @param ms the measured time
     * @param accuracy of the quantized model on all samples; empty while it has not been evaluated
     * @param classes the classes of that evaluation
     */
    public static Found of(
            DeviceCost cost, Figure ms, Optional<AccuracyEstimate> accuracy, List<ClassAccuracy> classes) {
        Figure not = Figure.unknown("the accuracy has not been evaluated");
        return new Found(
                Figure.of((double) cost.weightBytes()),
                cost.unsized().isEmpty()
                        ? Figure.of((double) cost.peakActivationBytes())
                        : Figure.unknown("the size of " + DeviceCost.named(cost.unsized()) + " is not known"),
                cost.uncounted().isEmpty()
                        ? Figure.of(cost.macs())
                        : Figure.unknown(
                                "the multiplications of " + DeviceCost.named(cost.uncounted()) + " are not known"),
                ms,
                accuracy.map(BudgetFigures::of).orElse(not),
                accuracy.isEmpty() ? not : worst(classes));
    }

    private static Figure of(AccuracyEstimate estimate) {
        return !estimate.task().isProportion()
                ? Figure.unknown("the score is " + estimate.task().title() + ", which is no share of right answers")
                : !estimate.task().needsLabels()
                        ? Figure.unknown("without labels only agreement with the float model is known")
                        : Figure.of(estimate.score());
    }

    private static Figure worst(List<ClassAccuracy> classes) {
        OptionalDouble least =
                classes.stream().mapToDouble(ClassAccuracy::accuracy).min();
        return least.isPresent()
                ? Figure.of(least.getAsDouble())
                : Figure.unknown("there are no labelled classes to tell apart");
    }
}
