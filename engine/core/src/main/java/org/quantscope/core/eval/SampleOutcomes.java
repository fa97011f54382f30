package org.quantscope.core.eval;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * The outcome of each sample of an evaluation, in the order of evaluation. An immutable view: if the evaluation
 * continues, it writes only after the end of this view.
 */
public final class SampleOutcomes {

    /** With more positions in all, only whether a sample changed is kept. */
    private static final int MOST_POSITIONS = 2 << 20;

    private final Records records;
    private final int size;

    SampleOutcomes(Records records, int size) {
        this.records = records;
        this.size = size;
    }

    /** How a sample's class changed. */
    public enum Change {
        /** Both models give the same class. */
        NONE,
        /** Right in float, wrong when quantized. */
        LOST,
        /** Wrong in float, right when quantized. */
        GAINED,
        /** Another class, with no change between right and wrong; or the sample has no label. */
        OTHER
    }

    /**
     * One sample.
     *
     * @param sample its index in the data set
     * @param label its class; empty if there is none
     * @param floatClass the float model's class; −1 if its outputs are not finite
     * @param quantizedClass the quantized model's
     * @param floatOfFloat the float model's probability of {@code floatClass}
     * @param floatOfQuantized the float model's probability of {@code quantizedClass}; empty if its outputs were too
     *     large to keep
     * @param quantizedOfFloat the quantized model's probability of {@code floatClass}
     * @param quantizedOfQuantized the quantized model's probability of {@code quantizedClass}
     * @param floatMargin the float model's largest probability less its second largest
     * @param quantizedMargin the quantized model's
     * @param change how its classes changed
     * @param sequence the classes at each position, if there are several and they were kept: then {@code label},
     *     {@code floatClass} and {@code quantizedClass} are empty and −1, a probability is the product over the scored
     *     positions, and a margin the least of them
     */
    public record Outcome(
            int sample,
            OptionalInt label,
            int floatClass,
            int quantizedClass,
            double floatOfFloat,
            OptionalDouble floatOfQuantized,
            double quantizedOfFloat,
            double quantizedOfQuantized,
            double floatMargin,
            double quantizedMargin,
            Change change,
            Optional<Sequence> sequence) {}

    /**
     * The classes at the positions of a sample.
     *
     * @param labels {@link org.quantscope.core.dataset.Dataset#UNSCORED} where nothing is scored
     * @param ofFloat the float model's
     * @param quantized the quantized model's
     */
    public record Sequence(List<Integer> labels, List<Integer> ofFloat, List<Integer> quantized) {
        public Sequence {
            labels = List.copyOf(labels);
            ofFloat = List.copyOf(ofFloat);
            quantized = List.copyOf(quantized);
        }
    }

    private static Change change(OptionalInt label, int floatClass, int quantizedClass) {
        if (floatClass == quantizedClass) {
            return Change.NONE;
        }
        if (label.isPresent() && label.getAsInt() == floatClass) {
            return Change.LOST;
        }
        return label.isPresent() && label.getAsInt() == quantizedClass ? Change.GAINED : Change.OTHER;
    }

    /** Samples evaluated so far. */
    public int size() {
        return size;
    }

    /** Samples in the evaluation set. */
    public int total() {
        return records.sample.length;
    }

    /** The number of classes; 0 if the outputs are not classes, and then no sample changes. */
    public int classes() {
        return records.classes;
    }

    /** The index in the data set of the {@code i}-th evaluated sample. */
    public int sample(int i) {
        return records.sample[Objects.checkIndex(i, size)];
    }

    /** How the {@code i}-th evaluated sample changed. */
    public Change change(int i) {
        Objects.checkIndex(i, size);
        return classes() == 0
                ? Change.NONE
                : positions() > 1
                        ? records.change[i]
                        : change(labelled(i), records.floatClass[i], records.quantizedClass[i]);
    }

    /** The number of samples whose class changed that way. */
    public int count(Change change) {
        int n = 0;
        for (int i = 0; i < size; i++) {
            n += change(i) == change ? 1 : 0;
        }
        return n;
    }

    /** Everything about the {@code i}-th evaluated sample; empty if the outputs are not classes. */
    public Optional<Outcome> outcome(int i) {
        Objects.checkIndex(i, size);
        if (classes() == 0) {
            return Optional.empty();
        }
        Records r = records;
        float known = r.floatOfQuantized[i];
        return Optional.of(new Outcome(
                r.sample[i],
                labelled(i),
                r.floatClass[i],
                r.quantizedClass[i],
                r.floatOfFloat[i],
                Float.isNaN(known) ? OptionalDouble.empty() : OptionalDouble.of(known),
                r.quantizedOfFloat[i],
                r.quantizedOfQuantized[i],
                r.floatMargin[i],
                r.quantizedMargin[i],
                change(i),
                sequence(i)));
    }

    /** The number of positions of a sample that have a class of their own; 1 for one class for the whole sample. */
    public int positions() {
        return records.positions;
    }

    /** The classes at each position of the {@code i}-th evaluated sample; empty if there is only one, or none was kept. */
    public Optional<Sequence> sequence(int i) {
        Objects.checkIndex(i, size);
        int from = i * records.positions;
        return records.labels.length == 0
                ? Optional.empty()
                : Optional.of(new Sequence(
                        list(records.labels, from), list(records.ofFloat, from), list(records.ofQuantized, from)));
    }

    private List<Integer> list(int[] values, int from) {
        return Arrays.stream(values, from, from + records.positions).boxed().toList();
    }

    private OptionalInt labelled(int i) {
        return records.label[i] < 0 ? OptionalInt.empty() : OptionalInt.of(records.label[i]);
    }

    /** The class of the {@code i}-th evaluated sample under the float model; −1 if it has none. */
    public int floatClass(int i) {
        return classes() == 0 ? -1 : records.floatClass[Objects.checkIndex(i, size)];
    }

    /** The class of the {@code i}-th evaluated sample under the quantized model; −1 if it has none. */
    public int quantizedClass(int i) {
        return classes() == 0 ? -1 : records.quantizedClass[Objects.checkIndex(i, size)];
    }

    /** The label of the {@code i}-th evaluated sample; −1 if it has none. */
    public int label(int i) {
        return records.label[Objects.checkIndex(i, size)];
    }

    /**
     * The float model's largest probability less its second largest for the {@code i}-th evaluated sample; NaN if its
     * outputs are not finite or not classes.
     */
    public float floatMargin(int i) {
        return classes() == 0 ? Float.NaN : records.floatMargin[Objects.checkIndex(i, size)];
    }

    /**
     * The records behind the views: columns with one entry for each sample in evaluation order. A sample takes 40 bytes
     * with classes, 8 without.
     */
    static final class Records {
        final int classes;
        final int[] sample;
        final int[] label;
        final int[] floatClass;
        final int[] quantizedClass;
        final float[] floatOfFloat;
        final float[] floatOfQuantized;
        final float[] quantizedOfFloat;
        final float[] quantizedOfQuantized;
        final float[] floatMargin;
        final float[] quantizedMargin;
        final int positions;
        /** Each sample's change, if there are several positions. */
        final Change[] change;

        final int[] labels;
        final int[] ofFloat;
        final int[] ofQuantized;

        /** @param positions the number of positions of a sample with a class of their own */
        Records(int total, int classes, int positions) {
            int n = classes == 0 ? 0 : total;
            this.positions = classes == 0 ? 1 : positions;
            change = new Change[this.positions > 1 ? n : 0];
            boolean kept = this.positions > 1 && (long) n * positions <= MOST_POSITIONS;
            labels = new int[kept ? n * positions : 0];
            ofFloat = new int[labels.length];
            ofQuantized = new int[labels.length];
            this.classes = classes;
            sample = new int[total];
            label = new int[total];
            floatClass = new int[n];
            quantizedClass = new int[n];
            floatOfFloat = new float[n];
            floatOfQuantized = new float[n];
            quantizedOfFloat = new float[n];
            quantizedOfQuantized = new float[n];
            floatMargin = new float[n];
            quantizedMargin = new float[n];
        }

        void putSequence(int at, int[] label, int[] floats, int fromFloat, int[] quantized) {
            if (labels.length > 0) {
                System.arraycopy(label, 0, labels, at * positions, positions);
                System.arraycopy(floats, fromFloat, ofFloat, at * positions, positions);
                System.arraycopy(quantized, 0, ofQuantized, at * positions, positions);
            }
        }

        /** The change from right or wrong to right or wrong. */
        static Change change(boolean same, boolean was, boolean is) {
            return same ? Change.NONE : was ? Change.LOST : is ? Change.GAINED : Change.OTHER;
        }
    }
}
