package org.quantscope.linalg.train;

import org.jspecify.annotations.Nullable;

/** Concat: values one behind the other along an axis. */
final class Joined implements Operation {
    private final int[] in;
    private final int out;
    private final int outer;
    /** Elements of each input for one index of the dimensions before the axis. */
    private final int[] runs;

    Joined(int[] in, int[][] dims, int axis, int out) {
        this.in = in;
        this.out = out;
        this.outer = Dims.product(dims[0], 0, axis);
        this.runs = new int[in.length];
        for (int k = 0; k < in.length; k++) {
            runs[k] = Dims.product(dims[k], axis, dims[k].length);
        }
    }

    @Override
    public void forward(Tape tape) {
        float[] y = tape.value(out);
        int at = 0;
        for (int o = 0; o < outer; o++) {
            for (int k = 0; k < in.length; k++) {
                System.arraycopy(tape.value(in[k]), o * runs[k], y, at, runs[k]);
                at += runs[k];
            }
        }
    }

    @Override
    public void backward(Tape tape) {
        float @Nullable [] given = tape.gradient(out);
        if (given == null) {
            return;
        }
        int at = 0;
        for (int o = 0; o < outer; o++) {
            for (int k = 0; k < in.length; k++) {
                float @Nullable [] back = tape.gradient(in[k]);
                for (int i = 0; back != null && i < runs[k]; i++) {
                    back[o * runs[k] + i] += given[at + i];
                }
                at += runs[k];
            }
        }
    }
}
