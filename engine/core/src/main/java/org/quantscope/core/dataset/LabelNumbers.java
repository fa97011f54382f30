package org.quantscope.core.dataset;

import java.util.Optional;

/**
 * How classes are numbered in the data.
 *
 * @param first the number of the first class, at least 0; 1 for data that counts from 1
 * @param ignored the number that stands for "not scored", such as −100 or 255; empty if every label is scored
 */
public record LabelNumbers(int first, Optional<Integer> ignored) {
    /** Classes are numbered from 0, and every label is scored. */
    public static final LabelNumbers PLAIN = new LabelNumbers(0, Optional.empty());

    public LabelNumbers {
        if (first < 0) {
            throw new IllegalArgumentException("first_label: at least 0, got " + first);
        }
    }

    /** The class of a stored label, from 0; {@link Dataset#UNSCORED} if it is not scored. */
    int classOf(int stored) {
        return ignored.isPresent() && ignored.get() == stored ? Dataset.UNSCORED : stored - first;
    }
}
