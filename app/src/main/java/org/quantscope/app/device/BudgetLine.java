package org.quantscope.app.device;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import org.quantscope.core.session.DeviceBudget;
import org.quantscope.core.session.DeviceBudget.Figure;

/**
 * A limit and the value in hand beside it.
 *
 * @param typed the limit as it may be typed again; empty if there is none
 * @param inHand the value, or why there is none
 */
public record BudgetLine(Limit limit, String typed, String inHand, State state) {
    /** Whether a limit is kept. */
    public enum State {
        NO_LIMIT,
        KEPT,
        BROKEN,
        /** A figure that nobody can know: the limit is not kept. */
        UNKNOWN,
        /** The figure is on its way, or waits for a press. */
        PENDING
    }

    /**
     * Each limit, also those that are not set, in the order of the file.
     *
     * @param pending limits whose figure is not known yet
     */
    static List<BudgetLine> of(DeviceBudget budget, DeviceBudget.Found found, Set<Limit> pending) {
        List<BudgetLine> lines = new ArrayList<>();
        for (Limit limit : Limit.values()) {
            Figure figure = limit.of(found);
            OptionalDouble stated = limit.of(budget);
            String inHand =
                    figure.value().isPresent() ? limit.figure(figure.value().getAsDouble()) : figure.why();
            lines.add(new BudgetLine(
                    limit,
                    stated.isPresent() ? limit.text(stated.getAsDouble()) : "",
                    inHand,
                    state(limit, figure, budget, found, pending.contains(limit))));
        }
        return lines;
    }

    private static State state(
            Limit limit, Figure figure, DeviceBudget budget, DeviceBudget.Found found, boolean pending) {
        return budget.check(found).stream()
                .filter(check -> check.what().equals(limit.id()))
                .findFirst()
                .map(check -> check.ok()
                        ? State.KEPT
                        : pending ? State.PENDING : figure.value().isPresent() ? State.BROKEN : State.UNKNOWN)
                .orElse(State.NO_LIMIT);
    }
}
