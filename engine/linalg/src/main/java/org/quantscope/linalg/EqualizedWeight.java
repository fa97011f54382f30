package org.quantscope.linalg;

import java.util.Arrays;
import org.quantscope.core.model.WeightedLayer;
import org.quantscope.core.tensor.Shape;

/**
 * A layer's weight while it is equalized. Sweeps need only the largest magnitude between an output and an input
 * channel, and change it by factors of whole channels; so the weights themselves, of which a kernel may have many for
 * each pair of channels, are left alone until the factors are known. All in double.
 */
final class EqualizedWeight {
    private final WeightedLayer layer;
    private final WeightedLayer.View view;
    /** Input channels, or runs of inputs, in one group. */
    private final int inputs;
    /** Output channels in one group. */
    private final int outputs;
    /** The largest magnitude, as far as it is equalized: [groups, outputs, inputs]. */
    private final double[] magnitudes;
    /** [groups·outputs] */
    private final double[] dividedBy;
    /** [groups·inputs] */
    private final double[] multipliedBy;

    /** @param run how many successive inputs share a factor: 1, or the number of positions of a flattened channel */
    EqualizedWeight(WeightedLayer layer, int run) {
        this.layer = layer;
        view = layer.view(run);
        Shape dims = view.dims();
        int groups = Math.toIntExact(dims.dim(0));
        outputs = Math.toIntExact(dims.dim(view.out()));
        inputs = Math.toIntExact(dims.dim(view.in()));
        magnitudes = new double[groups * outputs * inputs];
        dividedBy = ones(groups * outputs);
        multipliedBy = ones(groups * inputs);
        float[] stored = layer.weight().data().toFloats();
        forEachRun((from, to, out, in) -> {
            int at = out * inputs + in % inputs;
            for (int i = from; i < to; i++) {
                magnitudes[at] = Math.max(magnitudes[at], Math.abs(stored[i]));
            }
        });
    }

    /** The bytes that one of these takes on Java's heap, with the equalized weights. */
    static long bytes(WeightedLayer layer, int run) {
        WeightedLayer.View view = layer.view(run);
        Shape dims = view.dims();
        return Double.BYTES * dims.dim(0) * dims.dim(view.out()) * dims.dim(view.in())
                + Float.BYTES * layer.weight().data().count();
    }

    private static double[] ones(int n) {
        double[] ones = new double[n];
        Arrays.fill(ones, 1);
        return ones;
    }

    /** Values {@code from .. to-1} in storage order, between two channels that are counted through all groups. */
    @FunctionalInterface
    private interface Run {
        void take(int from, int to, int out, int in);
    }

    private void forEachRun(Run run) {
        Shape dims = view.dims();
        int[] size = new int[4];
        for (int d = 0; d < size.length; d++) {
            size[d] = Math.toIntExact(dims.dim(d));
        }
        // Along the last dimension neighbours belong to the same two channels, unless it is one of them.
        boolean whole = view.out() != 3 && view.in() != 3;
        int length = whole ? size[3] : 1;
        int at = 0;
        int[] index = new int[4];
        for (index[0] = 0; index[0] < size[0]; index[0]++) {
            for (index[1] = 0; index[1] < size[1]; index[1]++) {
                for (index[2] = 0; index[2] < size[2]; index[2]++) {
                    for (index[3] = 0; index[3] < size[3]; index[3] += length) {
                        run.take(
                                at,
                                at + length,
                                index[0] * outputs + index[view.out()],
                                index[0] * inputs + index[view.in()]);
                        at += length;
                    }
                }
            }
        }
    }

    /** The largest magnitude of each output channel: [groups·outputs]. */
    double[] outputRanges() {
        double[] most = new double[dividedBy.length];
        for (int out = 0, at = 0; out < most.length; out++) {
            for (int end = at + inputs; at < end; at++) {
                most[out] = Math.max(most[out], magnitudes[at]);
            }
        }
        return most;
    }

    /** The largest magnitude of each input channel: [groups·inputs]. */
    double[] inputRanges() {
        double[] most = new double[multipliedBy.length];
        for (int out = 0, at = 0; out < dividedBy.length; out++) {
            int group = out / outputs * inputs;
            for (int in = 0; in < inputs; in++, at++) {
                most[group + in] = Math.max(most[group + in], magnitudes[at]);
            }
        }
        return most;
    }

    /** @param s positive factors, one for each output channel */
    void divideOutputs(double[] s) {
        for (int out = 0, at = 0; out < dividedBy.length; out++) {
            dividedBy[out] *= s[out];
            for (int end = at + inputs; at < end; at++) {
                magnitudes[at] /= s[out];
            }
        }
    }

    /** @param s positive factors, one for each input channel */
    void multiplyInputs(double[] s) {
        for (int in = 0; in < multipliedBy.length; in++) {
            multipliedBy[in] *= s[in];
        }
        for (int out = 0, at = 0; out < dividedBy.length; out++) {
            int group = out / outputs * inputs;
            for (int in = 0; in < inputs; in++, at++) {
                magnitudes[at] *= s[group + in];
            }
        }
    }

    /** The product of what the output channels were divided by: [groups·outputs]. */
    double[] dividedBy() {
        return dividedBy.clone();
    }

    /** The equalized weights in storage order. */
    float[] values() {
        float[] values = layer.weight().data().toFloats();
        forEachRun((from, to, out, in) -> {
            for (int i = from; i < to; i++) {
                values[i] = (float) (values[i] / dividedBy[out] * multipliedBy[in]);
            }
        });
        return values;
    }
}
