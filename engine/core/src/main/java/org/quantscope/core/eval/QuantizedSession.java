package org.quantscope.core.eval;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.GraphTaps;
import org.quantscope.core.onnx.InstrumentedGraph;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxGraph.BiasSite;
import org.quantscope.core.ort.FloatOutput;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * A fake-quantized model in ONNX Runtime. The weight in hand and the parameters of the activations are fed, so requests that
 * differ only in those run on the same session; every other weight is built in, already quantized. A bias is fed where both
 * the input and the weight of its layer are quantized, rounded as {@link IntegerBias} says; every other bias stays float.
 */
public final class QuantizedSession {
    private final Model model;
    private final OrtModel loaded;
    private final Optional<String> weightFeed;
    private final Map<TensorId, InstrumentedGraph.ActivationFeeds> activations;
    private final Map<TensorId, InstrumentedGraph.BiasFeed> biases;

    private QuantizedSession(Model model, OrtModel loaded, InstrumentedGraph graph) {
        this.model = model;
        this.loaded = loaded;
        this.weightFeed = graph.weightFeed();
        this.activations = graph.activations();
        this.biases = graph.biases();
    }

    /**
     * All that a session has built in: requests with equal keys can share one.
     *
     * @param inHand the weight that is fed
     * @param others parameters of the quantized weights that are built in
     * @param activations the activations with a quantizer
     */
    public record Key(Optional<TensorId> inHand, Map<TensorId, QuantParams> others, Set<TensorId> activations) {
        public Key {
            others = Map.copyOf(others);
            activations = Set.copyOf(activations);
        }

        public static Key of(EvalRequest request) {
            Map<TensorId, QuantParams> others = new HashMap<>(request.weights());
            request.inHand().ifPresent(others::remove);
            return new Key(request.inHand(), others, request.activations().keySet());
        }
    }

    /**
     * Builds one.
     *
     * @throws BadInputException if the key names a tensor that the model does not have
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static QuantizedSession build(Model model, Key key, OrtModel.Options options, CancelToken cancel) {
        return build(model, key, List.of(), options, cancel);
    }

    /**
     * Builds one that also gives values from inside.
     *
     * @param taps computed by the graph; what {@link #values} may be asked for. A quantizer of their own lies behind them
     */
    static QuantizedSession build(Model model, Key key, List<TensorId> taps, OrtModel.Options options, CancelToken cancel) {
        Map<TensorId, float[]> baked = new LinkedHashMap<>();
        for (var entry : key.others().entrySet()) {
            cancel.check();
            baked.put(entry.getKey(), ErrorPass.fakeQuantize(tensor(model, entry.getKey()), entry.getValue(), cancel));
        }
        key.inHand().ifPresent(id -> tensor(model, id));
        Set<TensorId> biases = new HashSet<>();
        for (BiasSite site : sites(model)) {
            boolean weight = key.others().containsKey(site.weight()) || key.inHand().equals(Optional.of(site.weight()));
            if (weight && key.activations().contains(site.activation())) {
                IntegerBias.candidate(model, site).ifPresent(b -> biases.add(b.id()));
            }
        }
        InstrumentedGraph graph = InstrumentedGraph.build(model, key.inHand(), baked, key.activations(), biases);
        cancel.check();
        byte[] bytes = taps.isEmpty() ? graph.model() : GraphTaps.add(graph.model(), model.graph().orElseThrow(), taps);
        return new QuantizedSession(model, OrtModel.load(bytes, String.valueOf(model.file().getFileName()), options), graph);
    }

    private static List<BiasSite> sites(Model model) {
        return model.graph().map(OnnxGraph::biases).orElse(List.of());
    }

    private static Tensor tensor(Model model, TensorId id) {
        return model.find(id).orElseThrow(() -> new BadInputException(model.file(), id.name(), "the model has no such tensor"));
    }

    /** The native session; this object's owner closes it. */
    public OrtModel loaded() {
        return loaded;
    }

    /**
     * What is fed besides the samples.
     *
     * @param request of this session's key
     */
    public Feeds feeds(EvalRequest request, CancelToken cancel) {
        Feeds feeds = new Feeds();
        try {
            if (request.inHand().isPresent() && weightFeed.isPresent()) {
                Tensor weight = tensor(model, request.inHand().get());
                QuantParams params = request.weights().get(weight.id());
                float[] values = params == null ? weight.data().toFloats() : ErrorPass.fakeQuantize(weight, params, cancel);
                feeds.byName.put(weightFeed.get(), NativeTensor.of(values, weight.info().shape(), DType.F32));
            }
            request.activations().forEach((id, params) -> {
                InstrumentedGraph.ActivationFeeds names = activations.get(id);
                if (!params.isAffine()) {
                    throw new BadInputException(model.file(), id.name(), "activations are quantized with a scale and a zero point, the setting has a codebook");
                }
                if (params.slices() != 1 || names == null) {
                    throw new BadInputException(model.file(), id.name(), "activations are quantized per tensor, the setting has " + params.slices() + " scales");
                }
                feeds.byName.put(names.scale(), NativeTensor.scalar(params.scale(0)));
                feeds.byName.put(names.lo(), NativeTensor.scalar(params.qmin() - params.zeroPoint(0)));
                feeds.byName.put(names.hi(), NativeTensor.scalar(params.qmax() - params.zeroPoint(0)));
            });
            for (BiasSite site : sites(model)) {
                InstrumentedGraph.BiasFeed feed = biases.get(site.bias());
                if (feed != null) {
                    QuantParams in = request.activations().get(site.activation());
                    QuantParams weight = request.weights().get(site.weight());
                    float[] values = (in == null || weight == null ? Optional.<IntegerBias>empty() : IntegerBias.of(model, site, in, weight))
                            .map(IntegerBias::values)
                            .orElseGet(() -> tensor(model, site.bias()).data().toFloats());
                    feeds.byName.put(feed.name(), NativeTensor.of(values, feed.shape(), DType.F32));
                }
            }
            return feeds;
        } catch (RuntimeException e) {
            feeds.close();
            throw e;
        }
    }

    /** Values in native memory for the runs of one request. */
    public static final class Feeds implements AutoCloseable {
        private final Map<String, NativeTensor> byName = new LinkedHashMap<>();

        private Feeds() {}

        Map<String, NativeTensor> byName() {
            return byName;
        }

        @Override
        public void close() {
            byName.values().forEach(NativeTensor::close);
        }
    }

    /** The logits of one batch. */
    public Logits logits(SampleFeed feed, int[] samples, Feeds feeds, CancelToken cancel) {
        return Logits.of(loaded, model, feed, samples, feeds.byName, cancel);
    }

    /** Tapped values of one batch, in the order of {@code names}. */
    List<FloatOutput> values(SampleFeed feed, int[] samples, Feeds feeds, List<String> names, CancelToken cancel) {
        try (NativeTensor batch = feed.load(samples)) {
            Map<String, NativeTensor> all = new LinkedHashMap<>(feeds.byName);
            all.put(feed.input(), batch);
            return loaded.run(all, names, cancel);
        }
    }
}
