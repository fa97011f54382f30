package org.quantscope.core.improve;

import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import org.quantscope.core.session.Edit;

/**
 * One step of an {@link Improvement}, and what became of it.
 *
 * @param kind which step
 * @param what was chosen, in a few words for a person; empty if nothing was tried
 * @param outcome whether it was kept
 * @param why nothing was tried, a clause; else empty
 * @param tried the loss with this step, in the unit of {@link Improvement.Result#divergence}; empty if nothing was tried
 * @param loss the loss as the model stands after this step: with it if it was kept, else as before
 * @param edit that makes the settings before it those after it; empty unless it was kept, and for the start
 * @param after the model as it stands after this step
 * @param score of {@code after} on the evaluation data, if there is any
 */
public record Step(
        Kind kind,
        String what,
        Outcome outcome,
        String why,
        OptionalDouble tried,
        double loss,
        Optional<Edit> edit,
        Fitted after,
        Optional<StepScore> score) {

    /** The steps, in their order. */
    public enum Kind {
        /** The settings as they are. */
        START("start", "Start", "The settings as they are"),
        /** Bits for all weights so that the budget holds: it costs accuracy, and is not a choice. */
        NARROWER("narrower", "Fewer bits", "The same bits for all weights, so that the budget holds"),
        EQUALIZATION(
                "equalization",
                "Equalization",
                "Makes the ranges of channels between two layers equal; the float model computes the same"),
        RANGES("ranges", "Ranges", "The calibrator that loses least, for weights and for activations"),
        ROUNDING("rounding", "Rounding", "Codes of weights chosen for the error at the output of their layer"),
        BITS("bits", "Bits", "More bits for weights where they pay and fewer where they do not, under the budget");

        private final String id;
        private final String title;
        private final String doc;

        Kind(String id, String title, String doc) {
            this.id = id;
            this.title = title;
            this.doc = doc;
        }

        /** Printed and remembered; never renamed. */
        public String id() {
            return id;
        }

        public String title() {
            return title;
        }

        /** What it does, in one sentence for a person. */
        public String doc() {
            return doc;
        }

        /** True if a person may leave it out. */
        public boolean isChoice() {
            return this != START && this != NARROWER;
        }
    }

    /** What became of a step. */
    public enum Outcome {
        /** It is part of the result. */
        KEPT,
        /** It was tried, does not help enough, and was taken back. */
        NO_GAIN,
        /** There was nothing to try. */
        NOTHING
    }

    public boolean kept() {
        return outcome == Outcome.KEPT;
    }

    /**
     * What became of it, as a clause for a person, without the name of the step.
     *
     * @param before the loss before this step
     * @param unit of losses, such as {@code KL}
     */
    public String said(double before, String unit) {
        return switch (outcome) {
            case NOTHING -> "nothing to do: " + why;
            case NO_GAIN ->
                "left out" + (what.isEmpty() ? "" : " (" + what + ")") + ": " + unit + " " + number(before)
                        + " would be " + number(tried.orElse(before));
            case KEPT ->
                (what.isEmpty() ? "" : what + ": ") + unit + " "
                        + (kind == Kind.START ? number(loss) : number(before) + " → " + number(loss));
        };
    }

    private static String number(double value) {
        return Double.isFinite(value) ? String.format(Locale.ROOT, "%.3g", value) : "not finite";
    }

    Step withScore(StepScore found) {
        return new Step(kind, what, outcome, why, tried, loss, edit, after, Optional.of(found));
    }
}
