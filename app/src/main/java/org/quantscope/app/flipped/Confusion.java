package org.quantscope.app.flipped;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.quantscope.core.eval.SampleOutcomes;

/**
 * How often each class is taken for which, by both models. Rows are labels, or the float model's classes where there are
 * none; columns are predictions.
 */
public final class Confusion {
    /** Which counts. */
    public enum Kind {
        /** The float model's. */
        BEFORE,
        /** The quantized model's. */
        AFTER,
        /** The quantized model's less the float model's. */
        DIFFERENCE
    }

    private final int[][] before;
    private final int[][] after;

    private Confusion(int classes) {
        before = new int[classes][classes];
        after = new int[classes][classes];
    }

    /** Counts. Samples without a finite output, or with a label that is no class, are left out. */
    public static Confusion of(SampleOutcomes outcomes) {
        int classes = outcomes.classes();
        Confusion confusion = new Confusion(classes);
        for (int i = 0; i < outcomes.size(); i++) {
            int was = outcomes.floatClass(i);
            int is = outcomes.quantizedClass(i);
            int row = row(outcomes, i);
            if (row >= 0 && row < classes && was >= 0 && is >= 0) {
                confusion.before[row][was]++;
                confusion.after[row][is]++;
            }
        }
        return confusion;
    }

    /** The row that a sample counts in. */
    static int row(SampleOutcomes outcomes, int i) {
        return outcomes.label(i) >= 0 ? outcomes.label(i) : outcomes.floatClass(i);
    }

    public int classes() {
        return before.length;
    }

    public int count(Kind kind, int row, int column) {
        return switch (kind) {
            case BEFORE -> before[row][column];
            case AFTER -> after[row][column];
            case DIFFERENCE -> after[row][column] - before[row][column];
        };
    }

    /** Samples of a row. */
    public int total(int row) {
        return Arrays.stream(before[row]).sum();
    }

    /** At most that many classes, in their order: those whose counts changed most, and of equals the first. */
    public List<Integer> mostChanged(int atMost) {
        int[] change = new int[classes()];
        for (int r = 0; r < classes(); r++) {
            for (int c = 0; c < classes(); c++) {
                int d = Math.abs(count(Kind.DIFFERENCE, r, c));
                change[r] += d;
                change[c] += d;
            }
        }
        return IntStream.range(0, classes())
                .boxed()
                .sorted((a, b) -> change[b] != change[a] ? Integer.compare(change[b], change[a]) : Integer.compare(a, b))
                .limit(atMost)
                .sorted()
                .toList();
    }
}
