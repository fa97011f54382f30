package org.quantscope.linalg.train;

import java.util.Arrays;

/** Shapes as arrays of sizes, for operators whose shapes are known. */
final class Dims {
    private Dims() {}

    static int count(int[] dims) {
        return product(dims, 0, dims.length);
    }

    /** The product of the sizes from one dimension to before another. */
    static int product(int[] dims, int from, int to) {
        int count = 1;
        for (int i = from; i < to; i++) {
            count = Math.multiplyExact(count, dims[i]);
        }
        return count;
    }

    static int axis(long axis, int[] dims) {
        return Math.toIntExact(axis < 0 ? axis + dims.length : axis);
    }

    /** For each element of {@code out} the element of {@code in} that is broadcast there; null if they are the same. */
    static int @org.jspecify.annotations.Nullable [] broadcast(int[] in, int[] out) {
        if (Arrays.equals(in, out) || count(in) == count(out)) {
            return null;
        }
        int[] steps = new int[out.length];
        int step = 1;
        for (int i = in.length - 1; i >= 0; i--) {
            steps[out.length - in.length + i] = in[i] == 1 ? 0 : step;
            step *= in[i];
        }
        return strided(out, steps, 0);
    }

    /** For each element of {@code out}, in order, {@code start + Σ index·steps}. */
    static int[] strided(int[] out, int[] steps, int start) {
        int[] map = new int[count(out)];
        int[] at = new int[out.length];
        int value = start;
        for (int i = 0; i < map.length; i++) {
            map[i] = value;
            for (int d = out.length - 1; d >= 0; d--) {
                value += steps[d];
                if (++at[d] < out[d]) {
                    break;
                }
                value -= steps[d] * out[d];
                at[d] = 0;
            }
        }
        return map;
    }

    static int[] steps(int[] dims) {
        int[] steps = new int[dims.length];
        int step = 1;
        for (int i = dims.length - 1; i >= 0; i--) {
            steps[i] = step;
            step *= dims[i];
        }
        return steps;
    }
}
