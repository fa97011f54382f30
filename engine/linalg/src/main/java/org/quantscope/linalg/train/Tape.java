package org.quantscope.linalg.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The values of a network for one batch, and the gradients of a loss by them. A value has a gradient only if something
 * that is trained has a share in it. For one thread.
 */
final class Tape {
    private final List<float[]> values = new ArrayList<>();
    private final List<float @Nullable []> gradients = new ArrayList<>();

    /**
     * Adds a value.
     *
     * @param count its elements
     * @param trained true if it gets a gradient
     * @return its index
     */
    int add(int count, boolean trained) {
        return add(new float[count], trained);
    }

    /** Adds a value that is known already; the array is not copied. */
    int add(float[] known, boolean trained) {
        values.add(known);
        gradients.add(trained ? new float[known.length] : null);
        return values.size() - 1;
    }

    float[] value(int index) {
        return values.get(index);
    }

    /** The gradient to be added to; null if nothing trained has a share in the value. */
    float @Nullable [] gradient(int index) {
        return gradients.get(index);
    }

    /** The number of values. */
    int size() {
        return values.size();
    }

    boolean isTrained(int index) {
        return gradients.get(index) != null;
    }

    void clearGradients() {
        for (float[] gradient : gradients) {
            if (gradient != null) {
                Arrays.fill(gradient, 0);
            }
        }
    }
}
