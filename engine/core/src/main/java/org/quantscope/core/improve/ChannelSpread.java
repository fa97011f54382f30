package org.quantscope.core.improve;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.model.WeightedLayer;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/**
 * How unevenly the channels of a weight use its grid.
 *
 * <p>A channel c, of the outputs or of the inputs of the layer, uses the share {@code u(c) = max |w| / R} of its grid:
 * the maximum over its weights, each divided by the largest magnitude R of the slice that it shares a scale with. That is
 * the precision of a channel of Nagel et al. 2019, arXiv 1906.04721, section 4.1, for any granularity. The spread is the
 * mean of {@code −log2 u(c)} over the channels that are not all zero, for the outputs or for the inputs, whichever is
 * larger: 0 if every channel uses the whole grid, 1 if they miss half of it on average.
 *
 * @param weight of the layer
 * @param bits the spread, in bits, at least 0
 */
public record ChannelSpread(TensorId weight, double bits) {
    /** Elements between two looks at the token. */
    private static final int STRIDE = 1 << 16;

    /** The spread of every quantized weight of a layer, in graph order. */
    static List<ChannelSpread> of(Model model, SessionState state, CancelToken cancel) {
        List<ChannelSpread> found = new ArrayList<>();
        for (WeightedLayer layer : WeightedLayer.of(model)) {
            state.spec(layer.weight().info())
                    .ifPresent(
                            spec -> found.add(new ChannelSpread(layer.id(), bits(layer, spec.granularity(), cancel))));
        }
        return found;
    }

    static double bits(WeightedLayer layer, Granularity granularity, CancelToken cancel) {
        float[] values = layer.weight().data().toFloats();
        Slicing slicing = Slicing.of(layer.weight().info(), granularity);
        float[] largest = new float[slicing.slices()];
        for (int e = 0; e < values.length; e++) {
            if (e % STRIDE == 0) {
                cancel.check();
            }
            int slice = slicing.sliceOf(e);
            largest[slice] = Math.max(largest[slice], magnitude(values[e]));
        }
        WeightedLayer.View view = layer.view(1);
        int[] dims = new int[4];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = Math.toIntExact(view.dims().dim(i));
        }
        double[] outputs = new double[dims[0] * dims[view.out()]];
        double[] inputs = new double[dims[0] * dims[view.in()]];
        int[] at = new int[4];
        for (int e = 0; e < values.length; e++) {
            if (e % STRIDE == 0) {
                cancel.check();
            }
            float most = largest[slicing.sliceOf(e)];
            if (most > 0) {
                double used = magnitude(values[e]) / most;
                int out = at[0] * dims[view.out()] + at[view.out()];
                int in = at[0] * dims[view.in()] + at[view.in()];
                outputs[out] = Math.max(outputs[out], used);
                inputs[in] = Math.max(inputs[in], used);
            }
            for (int d = 3; d >= 0 && ++at[d] == dims[d]; d--) {
                at[d] = 0;
            }
        }
        return Math.max(missed(outputs), missed(inputs));
    }

    private static float magnitude(float value) {
        float a = Math.abs(value);
        return Float.isFinite(a) ? a : 0;
    }

    private static double missed(double[] used) {
        return Arrays.stream(used)
                .filter(u -> u > 0)
                .map(u -> -Math.log(u) / Math.log(2))
                .average()
                .orElse(0);
    }
}
