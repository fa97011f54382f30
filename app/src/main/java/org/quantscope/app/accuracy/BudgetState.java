package org.quantscope.app.accuracy;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.quantscope.core.budget.BitTarget;
import org.quantscope.core.budget.Comparison;
import org.quantscope.core.budget.MixedPrecision.Assignment;
import org.quantscope.core.budget.MixedPrecision.Unit;
import org.quantscope.core.budget.WeightGroup;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.tensor.TensorId;

/**
 * What is known of a bit budget.
 *
 * @param status how far the measuring is
 * @param why in a sentence, why nothing can be measured or why it failed; else empty
 * @param share of the measuring that is done, 0 to 1
 * @param progress what it is at, for a person
 * @param choices what a person has chosen
 * @param found what was measured; empty before
 * @param chosen the assignment of the budget; empty before anything was measured
 * @param settled true if what room the budget leaves is spent, too
 * @param busy true while that is being done
 * @param applied true if the weights have the bits of the chosen assignment and its rounding
 * @param scored complete accuracies of assignments, with the nearest levels
 * @param accuracy of the chosen assignment on the evaluation samples so far, with the nearest levels
 * @param comparison with better rounding, if it was asked for
 * @param comparing true while it is being made
 */
public record BudgetState(
        Status status,
        String why,
        double share,
        String progress,
        Choices choices,
        Optional<Found> found,
        Optional<Assignment> chosen,
        boolean settled,
        boolean busy,
        boolean applied,
        Map<TensorId, Double> alone,
        Map<Assignment, AccuracyEstimate> scored,
        Optional<AccuracyEstimate> accuracy,
        Optional<Comparison> comparison,
        boolean comparing) {
    /** How far the measuring is. */
    public enum Status {
        /** Nothing can be measured. */
        IMPOSSIBLE,
        READY,
        MEASURING,
        /** A person has stopped it; it can go on. */
        STOPPED,
        DONE,
        FAILED
    }

    /**
     * What a person chooses; it is remembered.
     *
     * @param unit what the budget counts
     * @param rounding id of the rounding that the weights get with their bits
     * @param all true if tensors with settings of their own get other bits too
     */
    public record Choices(Unit unit, BitTarget target, String rounding, boolean all) {}

    /**
     * What was measured.
     *
     * @param front at most 20 assignments that no other one beats, from small to large
     * @param divergence true if losses are in nats, false if they are shares of noise
     * @param samples of calibration data that the losses rest on
     * @param pinned weights that keep the bits of their own settings
     * @param uncounted weights whose multiplications the graph does not tell
     * @param notes what the budget passes by, in sentences
     * @param evaluations how many assignments were measured
     */
    public record Found(
            List<Assignment> front,
            boolean divergence,
            int samples,
            List<WeightGroup> groups,
            Map<TensorId, Integer> pinned,
            Set<TensorId> uncounted,
            List<String> notes,
            int evaluations) {
        public Found {
            front = List.copyOf(front);
            groups = List.copyOf(groups);
            pinned = Collections.unmodifiableMap(new TreeMap<>(pinned));
            uncounted = Collections.unmodifiableSet(new TreeSet<>(uncounted));
            notes = List.copyOf(notes);
        }
    }

    public BudgetState {
        alone = Collections.unmodifiableMap(new LinkedHashMap<>(alone));
        scored = Map.copyOf(scored);
    }

    static BudgetState nothing(Status status, String why, Choices choices) {
        return new BudgetState(
                status,
                why,
                0,
                "",
                choices,
                Optional.empty(),
                Optional.empty(),
                false,
                false,
                false,
                Map.of(),
                Map.of(),
                Optional.empty(),
                Optional.empty(),
                false);
    }

    /** True if a budget can be chosen. */
    public boolean isOpen() {
        return status == Status.DONE && chosen.isPresent() && found.isPresent();
    }

    BudgetState at(Status now, double done, String what, String reason) {
        return new BudgetState(
                now,
                reason,
                done,
                what,
                choices,
                found,
                chosen,
                settled,
                busy,
                applied,
                alone,
                scored,
                accuracy,
                comparison,
                comparing);
    }

    BudgetState measured(Found now) {
        return new BudgetState(
                Status.DONE,
                "",
                1,
                "",
                choices,
                Optional.of(now),
                chosen,
                settled,
                busy,
                applied,
                alone,
                scored,
                accuracy,
                comparison,
                comparing);
    }

    BudgetState choosing(Assignment one, boolean isSettled, boolean isBusy, Map<TensorId, Double> losses) {
        Optional<AccuracyEstimate> known = Optional.ofNullable(scored.get(one));
        boolean same = chosen.filter(one::equals).isPresent();
        return new BudgetState(
                status,
                why,
                share,
                progress,
                choices,
                found,
                Optional.of(one),
                isSettled,
                isBusy,
                applied,
                losses,
                scored,
                same ? accuracy : known,
                comparison,
                comparing);
    }

    BudgetState busy(boolean now) {
        return new BudgetState(
                status,
                why,
                share,
                progress,
                choices,
                found,
                chosen,
                settled,
                now,
                applied,
                alone,
                scored,
                accuracy,
                comparison,
                comparing);
    }

    BudgetState applied(boolean now) {
        return new BudgetState(
                status,
                why,
                share,
                progress,
                choices,
                found,
                chosen,
                settled,
                busy,
                now,
                alone,
                scored,
                accuracy,
                comparison,
                comparing);
    }

    BudgetState scored(Map<Assignment, AccuracyEstimate> all, Optional<AccuracyEstimate> now) {
        return new BudgetState(
                status,
                why,
                share,
                progress,
                choices,
                found,
                chosen,
                settled,
                busy,
                applied,
                alone,
                all,
                now,
                comparison,
                comparing);
    }

    BudgetState compared(Optional<Comparison> made, boolean running) {
        return new BudgetState(
                status, why, share, progress, choices, found, chosen, settled, busy, applied, alone, scored, accuracy,
                made, running);
    }

    BudgetState with(Choices other) {
        return new BudgetState(
                status,
                why,
                share,
                progress,
                other,
                found,
                chosen,
                settled,
                busy,
                applied,
                alone,
                scored,
                accuracy,
                comparison,
                comparing);
    }
}
