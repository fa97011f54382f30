package org.quantscope.app.improve;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.improve.Step;

/**
 * What the dialog shows.
 *
 * @param why nothing can be improved, a sentence with the remedy; empty if it can
 * @param needsData true if calibration data is the remedy
 * @param wanted the steps that are ticked
 * @param bits the budget as it is typed; empty for what the settings take now
 * @param badBits what is wrong with it; empty if nothing is
 * @param bitsNow bits of codes for each quantized weight, on average, as text; empty if there is none
 * @param running true while steps run
 * @param doing what is being done, in a few words
 * @param share how much of that is done, 0 to 1; below 0 if that is not known
 * @param axis of the bars; empty where there is nothing to draw
 * @param rows the steps so far
 * @param outcome what it came to, in sentences
 */
record ImproveState(
        String why,
        boolean needsData,
        Set<Step.Kind> wanted,
        String bits,
        String badBits,
        String bitsNow,
        boolean running,
        String doing,
        double share,
        Optional<Axis> axis,
        List<Row> rows,
        String outcome) {

    ImproveState {
        wanted = Set.copyOf(wanted);
        rows = List.copyOf(rows);
    }

    /** True if a click would begin. */
    boolean mayRun() {
        return why.isEmpty() && badBits.isEmpty() && !running && wanted.stream().anyMatch(Step.Kind::isChoice);
    }

    /**
     * The axis that all bars share, in the unit of the score. It does not begin at 0.
     *
     * @param least text of its left end
     * @param most text of its right end
     */
    record Axis(double lo, double hi, String least, String most, double floatScore) {}

    /**
     * A bar from one score to the next.
     *
     * @param lo lower end of the 95 % interval of {@code to}; {@code to} itself if there is none
     */
    record Bar(double from, double to, double lo, double hi, Form form) {}

    /** What a bar stands for. */
    enum Form {
        /** A score: the bar begins at the left end. */
        WHOLE("whole"),
        BETTER("better"),
        WORSE("worse");

        private final String style;

        Form(String style) {
            this.style = style;
        }

        String style() {
            return style;
        }
    }

    /**
     * A step.
     *
     * @param id of its kind; {@code float} for the float model
     * @param doc what such a step does
     * @param score after it, as text; empty without evaluation data
     * @param gain over the step before, as text
     * @param interval of the gain, as text
     * @param loss on calibration data after it, as text
     * @param said what became of it, a sentence
     * @param kept false if it changed nothing
     * @param undone true if it was kept and then taken back
     * @param back true if one click takes it back now
     * @param again true if one click makes it again now
     */
    record Row(
            String id,
            String title,
            String doc,
            Optional<Bar> bar,
            String score,
            String gain,
            String interval,
            String loss,
            String said,
            boolean kept,
            boolean undone,
            boolean back,
            boolean again) {}
}
