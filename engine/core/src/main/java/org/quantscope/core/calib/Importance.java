package org.quantscope.core.calib;

import org.quantscope.core.tensor.InputChannels;
import org.quantscope.core.tensor.TensorData;

/**
 * How much the error of each value of a tensor matters: the weight h in Σh·(w−Q(w))². h is finite and at least 0, in
 * any unit. Thread safe.
 */
@FunctionalInterface
public interface Importance {
    /** Writes h of the values {@code from .. from+length-1}, in storage order, to {@code out[0 .. length-1]}. */
    void fill(long from, float[] out, int length);

    /** One h for all weights of an input channel, for example the mean of the squares that they are multiplied with. */
    static Importance ofInputChannels(float[] h, InputChannels layout) {
        if (h.length != layout.channels()) {
            throw new IllegalArgumentException("importance: one value for each of " + layout.channels()
                    + " input channels is needed, got " + h.length);
        }
        return (from, out, length) -> {
            int i = 0;
            while (i < length) {
                long e = from + i;
                int end = (int) Math.min(length, i + layout.inner() - e % layout.inner());
                java.util.Arrays.fill(out, i, end, h[layout.channel(e)]);
                i = end;
            }
        };
    }

    /** One h for each value. */
    static Importance ofValues(TensorData h) {
        return (from, out, length) -> h.read(from, out, 0, length);
    }
}
