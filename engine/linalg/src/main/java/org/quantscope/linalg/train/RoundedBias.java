package org.quantscope.linalg.train;

import org.jspecify.annotations.Nullable;

/**
 * A bias in the unit of an integer kernel, the scale of the layer's input times that of its weight, as
 * {@link org.quantscope.core.eval.IntegerBias} rounds it; gradients go straight through. A bias with a value that needs
 * more than 32 bits stays as it is.
 */
record RoundedBias(int in, int out, ActivationRange input, WeightRange weight) implements Operation {
    @Override
    public void forward(Tape tape) {
        float[] b = tape.value(in);
        float[] y = tape.value(out);
        float[] scales = weight.scales();
        for (int i = 0; i < b.length; i++) {
            float scale = (float) ((double) input.scale() * scales[scales.length > 1 ? i : 0]);
            double q = Math.rint((double) b[i] / scale);
            if (!(Math.abs(q) <= Integer.MAX_VALUE)) {
                System.arraycopy(b, 0, y, 0, b.length);
                return;
            }
            y[i] = ((int) q) * scale;
        }
    }

    @Override
    public void backward(Tape tape) {
        float @Nullable [] given = tape.gradient(out);
        float @Nullable [] back = tape.gradient(in);
        if (given != null && back != null) {
            for (int i = 0; i < back.length; i++) {
                back[i] += given[i];
            }
        }
    }
}
