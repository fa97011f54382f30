package org.quantscope.linalg.train;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** ReduceMean and ReduceSum, and the average over all positions. */
final class Reduced implements Operation {
    private final int in;
    private final int out;
    /** For each element of the input the one of the output that it goes into. */
    private final int[] to;

    private final float factor;

    /**
     * @param axes that are averaged
     * @param mean false for the sum
     */
    Reduced(int in, int[] dims, boolean[] axes, boolean mean, int out) {
        this.in = in;
        this.out = out;
        int[] kept = dims.clone();
        for (int d = 0; d < dims.length; d++) {
            kept[d] = axes[d] ? 1 : dims[d];
        }
        int[] steps = Dims.steps(kept);
        for (int d = 0; d < dims.length; d++) {
            steps[d] = axes[d] ? 0 : steps[d];
        }
        this.to = Dims.strided(dims, steps, 0);
        this.factor = mean ? (float) Dims.count(kept) / Dims.count(dims) : 1;
    }

    @Override
    public void forward(Tape tape) {
        float[] x = tape.value(in);
        float[] y = tape.value(out);
        Arrays.fill(y, 0);
        for (int i = 0; i < x.length; i++) {
            y[to[i]] += x[i];
        }
        for (int i = 0; i < y.length; i++) {
            y[i] *= factor;
        }
    }

    @Override
    public void backward(Tape tape) {
        float @Nullable [] given = tape.gradient(out);
        float @Nullable [] back = tape.gradient(in);
        if (given != null && back != null) {
            for (int i = 0; i < back.length; i++) {
                back[i] += given[to[i]] * factor;
            }
        }
    }
}
