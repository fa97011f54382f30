package org.quantscope.core.eval;

import java.util.Optional;
import java.util.stream.IntStream;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph.BiasSite;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Tensor;

/**
 * The bias of a layer whose input and weight are both quantized, in the unit that an integer kernel accumulates in:
 * {@code q = rint(b / (s_x·s_w))}, 32 bits, zero point 0 (as in ONNX Runtime's quantizer; Jacob et al. 2018, arXiv
 * 1712.05877, equation 11). Both evaluation and export use it.
 */
public final class IntegerBias {
    private static final double MARGIN = 1.0001;
    /** Bits of a code that leave as many again for the sum that it is added to. */
    private static final double ROOM = 1L << 30;

    private final Tensor bias;
    private final float[] scales;
    private final int[] codes;
    private final int overflow;

    private IntegerBias(Tensor bias, float[] scales, int[] codes, int overflow) {
        this.bias = bias;
        this.scales = scales;
        this.codes = codes;
        this.overflow = overflow;
    }

    /**
     * The stored bias of the layer, if it can be quantized this way: float32 of rank 1, read by this layer only, and
     * the layer's alpha and beta are 1.
     */
    public static Optional<Tensor> candidate(Model model, BiasSite site) {
        return site.onlyUse() && site.unscaled()
                ? model.find(site.bias())
                        .filter(b -> b.info().dtype() == DType.F32
                                && b.info().shape().rank() == 1)
                : Optional.empty();
    }

    /**
     * The codes of a bias.
     *
     * @param in parameters of the layer's input, per tensor
     * @param weight parameters of its weight
     * @return empty if the bias is not a {@link #candidate}, if a codebook or a range
     *     that is found while the network runs leaves it without a unit, or if the weight
     *     has neither one scale nor one for each output channel
     */
    public static Optional<IntegerBias> of(Model model, BiasSite site, QuantParams in, QuantParams weight) {
        return of(model, site, in, weight, Optional.empty());
    }

    /**
     * The codes of a bias with other values than the model's.
     *
     * @param chosen the values; empty for those of the model
     */
    public static Optional<IntegerBias> of(
            Model model, BiasSite site, QuantParams in, QuantParams weight, Optional<ChosenValues> chosen) {
        Tensor bias = candidate(model, site)
                .map(b -> chosen.map(c -> new Tensor(b.info(), c.data())).orElse(b))
                .orElse(null);
        Tensor w = model.find(site.weight()).orElse(null);
        // Where the range of the input is found while the network runs, so is the unit of the sum.
        if (bias == null || w == null || !in.isAffine() || in.runRange().isPresent() || !weight.isAffine()) {
            return Optional.empty();
        }
        int n = Math.toIntExact(bias.data().count());
        boolean perChannel = weight.slices() > 1;
        boolean byOutput = weight.granularity() instanceof Granularity.PerChannel c
                && w.info().channelAxis().orElse(-1) == c.axis()
                && weight.slices() == n;
        if (perChannel && !byOutput) {
            return Optional.empty();
        }
        float[] scales = new float[weight.slices()];
        for (int i = 0; i < scales.length; i++) {
            scales[i] = (float) ((double) in.scale(0) * weight.scale(i));
        }
        float[] values = bias.data().toFloats();
        int[] codes = new int[n];
        for (int i = 0; i < n; i++) {
            double q = Math.rint((double) values[i] / scales[perChannel ? i : 0]);
            if (!(Math.abs(q) <= Integer.MAX_VALUE)) {
                return Optional.of(new IntegerBias(bias, scales, codes, i));
            }
            codes[i] = (int) q;
        }
        return Optional.of(new IntegerBias(bias, scales, codes, -1));
    }

    /** True if every code has at most 31 bits, so that the sum that it is added to has as much room. */
    public boolean leavesRoom() {
        return fits() && IntStream.of(codes).allMatch(q -> Math.abs((double) q) <= ROOM);
    }

    /**
     * Scales of the weight that are large enough for the bias to {@linkplain #leavesRoom leave room}, each at least the
     * present one: {@code s_w ≥ max|b| / (2^30·s_x)·1.0001} over the biases that use the scale (as ONNX Runtime's
     * onnx_quantizer.py, _adjust_weight_scale_for_int32_bias, which uses all 32 bits).
     *
     * @param in parameters of the layer's input
     * @param weight parameters that were given to {@link #of}
     */
    public float[] wideEnough(QuantParams in, QuantParams weight) {
        float[] wide = weight.scales();
        float[] values = bias.data().toFloats();
        for (int i = 0; i < values.length; i++) {
            int at = wide.length > 1 ? i : 0;
            double least = Math.abs((double) values[i]) / (ROOM * in.scale(0)) * MARGIN;
            if (wide[at] < least) {
                wide[at] = Math.nextUp((float) least);
            }
        }
        return wide;
    }

    public Tensor bias() {
        return bias;
    }

    /** One scale, or one for each channel: s_x·s_w in float32. */
    public float[] scales() {
        return scales.clone();
    }

    /** [channels]. */
    public int[] codes() {
        return codes.clone();
    }

    /** False if a value needs more than 32 bits: the bias then stays float. */
    public boolean fits() {
        return overflow < 0;
    }

    /** For a person: the first value that does not fit, with its unit. */
    public String misfit() {
        return bias.data().toFloats()[overflow] + " in units of " + scales[scales.length > 1 ? overflow : 0];
    }

    /** What the layer adds: {@code q·s}, or the float bias for a value that does not fit. */
    public float[] values() {
        if (!fits()) {
            return bias.data().toFloats();
        }
        float[] values = new float[codes.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = codes[i] * scales[scales.length > 1 ? i : 0];
        }
        return values;
    }
}
