package org.quantscope.app.accuracy;

import java.util.Optional;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.Evaluation;
import org.quantscope.core.export.ModelSize;

/** What there is to show of the accuracy. */
public sealed interface AccuracyState {
    /** Whether there is a figure, and if not, why. */
    enum Status {
        /** No model is open. */
        NO_MODEL,
        /** The file holds only weights, so it cannot be run. */
        NO_GRAPH,
        /** There is no labelled data. */
        NO_DATA,
        /** A tensor cannot be resolved, so there are no complete settings to evaluate. */
        NOT_RESOLVED,
        /** The evaluation has not begun; if there is a figure, it belongs to earlier settings. */
        WAITING,
        /** The evaluation runs; the figure is updated with each batch. */
        RUNNING,
        /** The figure rests on all samples. */
        DONE,
        /** The user cancelled the evaluation before the last batch. */
        STOPPED
    }

    /** No model is open. */
    static AccuracyState nothing() {
        return new Without(Status.NO_MODEL, Optional.empty());
    }

    Status status();

    /** The size of the model under the shown settings, as far as it is known. */
    Optional<ModelSize> size();

    /** The evaluation of the shown settings; of earlier ones if {@link #previous}. */
    default Optional<Evaluation> evaluation() {
        return Optional.empty();
    }

    /** The float model's accuracy so far. */
    default Optional<AccuracyEstimate> baseline() {
        return Optional.empty();
    }

    /** True if {@link #evaluation} belongs to earlier settings. */
    default boolean previous() {
        return false;
    }

    /** The accuracy of the quantized model; that of earlier settings if {@link #previous}. */
    default Optional<AccuracyEstimate> quantized() {
        return evaluation().map(Evaluation::accuracy);
    }

    /** Nothing can be evaluated, for the reason in {@code status}. */
    record Without(Status status, Optional<ModelSize> size) implements AccuracyState {}

    /**
     * The settings have a tensor that cannot be resolved.
     *
     * @param obstacle why, in a sentence without its full stop
     */
    record Unresolved(String obstacle, Optional<AccuracyEstimate> baseline) implements AccuracyState {
        @Override
        public Status status() {
            return Status.NOT_RESOLVED;
        }

        @Override
        public Optional<ModelSize> size() {
            return Optional.empty();
        }
    }

    /** Settings that are evaluated: waiting, running, done or stopped. */
    record Evaluated(
            Status status,
            Optional<Evaluation> evaluation,
            boolean previous,
            Optional<AccuracyEstimate> baseline,
            Optional<ModelSize> size)
            implements AccuracyState {}

    /** The state after this one for new settings without a figure yet; the former figure remains, marked as previous. */
    default AccuracyState waiting(Optional<ModelSize> ofSetting) {
        return new Evaluated(Status.WAITING, evaluation(), evaluation().isPresent(), baseline(), ofSetting);
    }

    /** The state after this one with an evaluation of the present settings, complete or on its way. */
    default AccuracyState evaluated(Evaluation known, ModelSize ofSetting) {
        Status how = known.accuracy().isComplete() ? Status.DONE : Status.RUNNING;
        return new Evaluated(how, Optional.of(known), false, baseline(), Optional.of(ofSetting));
    }

    /** The state after this one if the user stops the evaluation. */
    default AccuracyState stopped() {
        return new Evaluated(Status.STOPPED, evaluation(), previous(), baseline(), size());
    }

    /** The state after this one for settings whose evaluation has failed, so that no figure will follow. */
    default AccuracyState failed() {
        return new Evaluated(Status.STOPPED, Optional.empty(), false, baseline(), size());
    }

    /** The state after this one for settings with a tensor that cannot be resolved. */
    default AccuracyState unresolved(String obstacle) {
        return new Unresolved(obstacle, baseline());
    }

    /** This state with more of the float model's accuracy. */
    default AccuracyState withBaseline(AccuracyEstimate estimate) {
        Optional<AccuracyEstimate> known = Optional.of(estimate);
        return switch (this) {
            case Without without -> without;
            case Unresolved(var obstacle, var _) -> new Unresolved(obstacle, known);
            case Evaluated e -> new Evaluated(e.status, e.evaluation, e.previous, known, e.size);
        };
    }
}
