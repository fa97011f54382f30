package org.quantscope.linalg;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.quantscope.core.Engine;
import org.quantscope.core.calib.Importances;
import org.quantscope.core.correction.Correction;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.BakedWeights;
import org.quantscope.core.eval.IntegerBias;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.layerwise.MomentsPass;
import org.quantscope.core.model.Model;
import org.quantscope.core.model.WeightedLayer;
import org.quantscope.core.onnx.OnnxGraph.BiasSite;
import org.quantscope.core.ort.FloatOutput;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.OptionDoc;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.rewrite.GraphPrefix;
import org.quantscope.core.rewrite.InstrumentedGraph;
import org.quantscope.core.rewrite.ModelRewrite;
import org.quantscope.core.rewrite.RunnableGraph;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;

/**
 * Empirical bias correction: quantization shifts the mean of a layer's outputs, and a change of the bias takes the
 * shift back at no cost.
 *
 * <p>For each layer in graph order and each output channel, {@code b ← b + E[y_float] − E[y_quantized]}. The means are
 * over all samples of the calibration data and all positions; y is the output of the layer before any activation
 * function, and y_quantized is that of the quantized model in which all earlier layers are already corrected (Nagel et
 * al. 2019, arXiv 1906.04721, section 4.2 and appendix D; AIMET's "empirical"). A layer without a bias gets one. A
 * layer whose weight stays in float is not changed.
 *
 * <p>Weights and activations are quantized with the settings of the session, biases as {@link IntegerBias} says. Sums
 * are in double.
 */
public final class BiasCorrection implements Correction {
    @Override
    public String id() {
        return "bias-correction";
    }

    @Override
    public String title() {
        return "Bias correction";
    }

    @Override
    public String summary() {
        return "Takes the mean shift that quantization causes in each channel back with the bias; rests on the"
                + " calibration data and the present settings";
    }

    @Override
    public List<OptionDoc> options() {
        return List.of();
    }

    @Override
    public String source() {
        return "Nagel et al. 2019, arXiv 1906.04721, section 4.2 and appendix D, from calibration data";
    }

    @Override
    public boolean needsData() {
        return true;
    }

    @Override
    public Optional<String> unavailable() {
        return Optional.empty();
    }

    @Override
    public Output apply(Input input, Progress progress, CancelToken cancel) {
        CorrectionOptions.of(this, input.options());
        Model model = input.model();
        if (model.graph().isEmpty()) {
            throw new BadInputException(
                    model.file(), "graph", "bare weights cannot be run: a model with a graph is needed (.onnx)");
        }
        Dataset data =
                input.data().orElseThrow(() -> new BadInputException(model.file(), id(), "needs calibration data"));
        Session settings = input.settings()
                .orElseThrow(
                        () -> new BadInputException(model.file(), id(), "needs to know how the model is quantized"));
        return new Work(model, data, settings, progress, cancel).run();
    }

    /** One correction of one model. */
    private static final class Work {
        private final Progress progress;
        private final CancelToken cancel;
        private final SampleFeed feed;
        private final List<String> kept = new ArrayList<>();
        /** The model with a bias in every layer that is to be corrected; it computes the same function. */
        private final Model model;

        private final ResolvedSettings resolved;
        private final List<Site> sites = new ArrayList<>();
        /** The present value of each bias. */
        private final Map<TensorId, float[]> biases = new LinkedHashMap<>();

        /**
         * A layer and its bias.
         *
         * @param unit how much one unit of the stored bias adds to the output: beta of a Gemm, else 1
         */
        private record Site(WeightedLayer layer, TensorId bias, float unit) {}

        Work(Model given, Dataset data, Session settings, Progress progress, CancelToken cancel) {
            this.progress = progress;
            this.cancel = cancel;
            this.feed = SampleFeed.of(given, data);
            SessionState state = settings.state();
            Model placed = Engine.placed(given, state.addedQuantizers());
            Calibration calibration = settings.calibration();
            if (state.needsImportance()) {
                calibration = calibration.withImportances(Importances.observed(
                        Engine.observe(placed, data, progress, cancel).inputs()));
            }
            calibration = MomentsPass.complete(calibration, placed, state, data, progress, cancel);
            ResolvedSettings before = Engine.resolve(placed, state, calibration, Progress.NONE, cancel);
            Map<Integer, TensorId> biasOf = new LinkedHashMap<>();
            this.model = Engine.placed(withBiases(given, before, biasOf), state.addedQuantizers());
            this.resolved = before;
            for (WeightedLayer layer : WeightedLayer.of(model)) {
                TensorId bias = biasOf.get(layer.node().index());
                if (bias != null) {
                    float unit =
                            layer.node().opType().equals("Gemm") ? layer.node().floatAttribute("beta", 1) : 1;
                    sites.add(new Site(layer, bias, unit));
                    biases.put(bias, model.find(bias).orElseThrow().data().toFloats());
                }
            }
        }

        /**
         * Gives each layer that is to be corrected a bias that no other layer uses. The index of a node changes only if
         * an Add was inserted before it.
         *
         * @param biasOf filled with the bias of each corrected layer, by the layer's index in the result
         */
        private Model withBiases(Model given, ResolvedSettings settings, Map<Integer, TensorId> biasOf) {
            ModelRewrite rewrite = new ModelRewrite(given);
            Map<TensorId, TensorId> byWeight = new HashMap<>();
            for (WeightedLayer layer : WeightedLayer.of(given)) {
                cancel.check();
                if (!settings.weights().containsKey(layer.id())) {
                    kept.add(layer + ": its weight stays float");
                    continue;
                }
                if (given.graph().orElseThrow().consumers(layer.id().name()).size() != 1) {
                    kept.add(layer + ": its weight has another use");
                    continue;
                }
                Optional<Tensor> added = layer.addedBehind(given);
                WeightedLayer.Bias bias = layer.bias(given);
                switch (bias.slot()) {
                    case STORED ->
                        byWeight.put(layer.id(), bias.tensor().orElseThrow().id());
                    case FIXED -> kept.add(layer + ": " + bias.why());
                    case NONE ->
                        byWeight.put(
                                layer.id(),
                                added.isPresent()
                                        ? added.get().id()
                                        : rewrite.bias(layer.node(), new float[layer.outputs()]));
                }
            }
            Model result = rewrite.model();
            for (WeightedLayer layer : WeightedLayer.of(result)) {
                Optional.ofNullable(byWeight.get(layer.id()))
                        .ifPresent(bias -> biasOf.put(layer.node().index(), bias));
            }
            return result;
        }

        Output run() {
            if (sites.isEmpty()) {
                return new Output(model, List.of(), kept);
            }
            Map<String, double[]> wanted = floatMeans();
            BakedWeights unkept = new BakedWeights(0);
            Map<TensorId, TensorData> baked = new HashMap<>();
            for (Map.Entry<TensorId, QuantParams> entry : resolved.weights().entrySet()) {
                cancel.check();
                baked.put(
                        entry.getKey(), unkept.get(model.find(entry.getKey()).orElseThrow(), entry.getValue(), cancel));
            }
            Set<TensorId> changed = new LinkedHashSet<>();
            int done = 0;
            for (Site site : sites) {
                cancel.check();
                progress.report(done, sites.size(), "layer " + ++done + " of " + sites.size() + ": " + site.layer);
                String value = site.layer.node().outputs().getFirst();
                double[] shift =
                        difference(Objects.requireNonNull(wanted.get(value)), quantizedMeans(site.layer, value, baked));
                float[] bias = Objects.requireNonNull(biases.get(site.bias));
                float[] now = bias.clone();
                for (int c = 0; c < now.length; c++) {
                    now[c] = (float) (now[c] + shift[c] / site.unit);
                    if (!Float.isFinite(now[c])) {
                        throw new BadInputException(
                                model.file(),
                                site.bias.name(),
                                "the mean output of channel " + c + " shifts by " + shift[c]);
                    }
                }
                biases.put(site.bias, now);
                if (!Arrays.equals(now, bias)) {
                    changed.add(site.bias);
                }
            }
            ModelRewrite rewrite = new ModelRewrite(model);
            changed.forEach(id -> rewrite.values(id, Objects.requireNonNull(biases.get(id))));
            return new Output(rewrite.model(), List.copyOf(changed), kept);
        }

        private static double[] difference(double[] wanted, double[] got) {
            double[] shift = new double[wanted.length];
            for (int i = 0; i < shift.length; i++) {
                shift[i] = wanted[i] - got[i];
            }
            return shift;
        }

        /** E[y] of each layer of the float model: [output channels], by the name of its output. */
        private Map<String, double[]> floatMeans() {
            List<String> values = sites.stream()
                    .map(s -> s.layer.node().outputs().getFirst())
                    .distinct()
                    .toList();
            RunnableGraph graph = InstrumentedGraph.tapped(
                    model, values.stream().map(TensorId::new).toList());
            Map<String, Mean> means = new HashMap<>();
            for (Site site : sites) {
                means.put(site.layer.node().outputs().getFirst(), new Mean(site.layer));
            }
            progress.report(0, sites.size(), "float model");
            run(graph, feed.inputs(), values, Map.of(), means);
            Map<String, double[]> result = new HashMap<>();
            means.forEach((name, mean) -> result.put(name, mean.values()));
            return result;
        }

        private double[] quantizedMeans(WeightedLayer layer, String value, Map<TensorId, TensorData> weights) {
            Map<TensorId, TensorData> baked = new HashMap<>(weights);
            biases.forEach((id, values) -> baked.put(id, TensorData.of(values)));
            integerBiases(baked);
            Map<TensorId, InstrumentedGraph.Form> quantized = new HashMap<>();
            int opset = model.graph().orElseThrow().opset();
            resolved.activations().forEach((id, params) -> quantized.put(id, InstrumentedGraph.Form.of(params, opset)));
            // The quantizer of this value comes after the bias, so its error is not to be corrected.
            quantized.remove(new TensorId(value));
            InstrumentedGraph graph = InstrumentedGraph.build(model, Optional.empty(), baked, quantized, Set.of());
            GraphPrefix cut = GraphPrefix.upTo(graph.graph(), value);
            Map<String, NativeTensor> feeds = new LinkedHashMap<>();
            try {
                resolved.activations().forEach((id, params) -> {
                    InstrumentedGraph.ActivationFeeds names =
                            graph.activations().get(id);
                    if (names != null && cut.inputs().contains(names.key())) {
                        feeds.put(names.on(), NativeTensor.flag(true));
                        names.feed(
                                Optional.of(params),
                                (name, type, shape, values) -> feeds.put(name, NativeTensor.of(values, shape, type)));
                    }
                });
                Mean mean = new Mean(layer);
                run(cut.model(), cut.inputs(), List.of(value), feeds, Map.of(value, mean));
                return mean.values();
            } finally {
                feeds.values().forEach(NativeTensor::close);
            }
        }

        /** Rounds the biases of layers with a quantized input and a quantized weight, but for those with a setting of their own. */
        private void integerBiases(Map<TensorId, TensorData> baked) {
            ModelRewrite rewrite = new ModelRewrite(model);
            biases.forEach(rewrite::values);
            Model now = rewrite.model();
            for (BiasSite site : now.graph().orElseThrow().biases()) {
                QuantParams in = resolved.activations().get(site.activation());
                QuantParams weight = resolved.weights().get(site.weight());
                if (in != null && weight != null && !resolved.weights().containsKey(site.bias())) {
                    IntegerBias.of(now, site, in, weight)
                            .ifPresent(b -> baked.put(site.bias(), TensorData.of(b.values())));
                }
            }
        }

        /**
         * Runs all samples through a graph and passes the outputs of each batch on.
         *
         * @param inputs those of the model's inputs that the graph still has
         */
        private void run(
                RunnableGraph graph,
                Set<String> inputs,
                List<String> values,
                Map<String, NativeTensor> feeds,
                Map<String, Mean> means) {
            int samples = feed.data().size();
            try (OrtModel loaded =
                    OrtModel.load(graph, String.valueOf(model.file().getFileName()), OrtModel.Options.DEFAULT)) {
                for (int from = 0; from < samples; from += feed.batchSize()) {
                    cancel.check();
                    int[] batch = IntStream.range(from, Math.min(samples, from + feed.batchSize()))
                            .toArray();
                    try (SampleFeed.Batch loadedBatch = feed.load(batch, inputs)) {
                        Map<String, NativeTensor> all = new LinkedHashMap<>(feeds);
                        all.putAll(loadedBatch.byInput());
                        for (FloatOutput out : loaded.run(all, values, cancel)) {
                            cancel.check();
                            Objects.requireNonNull(means.get(out.name())).add(out, feed.realValues(out, batch.length));
                        }
                    }
                }
            }
        }
    }

    /** The mean of each output channel of a layer, summed up over batches. */
    private static final class Mean {
        private final double[] sums;
        private final int fromEnd;
        private long count;

        Mean(WeightedLayer layer) {
            this.sums = new double[layer.outputs()];
            this.fromEnd = layer.channelFromEnd();
        }

        /**
         * Adds the outputs of one batch.
         *
         * @param used how many of the values belong to samples; those after them are padding
         */
        void add(FloatOutput out, int used) {
            Shape shape = out.shape();
            int axis = shape.rank() - 1 - fromEnd;
            int channels = sums.length;
            if (axis < 0 || shape.dim(axis) != channels) {
                throw new IllegalStateException(
                        out.name() + " is " + shape + ", " + channels + " channels were expected");
            }
            float[] values = out.values();
            int inner = Math.toIntExact(shape.inner(axis));
            for (int i = 0, run = 0; i < used; run++) {
                double sum = 0;
                for (int end = i + inner; i < end; i++) {
                    sum += values[i];
                }
                sums[run % channels] += sum;
            }
            count += used / channels;
        }

        double[] values() {
            double[] means = new double[sums.length];
            for (int c = 0; c < means.length; c++) {
                means[c] = count == 0 ? 0 : sums[c] / count;
            }
            return means;
        }
    }
}
