package org.quantscope.core.session;

import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.eval.IntegerBias;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph.BiasSite;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.TensorId;

/**
 * Channels and blocks of weights that training has left without any effect, with values such as 1e-34 or only zeros.
 * Their own scale would be so small that a bias in units of it needs more than 32 bits, and no target takes it. They get
 * the smallest scale that every target takes instead, here, so that evaluation and all exports have the same.
 *
 * <p>A slice of an affine weight is dead if it holds only zeros, or if its scale is below 2^−24 of the tensor's largest:
 * in float32 its values are lost beside the others. It gets the scale of a range {@value #LEAST_SPAN} wide (the
 * narrowest that QNN takes), or the tensor's largest scale if that is smaller. A scale that leaves the bias of its layer
 * more than 31 bits, whatever its values, is raised too, to leave room for the sum that the bias is added to (ONNX
 * Runtime, onnx_quantizer.py, _adjust_weight_scale_for_int32_bias). Parameters that came from elsewhere as they are
 * ({@link Clip.Fixed}) are left alone.
 */
final class DeadChannels {
    static final double LEAST_SPAN = 1e-4;

    private static final float DEAD = 0x1p-24f;
    /** So that a span is not below the least one after its rounding to float32. */
    private static final double ROUNDING = 1.0001;

    private DeadChannels() {}

    /**
     * The scales that have to be raised.
     *
     * @param tensors all that are quantized, those tied to others too
     * @return for each weight with any, a scale for each slice; 0 where it keeps its own
     */
    static Map<TensorId, float[]> floors(Model model, Collection<ResolvedTensor> tensors) {
        Map<TensorId, ResolvedTensor> weights = new HashMap<>();
        Map<TensorId, QuantParams> activations = new HashMap<>();
        Map<TensorId, float[]> floors = new HashMap<>();
        for (ResolvedTensor t : tensors) {
            if (t.isActivation()) {
                activations.put(t.id(), t.params());
            } else if (mayBeRaised(t)) {
                weights.put(t.id(), t);
                float[] dead = dead(t);
                if (dead != null) {
                    floors.put(t.id(), dead);
                }
            }
        }
        model.graph().ifPresent(graph -> {
            for (BiasSite site : graph.biases()) {
                QuantParams in = activations.get(site.activation());
                ResolvedTensor weight = weights.get(site.weight());
                if (in != null && weight != null) {
                    addRoom(model, site, in, weight, floors);
                }
            }
        });
        return floors;
    }

    private static boolean mayBeRaised(ResolvedTensor t) {
        return !t.isActivation() && t.params().isAffine() && !(t.spec().clip() instanceof Clip.Fixed);
    }

    /**
     * The scales that the dead slices of one weight get, whatever is quantized beside it; 0 for the others. Slices whose
     * scales have been raised already are among them. Null if there is none.
     */
    static float @Nullable [] dead(ResolvedTensor t) {
        QuantParams p = t.params();
        if (p.slices() == 1 || !mayBeRaised(t)) {
            return null;
        }
        float largest = 0;
        for (int i = 0; i < p.slices(); i++) {
            largest = isEmpty(t, i) ? largest : Math.max(largest, p.scale(i));
        }
        if (largest == 0) {
            return null;
        }
        float least = (float) Math.min(largest, ROUNDING * LEAST_SPAN / (p.qmax() - p.qmin()));
        float[] floors = null;
        for (int i = 0; i < p.slices(); i++) {
            boolean tiny = p.scale(i) < DEAD * largest && p.scale(i) < least;
            if (isEmpty(t, i) || tiny || wasRaised(t, i, least, largest)) {
                if (floors == null) {
                    floors = new float[p.slices()];
                }
                floors[i] = least;
            }
        }
        return floors;
    }

    /** True for a slice with a dead one's scale whose range would have given it a smaller one. */
    private static boolean wasRaised(ResolvedTensor t, int slice, float least, float largest) {
        QuantParams p = t.params();
        if (p.scale(slice) != least || slice >= t.requested().size()) {
            return false;
        }
        ClipRange range = t.requested().get(slice);
        double own = ((double) range.hi() - range.lo()) / (p.qmax() - p.qmin());
        return own < DEAD * largest && own < least;
    }

    /** True for a slice without a value that a scale could follow from: it has the scale 1. */
    private static boolean isEmpty(ResolvedTensor t, int slice) {
        return t.params().scale(slice) == 1
                && slice < t.requested().size()
                && t.requested().get(slice).absMax() < 1e-30f;
    }

    private static void addRoom(
            Model model, BiasSite site, QuantParams in, ResolvedTensor weight, Map<TensorId, float[]> floors) {
        float[] known = floors.get(weight.id());
        QuantParams raised = known == null ? weight.params() : raised(weight.params(), known);
        IntegerBias.of(model, site, in, raised).filter(b -> !b.leavesRoom()).ifPresent(bias -> {
            float[] wide = bias.wideEnough(in, raised);
            float[] all = known == null ? new float[wide.length] : known;
            for (int i = 0; i < wide.length; i++) {
                all[i] = wide[i] > raised.scale(i) ? wide[i] : all[i];
            }
            floors.put(weight.id(), all);
        });
    }

    /** The parameters with scales that are at least these; as they are if they have another number of slices. */
    static QuantParams raised(QuantParams params, float[] floors) {
        if (!params.isAffine() || params.slices() != floors.length) {
            return params;
        }
        float[] scales = params.scales();
        float[] before = scales.clone();
        for (int i = 0; i < scales.length; i++) {
            // The scale 1 of a slice of zeros has to come down.
            scales[i] = floors[i] > 0 && (scales[i] == 1 || scales[i] < floors[i]) ? floors[i] : scales[i];
        }
        return Arrays.equals(before, scales)
                ? params
                : new QuantParams(params.granularity(), scales, params.zeroPoints(), params.qmin(), params.qmax());
    }
}
