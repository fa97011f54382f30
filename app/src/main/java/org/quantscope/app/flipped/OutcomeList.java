package org.quantscope.app.flipped;

import java.util.AbstractList;
import java.util.Arrays;
import java.util.RandomAccess;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.eval.SampleOutcomes;
import org.quantscope.core.eval.SampleOutcomes.Outcome;

/**
 * Some samples of an evaluation with classes, those of which the float model was surest first. It takes four bytes for
 * each sample: an outcome is made when it is read.
 */
final class OutcomeList extends AbstractList<Outcome> implements RandomAccess {
    private final SampleOutcomes of;
    /** Positions in the evaluation order. */
    private final int[] at;

    private OutcomeList(SampleOutcomes of, int[] at) {
        this.of = of;
        this.at = at;
    }

    /**
     * The list of the chosen samples, sorted.
     *
     * @param wanted true for the positions in the evaluation order that belong in the list
     */
    static OutcomeList of(SampleOutcomes of, IntPredicate wanted) {
        int[] bySample = new int[of.total()];
        long[] keys = new long[of.size()];
        int n = 0;
        for (int i = 0; i < of.size(); i++) {
            if (wanted.test(i)) {
                bySample[of.sample(i)] = i;
                // As integers, the bits of floats ≥ 0 are in the same order as the floats; NaN comes after all others.
                int margin = Float.floatToIntBits(of.floatMargin(i));
                keys[n++] = ((long) (Integer.MAX_VALUE - margin) << Integer.SIZE) | of.sample(i);
            }
        }
        Arrays.sort(keys, 0, n);
        int[] at = new int[n];
        for (int k = 0; k < n; k++) {
            at[k] = bySample[(int) keys[k]];
        }
        return new OutcomeList(of, at);
    }

    /** The samples of this list that {@code wanted} accepts, in the same order. */
    OutcomeList filtered(IntPredicate wanted) {
        return new OutcomeList(of, Arrays.stream(at).filter(wanted).toArray());
    }

    @Override
    public Outcome get(int k) {
        return of.outcome(at[k]).orElseThrow();
    }

    @Override
    public int size() {
        return at.length;
    }

    @Override
    public int indexOf(@Nullable Object outcome) {
        int k = outcome instanceof Outcome o ? indexOfSample(o.sample()) : -1;
        return k >= 0 && get(k).equals(outcome) ? k : -1;
    }

    /** The position of a sample in this list, by its index in the data set; −1 if it is not in the list. */
    int indexOfSample(int sample) {
        for (int k = 0; k < at.length; k++) {
            if (of.sample(at[k]) == sample) {
                return k;
            }
        }
        return -1;
    }
}
