package org.quantscope.core.layerwise;

import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.model.WeightedLayer;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.rounding.InputMoments;
import org.quantscope.core.rounding.Rounding;
import org.quantscope.core.rounding.Roundings;
import org.quantscope.core.rounding.SolvedLayer;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.ResolvedTensor;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.session.SolvedWeight;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;

/**
 * A layer with what it reads, in the float model and in the model quantized so far: its codes can be chosen under one
 * range after the other without another run of the network. Immutable; thread safe.
 */
public final class OpenLayer {
    /** As many multiplications take a tenth of a second or two on two cores. */
    private static final double QUICK = 4e9;

    private final Model model;
    private final WeightedLayer layer;
    private final LayerInputs inputs;
    private final InputMoments moments;

    OpenLayer(Model model, WeightedLayer layer, InputMoments moments) {
        this.model = model;
        this.layer = layer;
        this.inputs = LayerInputs.of(layer);
        this.moments = moments;
    }

    /**
     * The codes of a layer.
     *
     * @param params the parameters that belong to them
     * @param values what they stand for, in storage order
     * @param bias the bias that moved with them; empty if it stayed
     * @param error the mean square of the error at the outputs, summed over them, about the mean where the bias follows
     * @param signal the mean square of the outputs wanted, summed over them, likewise
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    public record Answer(
            QuantParams params, float[] values, Optional<SolvedWeight.MovedBias> bias, double error, double signal) {}

    /**
     * Says what the inputs of a weight's layer rest on: as long as it is the same, an open layer stays what it is.
     *
     * @return empty if the state names no calibration data, or no layer multiplies its input by the weight
     */
    public static Optional<String> key(Model model, SessionState state, ResolvedSettings settings, TensorId weight) {
        return MadeFrom.ofInput(model, state, settings, weight);
    }

    /** False if an input was no number or infinite. */
    boolean isFinite() {
        return moments.isFinite();
    }

    /** False if choosing the codes takes so long that a hand on the range would have to wait. */
    public boolean isQuick(String rounding) {
        return Roundings.byId(rounding).work(inputs.groups(), inputs.rows(), inputs.columns()) <= QUICK;
    }

    /**
     * Chooses the codes.
     *
     * @param settings says what else is quantized
     * @param as how the weight is quantized
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public Answer solve(ResolvedSettings settings, ResolvedTensor as, CancelToken cancel) {
        QuantSpec spec = as.spec();
        Rounding rounding = Roundings.byId(spec.rounding());
        Tensor weight = layer.weight();
        float[] stored = weight.data().toFloats();
        Slicing slicing = Slicing.of(weight.info(), as.params().granularity());
        int[] slices = inputs.rows(
                IntStream.range(0, stored.length).map(slicing::sliceOf).toArray());
        Optional<TensorId> bias = rounding.reach() == Rounding.Reach.CODES_AND_BIAS ? bias(settings) : Optional.empty();
        boolean byHand = !(spec.clip() instanceof Clip.Auto);
        QuantParams[] begun = new QuantParams[1];
        SolvedLayer solved = SolvedLayer.of(
                rounding,
                moments,
                inputs.rows(stored),
                inputs.rows(),
                slices,
                bias.isPresent(),
                target -> {
                    begun[0] = begin(rounding, as, weight, inputs.stored(target), byHand, cancel);
                    return begun[0];
                },
                !byHand,
                cancel);
        // Dead channels keep a smallest scale, whatever a rounding finds best.
        QuantParams params = settings.with(layer.id(), withScales(Objects.requireNonNull(begun[0]), solved.scales()))
                .find(layer.id())
                .orElseThrow()
                .params();
        return new Answer(
                params,
                inputs.stored(solved.weights()),
                bias.map(id -> shifted(id, solved.shift())),
                solved.error(),
                solved.signal());
    }

    private SolvedWeight.MovedBias shifted(TensorId id, float[] shift) {
        float[] b = model.find(id).orElseThrow().data().toFloats();
        boolean gemm = layer.node().opType().equals("Gemm");
        float alpha = gemm ? layer.node().floatAttribute("alpha", 1) : 1;
        float beta = gemm ? layer.node().floatAttribute("beta", 1) : 1;
        for (int i = 0; i < b.length; i++) {
            b[i] += shift[i] * alpha / beta;
        }
        return new SolvedWeight.MovedBias(id, b);
    }

    /** The ranges to begin with: those of the settings, or those of least squared error for other weights. */
    private static QuantParams begin(
            Rounding rounding, ResolvedTensor as, Tensor weight, float[] target, boolean byHand, CancelToken cancel) {
        if (byHand || (!rounding.choosesRanges() && rounding.reach() == Rounding.Reach.CODES)) {
            return as.params();
        }
        QuantSpec spec = rounding.choosesRanges() ? as.spec().withClip(new Clip.Auto("mse", Map.of())) : as.spec();
        Tensor moved = new Tensor(weight.info(), TensorData.of(target));
        try {
            return RangeResolver.resolve(moved, spec, cancel).params();
        } catch (IllegalArgumentException e) {
            // A calibrator that wants the importance of weights knows it of the weights in the file only.
            return as.params();
        }
    }

    private static QuantParams withScales(QuantParams params, float[] scales) {
        return params.isAffine()
                ? new QuantParams(params.granularity(), scales, params.zeroPoints(), params.qmin(), params.qmax())
                : QuantParams.ofCodebooks(params.granularity(), scales, params.codebooks());
    }

    private Optional<TensorId> bias(ResolvedSettings settings) {
        return layer.movableBias(model)
                .map(Tensor::id)
                .filter(id -> !settings.weights().containsKey(id));
    }
}
