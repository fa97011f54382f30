package org.quantscope.linalg.train;

import org.jspecify.annotations.Nullable;

/** exp(x) / Σ exp(x) over one axis. */
final class Softmax implements Operation {
    private final int in;
    private final int out;
    private final int n;
    private final int inner;

    /**
     * @param n values that add up to 1
     * @param inner elements between one of them and the next
     */
    Softmax(int in, int out, int n, int inner) {
        this.in = in;
        this.out = out;
        this.n = n;
        this.inner = inner;
    }

    @Override
    public void forward(Tape tape) {
        float[] x = tape.value(in);
        float[] y = tape.value(out);
        for (int block = 0; block < x.length; block += n * inner) {
            for (int i = block; i < block + inner; i++) {
                float most = Float.NEGATIVE_INFINITY;
                for (int k = 0; k < n; k++) {
                    most = Math.max(most, x[i + k * inner]);
                }
                double sum = 0;
                for (int k = 0; k < n; k++) {
                    y[i + k * inner] = (float) Math.exp(x[i + k * inner] - most);
                    sum += y[i + k * inner];
                }
                for (int k = 0; k < n; k++) {
                    y[i + k * inner] = (float) (y[i + k * inner] / sum);
                }
            }
        }
    }

    @Override
    public void backward(Tape tape) {
        float @Nullable [] given = tape.gradient(out);
        float @Nullable [] back = tape.gradient(in);
        if (given == null || back == null) {
            return;
        }
        float[] y = tape.value(out);
        for (int block = 0; block < y.length; block += n * inner) {
            for (int i = block; i < block + inner; i++) {
                float dot = 0;
                for (int k = 0; k < n; k++) {
                    dot += given[i + k * inner] * y[i + k * inner];
                }
                for (int k = 0; k < n; k++) {
                    back[i + k * inner] += y[i + k * inner] * (given[i + k * inner] - dot);
                }
            }
        }
    }
}
