package org.quantscope.core.eval;

import java.util.Optional;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.model.Model;

/**
 * Scores outputs that were computed elsewhere against reference outputs of the same samples, with the same rules as
 * {@link LiveEvaluator}. For one thread.
 */
public final class PairedScores {
    private final Scoring scoring;
    private final Scoring.Tally tally;

    private PairedScores(Scoring scoring, int total) {
        this.scoring = scoring;
        this.tally = scoring.tally(total);
    }

    /**
     * Begins a count over all samples of {@code data}.
     *
     * @param chosen what to score; if it is empty, or the model and the data do not allow it, the task that fits them
     *     best is taken
     * @param first any outputs of the model
     * @throws org.quantscope.core.io.BadInputException if the labels do not fit the output
     */
    public static PairedScores of(Model model, Dataset data, Optional<Task> chosen, Logits first) {
        return new PairedScores(Scoring.of(model, data, chosen, first).checked(), data.size());
    }

    /** Counts a batch. Both outputs have one row for each sample. */
    public void add(int[] samples, Logits reference, Logits outputs) {
        tally.add(samples, scoring.reference(samples, reference), outputs);
    }

    /** The figure so far, with the reference in the place of the float model. */
    public AccuracyEstimate estimate() {
        return tally.estimate();
    }
}
