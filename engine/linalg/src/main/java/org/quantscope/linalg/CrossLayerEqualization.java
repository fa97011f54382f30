package org.quantscope.linalg;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import org.quantscope.core.correction.Correction;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.FreeMemory;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.model.WeightedLayer;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.rewrite.ModelRewrite;
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

    private final LongSupplier heap;

    public CrossLayerEqualization() {
        this(FreeMemory::heap);
    }

    /** @param heap the bytes that are free */
    CrossLayerEqualization(LongSupplier heap) {
        this.heap = heap;
    }

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
        return Optional.empty();
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
        LayerPairs found = LayerPairs.of(model, clips);
        if (found.pairs().isEmpty()) {
            return new Output(model, List.of(), found.kept());
        }
        checkMemory(model, found.pairs());
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

    /** @throws BadInputException if Java's heap does not hold the work */
    private void checkMemory(Model model, List<LayerPairs.Pair> pairs) {
        Map<TensorId, Long> bytes = new HashMap<>();
        pairs.forEach(pair -> bytes.put(pair.second().id(), EqualizedWeight.bytes(pair.second(), pair.run())));
        pairs.forEach(pair -> bytes.computeIfAbsent(pair.first().id(), id -> EqualizedWeight.bytes(pair.first(), 1)));
        long needed = bytes.values().stream().mapToLong(b -> b).sum();
        long free = heap.getAsLong();
        if (needed > free) {
            throw new BadInputException(
                    model.file(),
                    "memory",
                    String.format(
                            Locale.ROOT,
                            "equalization of %d layers takes %,d MB of Java's memory, and %,d MB are free; give it more"
                                    + " with QUANTSCOPE_JAVA_OPTS=-Xmx<size>",
                            bytes.size(),
                            needed >> 20,
                            free >> 20));
        }
    }

    /** The layers while they are equalized. */
    private static final class Equalization {
        private final List<LayerPairs.Pair> pairs;
        private final Map<TensorId, EqualizedWeight> weights = new LinkedHashMap<>();
        /**
         * The pairs in the order of the sweeps; the second pair of a step is empty unless three layers are equalized
         * together.
         */
        private final List<Step> steps = new ArrayList<>();

        private record Step(int pair, Optional<Integer> next) {}

        Equalization(List<LayerPairs.Pair> pairs) {
            this.pairs = pairs;
            Map<TensorId, Integer> runs = new HashMap<>();
            pairs.forEach(pair -> runs.put(pair.second().id(), pair.run()));
            Map<TensorId, Integer> byFirst = new LinkedHashMap<>();
            for (int p = 0; p < pairs.size(); p++) {
                LayerPairs.Pair pair = pairs.get(p);
                for (WeightedLayer layer : List.of(pair.first(), pair.second())) {
                    weights.computeIfAbsent(layer.id(), id -> new EqualizedWeight(layer, runs.getOrDefault(id, 1)));
                }
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

        private EqualizedWeight first(int pair) {
            return Objects.requireNonNull(weights.get(pairs.get(pair).first().id()));
        }

        private EqualizedWeight second(int pair) {
            return Objects.requireNonNull(weights.get(pairs.get(pair).second().id()));
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
                double[] r1 = first(step.pair).outputRanges();
                if (step.next.isEmpty()) {
                    double[] r2 = second(step.pair).inputRanges();
                    double[] s = new double[r1.length];
                    for (int i = 0; i < s.length; i++) {
                        s[i] = r1[i] > 0 && r2[i] > 0 ? usable(Math.sqrt(r1[i] / r2[i])) : 1;
                    }
                    moved = Math.max(moved, scale(step.pair, s));
                } else {
                    int next = step.next.get();
                    double[] r2 = second(step.pair).outputRanges();
                    double[] r3 = second(next).inputRanges();
                    double[] s1 = new double[r1.length];
                    double[] s2 = new double[r1.length];
                    for (int i = 0; i < s1.length; i++) {
                        boolean used = r1[i] > 0 && r2[i] > 0 && r3[i] > 0;
                        double mean = Math.cbrt(r1[i] * r2[i] * r3[i]);
                        s1[i] = used ? usable(r1[i] / mean) : 1;
                        s2[i] = used ? usable(mean / r3[i]) : 1;
                    }
                    moved = Math.max(moved, scale(step.pair, s1));
                    moved = Math.max(moved, scale(next, s2));
                }
            }
            return moved;
        }

        /** The factor, limited so that weights stay normal float32 numbers; 1 if it is no positive number. */
        private static double usable(double s) {
            return s > 0 ? Math.clamp(s, 1 / LARGEST, LARGEST) : 1;
        }

        /** Divides the outputs of a pair's first layer by {@code s} and multiplies the inputs of its second one by it. */
        private double scale(int pair, double[] s) {
            first(pair).divideOutputs(s);
            second(pair).multiplyInputs(s);
            double moved = 0;
            for (double factor : s) {
                moved = Math.max(moved, Math.abs(factor - 1));
            }
            return moved;
        }

        Output write(Model model, List<String> kept, CancelToken cancel) {
            ModelRewrite rewrite = new ModelRewrite(model);
            List<TensorId> changed = new ArrayList<>();
            weights.forEach((id, weight) -> {
                cancel.check();
                rewrite.values(id, weight.values());
                changed.add(id);
            });
            for (int p = 0; p < pairs.size(); p++) {
                cancel.check();
                LayerPairs.Pair pair = pairs.get(p);
                double[] s = first(p).dividedBy();
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
