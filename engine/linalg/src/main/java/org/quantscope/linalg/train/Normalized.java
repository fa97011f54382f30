package org.quantscope.linalg.train;

import org.jspecify.annotations.Nullable;

/** LayerNormalization without gain and bias: (x − mean) / √(variance + epsilon) of each run of values. */
final class Normalized implements Operation {
    private final int in;
    private final int out;
    private final int run;
    private final float epsilon;

    Normalized(int in, int out, int run, float epsilon) {
        this.in = in;
        this.out = out;
        this.run = run;
        this.epsilon = epsilon;
    }

    @Override
    public void forward(Tape tape) {
        float[] x = tape.value(in);
        float[] y = tape.value(out);
        for (int from = 0; from < x.length; from += run) {
            double mean = 0;
            for (int i = from; i < from + run; i++) {
                mean += x[i];
            }
            mean /= run;
            double square = 0;
            for (int i = from; i < from + run; i++) {
                square += (x[i] - mean) * (x[i] - mean);
            }
            double factor = 1 / Math.sqrt(square / run + epsilon);
            for (int i = from; i < from + run; i++) {
                y[i] = (float) ((x[i] - mean) * factor);
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
        float[] x = tape.value(in);
        float[] y = tape.value(out);
        for (int from = 0; from < x.length; from += run) {
            double mean = 0;
            for (int i = from; i < from + run; i++) {
                mean += x[i];
            }
            mean /= run;
            double square = 0;
            double sum = 0;
            double dot = 0;
            for (int i = from; i < from + run; i++) {
                square += (x[i] - mean) * (x[i] - mean);
                sum += given[i];
                dot += given[i] * y[i];
            }
            double factor = 1 / Math.sqrt(square / run + epsilon);
            for (int i = from; i < from + run; i++) {
                back[i] += (float) (factor * (given[i] - sum / run - y[i] * dot / run));
            }
        }
    }
}
