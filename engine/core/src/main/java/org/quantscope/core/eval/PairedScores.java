package org.quantscope.core.eval;

import java.util.Optional;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.model.Model;

/** Scores outputs that were computed elsewhere beside reference outputs of the same samples, as {@link LiveEvaluator} scores its own. For one thread. */
public final class PairedScores {
    private final Scoring scoring;
    private final Scoring.Tally tally;

    private PairedScores(Scoring scoring, int total) {
        this.scoring = scoring;
        this.tally = scoring.tally(total);
    }

    /**
     * The scores of all samples of {@code data}.
     *
     * @param chosen what to score; empty, or what the model and the data do not allow: what fits them best
     * @param first any outputs of the model
     * @throws org.quantscope.core.io.BadInputException if there are targets and they are not as many a sample as the outputs
     */
    public static PairedScores of(Model model, Dataset data, Optional<Task> chosen, Logits first) {
        return new PairedScores(Scoring.of(model, data, chosen, first), data.size());
    }

    /** Counts a batch: a row of both for each sample. */
    public void add(int[] samples, Logits reference, Logits outputs) {
        tally.add(samples, scoring.reference(samples, reference), outputs);
    }

    /** The reference stands in it as the float model. */
    public AccuracyEstimate estimate() {
        return tally.estimate();
    }
}
