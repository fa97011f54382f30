package org.quantscope.core.dataset;

import java.util.Arrays;
import java.util.Optional;

/**
 * Labels that are no classes of a model, with what would make them fit.
 *
 * @param label the first label that is no class, as it is stored
 * @param sample its sample
 * @param classes the number of classes
 * @param smallest the smallest label, as stored
 * @param largest the largest one
 * @param remedy a numbering under which all labels are classes; empty if none is known
 */
public record LabelMisfit(
        int label, int sample, int classes, int smallest, int largest, Optional<LabelNumbers> remedy) {

    /**
     * Looks at all labels of a data set.
     *
     * @param classes the number of classes, at least 1
     * @return empty if every scored label is from 0 to {@code classes − 1}
     */
    public static Optional<LabelMisfit> of(Dataset data, int classes) {
        LabelNumbers numbers =
                data.preprocessing().map(Preprocessing::labelNumbers).orElse(LabelNumbers.PLAIN);
        int count = Math.toIntExact(data.labelShape().orElseThrow().count());
        int[] one = new int[count];
        Scan scan = new Scan(classes);
        for (int i = 0; i < data.size(); i++) {
            data.labels(i, one);
            scan.add(one, i);
        }
        return scan.misfit(numbers);
    }

    /** The misfit of labels that are stored, one or more for each sample, under a numbering. */
    static Optional<LabelMisfit> of(Labels labels, int samples, int classes, LabelNumbers numbers) {
        Scan scan = new Scan(classes);
        int[] one = new int[labels.each()];
        for (int i = 0; i < samples; i++) {
            for (int k = 0; k < one.length; k++) {
                one[k] = numbers.classOf(labels.of(i, k));
            }
            scan.add(one, i);
        }
        return scan.misfit(numbers);
    }

    private static final class Scan {
        private final int classes;
        private int min = Integer.MAX_VALUE;
        private int max = Integer.MIN_VALUE;
        private int sample = -1;
        private int outside;
        private boolean several;

        Scan(int classes) {
            this.classes = classes;
        }

        void add(int[] labels, int of) {
            for (int label : labels) {
                if (label == Dataset.UNSCORED) {
                    continue;
                }
                min = Math.min(min, label);
                max = Math.max(max, label);
                if (label < 0 || label >= classes) {
                    several |= sample >= 0 && label != outside;
                    if (sample < 0) {
                        sample = of;
                        outside = label;
                    }
                }
            }
        }

        Optional<LabelMisfit> misfit(LabelNumbers numbers) {
            if (sample < 0) {
                return Optional.empty();
            }
            int first = numbers.first();
            boolean signs = min == -1 && max == 1;
            Optional<LabelNumbers> remedy = min > 0 && (long) max - min < classes
                    ? Optional.of(new LabelNumbers(min + first, numbers.ignored()))
                    : several || signs || numbers.ignored().isPresent() || min == max
                            ? Optional.empty()
                            : Optional.of(new LabelNumbers(first, Optional.of(outside + first)));
            return Optional.of(new LabelMisfit(outside + first, sample, classes, min + first, max + first, remedy));
        }
    }

    /** What is wrong, for a person: a clause without a full stop. */
    public String problem() {
        return "label " + label + " of sample " + sample + " is no class from 0 to " + (classes - 1)
                + "; labels go from " + smallest + " to " + largest;
    }

    /** What would help, for a person who writes the sidecar; empty if nothing is known. */
    public Optional<String> advice() {
        return remedy.map(r -> r.first() == 0
                        || (r.ignored().isPresent() && r.ignored().get() == label)
                ? "if " + label + " means that a sample is not scored, say \"ignore_label\": " + label
                        + " in the sidecar"
                : "they look numbered from " + r.first() + ": say \"first_label\": " + r.first() + " in the sidecar");
    }

    /** The problem and what would help, in one clause. */
    public String text() {
        return problem() + advice().map(a -> "; " + a).orElse("");
    }

    static boolean isOneHot(int[] row) {
        return row.length > 1
                && Arrays.stream(row).allMatch(v -> v == 0 || v == 1)
                && Arrays.stream(row).sum() == 1;
    }
}
