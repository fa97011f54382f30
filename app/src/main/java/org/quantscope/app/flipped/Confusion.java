package org.quantscope.app.flipped;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.eval.SampleOutcomes;

/**
 * How often each class is confused with each other, by both models. Rows are labels, or the float model's classes if
 * there are no labels; columns are predictions. Only cells with a count take memory, however many classes there are.
 */
public final class Confusion {
    /** Which counts to show. */
    public enum Kind {
        /** Predictions of the float model. */
        BEFORE,
        /** Predictions of the quantized model. */
        AFTER,
        /** The count of the quantized model minus that of the float model. */
        DIFFERENCE
    }

    private record At(int row, int column) {}

    private static final class Counts {
        int before;
        int after;
    }

    private final Map<At, Counts> cells = new HashMap<>();
    private final int[] totals;

    private Confusion(int classes) {
        totals = new int[classes];
    }

    /** Counts the samples, or their scored positions. Those without a finite output, or with a label outside the classes, are left out. */
    public static Confusion of(SampleOutcomes outcomes) {
        Confusion confusion = new Confusion(outcomes.classes());
        for (int i = 0; i < outcomes.size(); i++) {
            if (outcomes.positions() > 1) {
                outcomes.sequence(i).ifPresent(s -> {
                    for (int p = 0; p < s.labels().size(); p++) {
                        confusion.count(
                                s.labels().get(p),
                                s.ofFloat().get(p),
                                s.quantized().get(p));
                    }
                });
            } else {
                confusion.count(row(outcomes, i), outcomes.floatClass(i), outcomes.quantizedClass(i));
            }
        }
        return confusion;
    }

    private void count(int row, int was, int is) {
        if (row >= 0 && row < classes() && was >= 0 && is >= 0) {
            totals[row]++;
            cell(row, was).before++;
            cell(row, is).after++;
        }
    }

    private Counts cell(int row, int column) {
        return cells.computeIfAbsent(new At(row, column), at -> new Counts());
    }

    /** The row that a sample belongs to: its label, or the float model's class without labels. */
    static int row(SampleOutcomes outcomes, int i) {
        return outcomes.label(i) >= 0 ? outcomes.label(i) : outcomes.floatClass(i);
    }

    public int classes() {
        return totals.length;
    }

    public int count(Kind kind, int row, int column) {
        @Nullable Counts counts = cells.get(new At(row, column));
        return counts == null
                ? 0
                : switch (kind) {
                    case BEFORE -> counts.before;
                    case AFTER -> counts.after;
                    case DIFFERENCE -> counts.after - counts.before;
                };
    }

    /** The number of samples in a row. */
    public int total(int row) {
        return totals[row];
    }

    /**
     * The classes whose counts changed most, at most {@code atMost}, in ascending order. Of equal classes the first
     * ones are taken.
     */
    public List<Integer> mostChanged(int atMost) {
        int[] change = new int[classes()];
        cells.forEach((at, counts) -> {
            int d = Math.abs(counts.after - counts.before);
            change[at.row] += d;
            change[at.column] += d;
        });
        return IntStream.range(0, classes())
                .boxed()
                .sorted((a, b) ->
                        change[b] != change[a] ? Integer.compare(change[b], change[a]) : Integer.compare(a, b))
                .limit(atMost)
                .sorted()
                .toList();
    }
}
