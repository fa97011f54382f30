package org.quantscope.linalg;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.quantscope.core.correction.Correction;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.rewrite.ModelRewrite;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * Cross-layer equalization: makes the ranges of the channels between two layers equal, so that one scale fits them all.
 *
 * <p>Let r⁽¹⁾ᵢ = max|W⁽¹⁾ᵢ,:| be the range of the weights that compute channel i, and r⁽²⁾ᵢ = max|W⁽²⁾:,ᵢ| that of the
 * weights that read it. The factor is {@code sᵢ = √(r⁽¹⁾ᵢ·r⁽²⁾ᵢ)/r⁽²⁾ᵢ}; W⁽¹⁾ᵢ and its bias are divided by it and
 * W⁽²⁾:,ᵢ is multiplied by it. Then both ranges are √(r⁽¹⁾ᵢ·r⁽²⁾ᵢ) (Nagel et al. 2019, arXiv 1906.04721, equations 9 to
 * 11). Around a depthwise layer the three ranges become their geometric mean ∛(r⁽¹⁾r⁽²⁾r⁽³⁾). Sweeps over all pairs are
 * repeated until no factor is further from 1 than the tolerance. A channel with a range of 0 keeps the factor 1.
 *
 * <p>A clamp between the layers (ReLU6) gets the limits lo/s and hi/s for each channel, so that the function stays the
 * same; the paper removes the clamp instead. Factors are computed in double and weights are stored as float32.
 */
public final class CrossLayerEqualization implements Correction {
    private static final OptionDoc SWEEPS =
            new OptionDoc("sweeps", "int", "100", "1 to 1000: at most so many sweeps over all pairs");
    private static final OptionDoc TOLERANCE =
            new OptionDoc("tolerance", "float", "0.01", "0 to 1: sweeps end when no factor is further from 1");
    private static final OptionDoc CLIP = new OptionDoc(
            "clip",
            "choice:per-channel|skip",
            "per-channel",
            "what becomes of a clamp such as ReLU6: limits for each channel, or no pair");

    /**
     * Factors stay between this and its reciprocal, because others would move weights out of the normal range of
     * float32.
     */
    private static final double LARGEST = 0x1p40;

    @Override
    public String id() {
        return "cross-layer-equalization";
    }

    @Override
    public String title() {
        return "Cross-layer equalization";
    }

    @Override
    public String summary() {
        return "Rescales channels between layers so that one scale fits them all; the float function stays the same";
    }

    @Override
    public List<OptionDoc> options() {
        return List.of(SWEEPS, TOLERANCE, CLIP);
    }

    @Override
    public String source() {
        return "Nagel et al. 2019, arXiv 1906.04721, section 4.1, equations 9 to 11";
    }

    @Override
    public boolean needsData() {
        return false;
    }

    @Override
    public Optional<String> unavailable() {
        return Nd4jBackend.unavailable();
    }

    @Override
    public Output apply(Input input, Progress progress, CancelToken cancel) {
        CorrectionOptions options = CorrectionOptions.of(this, input.options());
        int sweeps = (int) options.number(SWEEPS, 1, 1000);
        double tolerance = options.number(TOLERANCE, 0, 1);
        boolean clips = options.choice(CLIP).equals("per-channel");
        Model model = input.model();
        if (model.graph().isEmpty()) {
            throw new BadInputException(
                    model.file(),
                    "graph",
                    "bare weights say nothing of which layer reads which: a model with a graph is needed (.onnx)");
        }
        Nd4jBackend.require();
        LayerPairs found = LayerPairs.of(model, clips);
        if (found.pairs().isEmpty()) {
            return new Output(model, List.of(), found.kept());
        }
        Equalization work = new Equalization(found.pairs());
        for (int sweep = 0; sweep < sweeps; sweep++) {
            progress.report(
                    sweep, sweeps, "sweep " + (sweep + 1) + ", " + found.pairs().size() + " pairs");
            if (work.sweep(cancel) <= tolerance) {
                break;
            }
        }
        progress.report(sweeps, sweeps, found.pairs().size() + " pairs");
        return work.write(model, found.kept(), cancel);
    }

    /** The weights while they are equalized, in double. */
    private static final class Equalization {
        private final List<LayerPairs.Pair> pairs;
        /** For each weight its values in storage order. */
        private final Map<TensorId, INDArray> weights = new LinkedHashMap<>();
        /** For each pair the product of its factors so far: [channels]. */
        private final List<INDArray> factors = new ArrayList<>();
        /**
         * The pairs in the order of the sweeps; the second pair of a step is empty unless three layers are equalized
         * together.
         */
        private final List<Step> steps = new ArrayList<>();

        private record Step(int pair, Optional<Integer> next) {}

        Equalization(List<LayerPairs.Pair> pairs) {
            this.pairs = pairs;
            Map<TensorId, Integer> byFirst = new LinkedHashMap<>();
            for (int p = 0; p < pairs.size(); p++) {
                LayerPairs.Pair pair = pairs.get(p);
                load(pair.first());
                load(pair.second());
                factors.add(Nd4j.ones(DataType.DOUBLE, pair.first().outputs()));
                byFirst.put(pair.first().id(), p);
            }
            Set<Integer> taken = new HashSet<>();
            for (int p = 0; p < pairs.size(); p++) {
                if (taken.add(p)) {
                    WeightedLayer middle = pairs.get(p).second();
                    Optional<Integer> next = middle.isDepthwise()
                            ? Optional.ofNullable(byFirst.get(middle.id())).filter(taken::add)
                            : Optional.empty();
                    steps.add(new Step(p, next));
                }
            }
        }

        private void load(WeightedLayer layer) {
            weights.computeIfAbsent(
                    layer.id(),
                    id -> Nd4j.createFromArray(layer.weight().data().toFloats()).castTo(DataType.DOUBLE));
        }

        /**
         * Equalizes every pair once.
         *
         * @return the largest distance of a factor from 1
         */
        double sweep(CancelToken cancel) {
            double moved = 0;
            for (Step step : steps) {
                cancel.check();
                LayerPairs.Pair pair = pairs.get(step.pair);
                INDArray r1 = outRange(pair.first());
                if (step.next.isEmpty()) {
                    INDArray r2 = inRange(pair.second(), pair.run());
                    moved = Math.max(moved, scale(step.pair, usable(Transforms.sqrt(r1.div(r2), true), r1, r2)));
                } else {
                    LayerPairs.Pair next = pairs.get(step.next.get());
                    INDArray r2 = outRange(pair.second());
                    INDArray r3 = inRange(next.second(), next.run());
                    INDArray mean = Transforms.pow(r1.mul(r2).muli(r3), 1.0 / 3);
                    INDArray s1 = usable(r1.div(mean), r1, r2, r3);
                    INDArray s2 = usable(mean.div(r3), r1, r2, r3);
                    moved = Math.max(moved, scale(step.pair, s1));
                    moved = Math.max(moved, scale(step.next.get(), s2));
                }
            }
            return moved;
        }

        /**
         * The factors that can be applied: 1 for channels without a usable range, all others limited so that weights
         * stay normal float32 numbers.
         */
        private static INDArray usable(INDArray s, INDArray... ranges) {
            double[] factors = s.toDoubleVector();
            for (INDArray range : ranges) {
                double[] r = range.toDoubleVector();
                for (int i = 0; i < factors.length; i++) {
                    factors[i] = r[i] > 0 ? factors[i] : 1;
                }
            }
            for (int i = 0; i < factors.length; i++) {
                factors[i] = factors[i] > 0 ? Math.clamp(factors[i], 1 / LARGEST, LARGEST) : 1;
            }
            return Nd4j.createFromArray(factors);
        }

        /** Divides the outputs of a pair's first layer by {@code s} and multiplies the inputs of its second one by it. */
        private double scale(int p, INDArray s) {
            LayerPairs.Pair pair = pairs.get(p);
            WeightedLayer.View out = pair.first().view(1);
            WeightedLayer.View in = pair.second().view(pair.run());
            array(pair.first(), out).divi(along(s, out.dims(), out.out()));
            array(pair.second(), in).muli(along(s, in.dims(), in.in()));
            factors.get(p).muli(s);
            return Transforms.abs(s.sub(1), true).maxNumber().doubleValue();
        }

        private INDArray outRange(WeightedLayer layer) {
            WeightedLayer.View view = layer.view(1);
            return range(array(layer, view), view.out());
        }

        private INDArray inRange(WeightedLayer layer, int run) {
            WeightedLayer.View view = layer.view(run);
            return range(array(layer, view), view.in());
        }

        /**
         * The values of a weight as an array of four dimensions. It shares them, so that writing to it changes the
         * weight.
         */
        private INDArray array(WeightedLayer layer, WeightedLayer.View view) {
            return Objects.requireNonNull(weights.get(layer.id()))
                    .reshape('c', view.dims().toArray());
        }

        /** max|w| of each channel in each group: [groups·channels]. */
        private static INDArray range(INDArray weight, int channel) {
            int[] others = IntStream.of(1, 2, 3).filter(d -> d != channel).toArray();
            INDArray max = Transforms.abs(weight, true).max(others);
            return max.reshape('c', new long[] {max.length()});
        }

        /** Reshapes [groups·channels] so that it broadcasts over a weight of the shape {@code dims}. */
        private static INDArray along(INDArray s, Shape dims, int channel) {
            long[] shape = {dims.dim(0), 1, 1, 1};
            shape[channel] = dims.dim(channel);
            return s.reshape('c', shape);
        }

        Output write(Model model, List<String> kept, CancelToken cancel) {
            ModelRewrite rewrite = new ModelRewrite(model);
            List<TensorId> changed = new ArrayList<>();
            weights.forEach((id, values) -> {
                cancel.check();
                rewrite.values(id, values.castTo(DataType.FLOAT).toFloatVector());
                changed.add(id);
            });
            for (int p = 0; p < pairs.size(); p++) {
                cancel.check();
                LayerPairs.Pair pair = pairs.get(p);
                double[] s = factors.get(p).toDoubleVector();
                pair.first().bias(model).tensor().ifPresent(b -> changed.add(divide(rewrite, b, s, 1)));
                pair.added().forEach(a -> changed.add(divide(rewrite, a.constant(), s, a.run())));
                pair.clamps()
                        .forEach(c ->
                                rewrite.clampChannels(c.node(), limits(c.lo(), s), limits(c.hi(), s), c.spatial()));
            }
            return new Output(rewrite.model(), changed, kept);
        }

        private static TensorId divide(ModelRewrite rewrite, Tensor t, double[] s, int run) {
            float[] values = t.data().toFloats();
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (values[i] / s[i / run % s.length]);
            }
            rewrite.values(t.id(), values);
            return t.id();
        }

        private static float[] limits(float limit, double[] s) {
            float[] all = new float[s.length];
            for (int i = 0; i < all.length; i++) {
                all[i] = (float) (limit / s[i]);
            }
            return all;
        }
    }
}
