package org.quantscope.core.integer;

import java.util.Arrays;

/**
 * Two shapes repeated to one, as NumPy, ONNX and TensorFlow Lite repeat: aligned at their last axes, where one is as long as
 * the other or has length 1.
 *
 * @param shape the common one
 * @param strides of the first in elements; 0 where it is repeated
 * @param others of the second
 */
@SuppressWarnings("ArrayRecordComponent") // made for one step, never compared
record Broadcast(int[] shape, int[] strides, int[] others) {
    /** @throws IllegalArgumentException if they do not go together */
    static Broadcast of(int[] a, int[] b) {
        int rank = Math.max(a.length, b.length);
        int[] shape = new int[rank];
        for (int i = 0; i < rank; i++) {
            int x = i < rank - a.length ? 1 : a[i - rank + a.length];
            int y = i < rank - b.length ? 1 : b[i - rank + b.length];
            if (x != y && x != 1 && y != 1) {
                throw new IllegalArgumentException(
                        "shapes " + Arrays.toString(a) + " and " + Arrays.toString(b) + " do not go together");
            }
            shape[i] = x == 1 ? y : x;
        }
        return new Broadcast(shape, strides(a, rank), strides(b, rank));
    }

    private static int[] strides(int[] of, int rank) {
        int[] strides = new int[rank];
        int step = 1;
        for (int i = of.length - 1; i >= 0; i--) {
            strides[rank - of.length + i] = of[i] == 1 ? 0 : step;
            step *= of[i];
        }
        return strides;
    }

    int count() {
        return IntegerTensor.count(shape);
    }

    /** Where an element of the common shape lies in the first. */
    int first(int index) {
        return place(index, strides);
    }

    /** Where it lies in the second. */
    int second(int index) {
        return place(index, others);
    }

    private int place(int index, int[] by) {
        int place = 0;
        int rest = index;
        for (int i = shape.length - 1; i >= 0; i--) {
            place += rest % shape[i] * by[i];
            rest /= shape[i];
        }
        return place;
    }
}
