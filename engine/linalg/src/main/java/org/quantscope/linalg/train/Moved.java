package org.quantscope.linalg.train;

import org.jspecify.annotations.Nullable;

/** Transpose, Slice, Split, Gather, Expand, Pad: each element of the output is one of the input, or a constant. */
final class Moved implements Operation {
    private final int in;
    private final int out;
    /** For each element of the output the index in the input; −1 for the constant. */
    private final int[] from;

    private final float filling;

    Moved(int in, int out, int[] from, float filling) {
        this.in = in;
        this.out = out;
        this.from = from;
        this.filling = filling;
    }

    @Override
    public void forward(Tape tape) {
        float[] x = tape.value(in);
        float[] y = tape.value(out);
        for (int i = 0; i < y.length; i++) {
            y[i] = from[i] < 0 ? filling : x[from[i]];
        }
    }

    @Override
    public void backward(Tape tape) {
        float @Nullable [] given = tape.gradient(out);
        float @Nullable [] back = tape.gradient(in);
        if (given != null && back != null) {
            for (int i = 0; i < given.length; i++) {
                if (from[i] >= 0) {
                    back[from[i]] += given[i];
                }
            }
        }
    }
}
