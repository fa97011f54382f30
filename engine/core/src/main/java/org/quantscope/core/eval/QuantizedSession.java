package org.quantscope.core.eval;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.model.Model;
import org.quantscope.core.model.WeightedLayer;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxGraph.BiasSite;
import org.quantscope.core.ort.FloatOutput;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.rewrite.GraphCut;
import org.quantscope.core.rewrite.GraphTaps;
import org.quantscope.core.rewrite.InstrumentedGraph;
import org.quantscope.core.rewrite.InstrumentedGraph.ActivationFeeds;
import org.quantscope.core.rewrite.InstrumentedGraph.Form;
import org.quantscope.core.rewrite.RunnableGraph;
import org.quantscope.core.rewrite.RuntimeGraph;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;

/**
 * A fake-quantized model in ONNX Runtime. These are fed as inputs: the selected weight, the parameters of the
 * activations, and whether the selected activation is quantized at all. So requests that differ only in those run on
 * the same session. Every other weight is built in, already quantized. The bias of a layer whose input and weight are
 * both quantized is fed, rounded as {@link IntegerBias} says; every other bias stays float, and is fed if it moves with
 * the codes of the selected weight.
 *
 * <p>A session with a selected tensor may be cut before it into a front and a back. The results of the front do not
 * depend on that tensor and can be kept ({@link #settingsInFront} says under which settings), so that a change of it
 * runs only the back.
 */
public final class QuantizedSession {
    private final Model model;
    private final String output;
    private final Optional<Part> front;
    private final Part back;
    private final List<String> crossings;
    private final Set<TensorId> switchable;
    private final Set<TensorId> weightsInFront;
    private final Set<TensorId> activationsInFront;
    private final Optional<String> weightFeed;
    private final Map<TensorId, ActivationFeeds> activations;
    private final Map<TensorId, InstrumentedGraph.BiasFeed> biases;
    private final boolean apart;

    private QuantizedSession(
            Model model,
            InstrumentedGraph graph,
            Optional<GraphCut> cut,
            Optional<Part> front,
            Part back,
            Set<TensorId> switchable,
            boolean apart) {
        this.model = model;
        this.apart = apart;
        this.output = Logits.predictionOutput(model);
        this.front = front;
        this.back = back;
        this.crossings = cut.map(GraphCut::crossings).orElse(List.of());
        this.switchable = switchable;
        this.weightFeed = graph.weightFeed();
        this.activations = graph.activations();
        this.biases = graph.biases();
        this.weightsInFront = model.tensors().stream()
                .map(Tensor::id)
                .filter(id -> cut.map(c -> c.storesInFront(id.name())
                                || Optional.ofNullable(biases.get(id))
                                        .filter(b -> c.feedsInFront().contains(b.name()))
                                        .isPresent())
                        .orElse(false))
                .collect(Collectors.toUnmodifiableSet());
        this.activationsInFront = activations.entrySet().stream()
                .filter(e -> cut.map(c -> c.feedsInFront().contains(e.getValue().key()))
                        .orElse(false))
                .map(Map.Entry::getKey)
                .collect(Collectors.toUnmodifiableSet());
    }

    /**
     * Everything that is built into a session: requests with equal keys can share one.
     *
     * @param selected the selected tensor, whose parameters are fed
     * @param others parameters of the quantized weights that are built in
     * @param activations the activations that have a quantizer, and its form
     * @param values chosen values of stored tensors other than the selected one
     * @param bias the float bias that moves with the codes of the selected weight, and is fed with it
     * @param apart true if each sample has ranges of its own and is therefore run alone
     */
    public record Key(
            Optional<TensorId> selected,
            Map<TensorId, QuantParams> others,
            Map<TensorId, Form> activations,
            Map<TensorId, ChosenValues> values,
            Optional<TensorId> bias,
            boolean apart) {
        public Key {
            others = Map.copyOf(others);
            activations = Map.copyOf(activations);
            values = Map.copyOf(values);
        }

        /**
         * The key of a request. A selected activation has a quantizer even if it is switched off, so that switching it
         * on needs no other session.
         */
        public static Key of(EvalRequest request, Model model) {
            Map<TensorId, QuantParams> others = new HashMap<>(request.weights());
            request.selected().ifPresent(others::remove);
            Map<TensorId, Form> forms = new HashMap<>();
            int opset = model.graph().map(OnnxGraph::opset).orElse(0);
            request.activations().forEach((id, params) -> {
                if (params.slices() != 1) {
                    throw new BadInputException(
                            model.file(),
                            id.name(),
                            "activations are quantized per tensor, the setting has " + params.slices() + " scales");
                }
                try {
                    forms.put(id, Form.of(params, opset));
                } catch (IllegalArgumentException e) {
                    throw new BadInputException(model.file(), id.name(), String.valueOf(e.getMessage()));
                }
            });
            request.selected()
                    .filter(id -> isActivation(model, id))
                    .ifPresent(id -> forms.putIfAbsent(id, Form.ofUnknown(opset)));
            Map<TensorId, ChosenValues> values = new HashMap<>(request.values());
            request.selected().ifPresent(values::remove);
            values.keySet().removeAll(movingBiases(request, model));
            Optional<TensorId> bias = floatBias(request, model).filter(values::containsKey);
            bias.ifPresent(values::remove);
            return new Key(request.selected(), others, forms, values, bias, request.runsApart());
        }

        /** The stored bias of the selected weight's layer, if it has chosen values and stays float. */
        private static Optional<TensorId> floatBias(EvalRequest request, Model model) {
            TensorId weight = request.selected().orElse(null);
            if (weight == null
                    || !request.values().containsKey(weight)
                    || model.graph().isEmpty()) {
                return Optional.empty();
            }
            return WeightedLayer.of(model).stream()
                    .filter(layer -> layer.id().equals(weight))
                    .findFirst()
                    .flatMap(layer -> layer.movableBias(model))
                    .map(Tensor::id)
                    .filter(id -> !request.weights().containsKey(id));
        }

        /** Biases that are fed with every request, because the selected weight's parameters decide their codes or values. */
        private static Set<TensorId> movingBiases(EvalRequest request, Model model) {
            return sites(model).stream()
                    .filter(site -> request.selected().equals(Optional.of(site.weight()))
                            && request.values().containsKey(site.bias())
                            && IntegerBias.candidate(model, site).isPresent()
                            && request.activations().containsKey(site.activation())
                            && request.weights().containsKey(site.weight())
                            && !request.weights().containsKey(site.bias()))
                    .map(BiasSite::bias)
                    .collect(Collectors.toSet());
        }

        private static boolean isActivation(Model model, TensorId id) {
            return model.graph()
                    .map(g -> g.activations().stream().anyMatch(a -> a.id().equals(id)))
                    .orElse(false);
        }
    }

    /**
     * Exactly those settings that the results of the front depend on.
     *
     * @param crossings names of the values that cross the cut
     */
    public record FrontKey(
            List<String> crossings,
            Map<TensorId, QuantParams> weights,
            Map<TensorId, QuantParams> activations,
            Map<TensorId, ChosenValues> values) {}

    /** One graph in ONNX Runtime. The owner of the session closes it. */
    private record Part(OrtModel loaded, List<RuntimeGraph.Arranged> arranged, long bytes) {
        static Part load(
                RunnableGraph graph,
                InstrumentedGraph of,
                Set<String> fed,
                Set<String> alwaysOn,
                String origin,
                OrtModel.Options options,
                long largest,
                CancelToken cancel) {
            // Quantizers run as they are written: integer kernels would round differently.
            OrtModel.Options asWritten = options.withoutFusing();
            if (graph.bytes() > largest) {
                return new Part(OrtModel.load(graph, origin, asWritten), List.of(), graph.bytes());
            }
            Set<String> hidden = new HashSet<>(fed);
            while (true) {
                cancel.check();
                RuntimeGraph marked = RuntimeGraph.of(graph, of, hidden);
                RuntimeGraph.Finished finished =
                        marked.finish(OrtModel.optimized(marked.forOptimizer(), origin, asWritten), alwaysOn);
                if (finished.lost().isEmpty()) {
                    return new Part(
                            OrtModel.loadOptimized(finished.model(), origin, asWritten),
                            finished.arranged(),
                            finished.model().length);
                }
                hidden.removeAll(finished.lost());
            }
        }
    }

    /** As {@link #build(Model, Key, boolean, BakedWeights, OrtModel.Options, CancelToken)}, without a cut. */
    public static QuantizedSession build(Model model, Key key, OrtModel.Options options, CancelToken cancel) {
        return build(model, key, false, new BakedWeights(0), options, cancel);
    }

    /**
     * Builds a session.
     *
     * @param cut true to cut before the selected tensor, if there is one and anything is computed before it
     * @param known weights that are quantized already
     * @throws BadInputException if the key names a tensor that the model does not have
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static QuantizedSession build(
            Model model, Key key, boolean cut, BakedWeights known, OrtModel.Options options, CancelToken cancel) {
        return build(model, key, cut, known, options, RuntimeGraph.LARGEST, cancel);
    }

    /**
     * The same with another limit.
     *
     * @param largest graphs with more bytes in their tensors are not arranged for this processor first, see
     *     {@link RuntimeGraph#LARGEST}
     */
    static QuantizedSession build(
            Model model,
            Key key,
            boolean cut,
            BakedWeights known,
            OrtModel.Options options,
            long largest,
            CancelToken cancel) {
        return build(model, key, cut, known, List.of(), options, largest, cancel);
    }

    /**
     * Builds a session without a cut that also gives values from inside the graph.
     *
     * @param taps values computed by the graph, those that {@link #values} can give, as they are before their own
     *     quantizer
     */
    public static QuantizedSession build(
            Model model, Key key, List<TensorId> taps, OrtModel.Options options, CancelToken cancel) {
        return build(model, key, false, new BakedWeights(0), taps, options, RuntimeGraph.LARGEST, cancel);
    }

    private static QuantizedSession build(
            Model model,
            Key key,
            boolean cut,
            BakedWeights known,
            List<TensorId> taps,
            OrtModel.Options options,
            long largest,
            CancelToken cancel) {
        Map<TensorId, TensorData> baked = new LinkedHashMap<>();
        for (var entry : key.others().entrySet()) {
            cancel.check();
            ChosenValues chosen = key.values().get(entry.getKey());
            baked.put(
                    entry.getKey(),
                    chosen != null
                            ? known.get(entry.getKey(), chosen)
                            : known.get(tensor(model, entry.getKey()), entry.getValue(), cancel));
        }
        Optional<TensorId> weight =
                key.selected().filter(id -> !key.activations().containsKey(id));
        weight.ifPresent(id -> tensor(model, id));
        Set<TensorId> biases = new HashSet<>();
        Set<String> moving = new HashSet<>();
        for (BiasSite site : sites(model)) {
            boolean quantized = key.others().containsKey(site.weight()) || weight.equals(Optional.of(site.weight()));
            if (quantized
                    && key.activations().containsKey(site.activation())
                    && !key.others().containsKey(site.bias())) {
                IntegerBias.candidate(model, site).ifPresent(b -> {
                    biases.add(b.id());
                    if (key.selected().equals(Optional.of(site.weight()))
                            || key.selected().equals(Optional.of(site.activation()))) {
                        moving.add(b.id().name());
                    }
                });
            }
        }
        key.bias().ifPresent(id -> {
            biases.add(id);
            moving.add(id.name());
        });
        // The selected bias is fed already, and must not be fed twice.
        weight.ifPresent(biases::remove);
        key.values().forEach((id, chosen) -> {
            if (!biases.contains(id) && !key.others().containsKey(id)) {
                baked.put(id, known.get(id, chosen));
            }
        });
        InstrumentedGraph graph = InstrumentedGraph.build(model, weight, baked, key.activations(), biases);
        cancel.check();

        Set<String> fed = new HashSet<>();
        graph.weightFeed().ifPresent(fed::add);
        graph.biases().values().forEach(b -> fed.add(b.name()));
        graph.weightFeed().ifPresent(moving::add);
        key.selected().map(graph.activations()::get).ifPresent(f -> moving.addAll(f.names()));
        String origin = String.valueOf(model.file().getFileName());
        Set<TensorId> switchable = new HashSet<>();
        key.selected().ifPresent(id -> {
            switchable.add(id);
            // Activations that are tied to it and rounded again are switched together with it.
            model.graph().ifPresent(g -> g.placement().tiedTo(id).forEach(site -> switchable.add(site.id())));
        });
        switchable.retainAll(graph.activations().keySet());
        // What crosses a cut belongs to a whole batch.
        if (cut && !key.apart() && !moving.isEmpty()) {
            Optional<GraphCut> parts = GraphCut.of(
                    graph,
                    Set.copyOf(model.graph().orElseThrow().requiredInputs()),
                    Logits.predictionOutput(model),
                    moving);
            if (parts.isPresent()) {
                return inTwo(model, graph, parts.get(), fed, switchable, origin, options, largest, cancel);
            }
        }
        RunnableGraph whole = taps.isEmpty()
                ? graph.graph()
                : GraphTaps.add(graph.graph(), model.graph().orElseThrow(), taps);
        return new QuantizedSession(
                model,
                graph,
                Optional.empty(),
                Optional.empty(),
                Part.load(whole, graph, fed, alwaysOn(graph, switchable), origin, options, largest, cancel),
                switchable,
                key.apart());
    }

    private static Set<String> alwaysOn(InstrumentedGraph graph, Set<TensorId> switchable) {
        return graph.activations().entrySet().stream()
                .filter(e -> !switchable.contains(e.getKey()))
                .map(e -> e.getValue().on())
                .collect(Collectors.toUnmodifiableSet());
    }

    private static QuantizedSession inTwo(
            Model model,
            InstrumentedGraph graph,
            GraphCut cut,
            Set<String> fed,
            Set<TensorId> switchable,
            String origin,
            OrtModel.Options options,
            long largest,
            CancelToken cancel) {
        Set<String> alwaysOn = alwaysOn(graph, switchable);
        Part front = Part.load(cut.front(), graph, fed, alwaysOn, origin, options, largest, cancel);
        try {
            List<long[]> shapes = new ArrayList<>();
            cut.crossings().forEach(name -> shapes.add(front.loaded.outputShape(name)));
            Part back = Part.load(cut.back(shapes), graph, fed, alwaysOn, origin, options, largest, cancel);
            return new QuantizedSession(model, graph, Optional.of(cut), Optional.of(front), back, switchable, false);
        } catch (RuntimeException e) {
            front.loaded.close();
            throw e;
        }
    }

    private static List<BiasSite> sites(Model model) {
        return model.graph().map(OnnxGraph::biases).orElse(List.of());
    }

    private static Tensor tensor(Model model, TensorId id) {
        return model.find(id)
                .orElseThrow(() -> new BadInputException(model.file(), id.name(), "the model has no such tensor"));
    }

    /** The native sessions, in the order in which they run; the owner of this object closes them. */
    public List<OrtModel> loaded() {
        return front.map(f -> List.of(f.loaded, back.loaded)).orElseGet(() -> List.of(back.loaded));
    }

    /** The native memory that it holds, in bytes, roughly: its graphs, weights included. */
    long bytes() {
        return front.map(Part::bytes).orElse(0L) + back.bytes;
    }

    /** True if it is cut before the selected tensor. */
    public boolean isCut() {
        return front.isPresent();
    }

    /** The activations that a request may switch off: the selected one and those tied to it. */
    Set<TensorId> switchable() {
        return switchable;
    }

    /** The settings that the front's results under a request depend on. */
    public FrontKey settingsInFront(EvalRequest request) {
        return new FrontKey(
                crossings,
                restricted(request.weights(), weightsInFront),
                restricted(request.activations(), activationsInFront),
                restricted(request.values(), weightsInFront));
    }

    private static <T> Map<TensorId, T> restricted(Map<TensorId, T> settings, Set<TensorId> to) {
        Map<TensorId, T> out = new HashMap<>(settings);
        out.keySet().retainAll(to);
        return Map.copyOf(out);
    }

    /**
     * The values that are fed in addition to the samples.
     *
     * @param request one with this session's key; {@link #switchable} activations may be missing from it, which
     *     switches them off
     * @throws IllegalArgumentException if the request lacks another of the key's activations, or has one that is not in
     *     the key
     */
    public Feeds feeds(EvalRequest request, CancelToken cancel) {
        Feeds feeds = new Feeds(front.map(f -> f.loaded.inputNames()).orElse(Set.of()), back.loaded.inputNames());
        try {
            if (request.selected().isPresent() && weightFeed.isPresent()) {
                Tensor weight = tensor(model, request.selected().get());
                QuantParams params = request.weights().get(weight.id());
                ChosenValues chosen = request.values().get(weight.id());
                float[] values = params == null
                        ? weight.data().toFloats()
                        : chosen != null ? chosen.data().toFloats() : ErrorPass.fakeQuantize(weight, params, cancel);
                arranged(feeds, weightFeed.get(), values, weight.info().shape());
            }
            Set<TensorId> missing = new LinkedHashSet<>(request.activations().keySet());
            missing.removeAll(activations.keySet());
            if (!missing.isEmpty()) {
                throw new IllegalArgumentException("request: this session has no quantizer for " + missing);
            }
            Set<TensorId> off = new LinkedHashSet<>(activations.keySet());
            off.removeAll(request.activations().keySet());
            off.removeAll(switchable);
            if (!off.isEmpty()) {
                throw new IllegalArgumentException("request: this session cannot switch off " + off);
            }
            activations.forEach((id, names) -> {
                Optional<QuantParams> params =
                        Optional.ofNullable(request.activations().get(id));
                names.feed(
                        params, (name, type, shape, values) -> feeds.put(name, NativeTensor.of(values, shape, type)));
                feeds.put(names.on(), NativeTensor.flag(params.isPresent()));
            });
            for (BiasSite site : sites(model)) {
                InstrumentedGraph.BiasFeed feed = biases.get(site.bias());
                if (feed != null) {
                    QuantParams in = request.activations().get(site.activation());
                    QuantParams weight = request.weights().get(site.weight());
                    Optional<ChosenValues> chosen =
                            Optional.ofNullable(request.values().get(site.bias()));
                    float[] values = (in == null || weight == null
                                    ? Optional.<IntegerBias>empty()
                                    : IntegerBias.of(model, site, in, weight, chosen))
                            .map(IntegerBias::values)
                            .orElseGet(() -> chosen.map(ChosenValues::data)
                                    .orElseGet(() -> tensor(model, site.bias()).data())
                                    .toFloats());
                    arranged(feeds, feed.name(), values, feed.shape());
                }
            }
            Set<TensorId> atSites = sites(model).stream().map(BiasSite::bias).collect(Collectors.toSet());
            biases.forEach((id, feed) -> {
                if (!atSites.contains(id)) {
                    ChosenValues chosen = request.values().get(id);
                    float[] values = (chosen == null ? tensor(model, id).data() : chosen.data()).toFloats();
                    arranged(feeds, feed.name(), values, feed.shape());
                }
            });
            return feeds;
        } catch (RuntimeException e) {
            feeds.close();
            throw e;
        }
    }

    /** Adds a fed tensor in the layout that each part of the session wants. */
    private void arranged(Feeds feeds, String name, float[] values, Shape shape) {
        front.ifPresent(f -> f.arranged.stream()
                .filter(a -> a.feed().equals(name))
                .forEach(a -> feeds.putFront(a.input(), NativeTensor.of(a.arrange(values), a.shape(), DType.F32))));
        back.arranged.stream()
                .filter(a -> a.feed().equals(name))
                .forEach(a -> feeds.putBack(a.input(), NativeTensor.of(a.arrange(values), a.shape(), DType.F32)));
        boolean inFront = front.map(
                        f -> f.arranged.stream().anyMatch(a -> a.feed().equals(name)))
                .orElse(true);
        boolean inBack = back.arranged.stream().anyMatch(a -> a.feed().equals(name));
        if (!inFront && feeds.front.wants(name)) {
            feeds.putFront(name, NativeTensor.of(values, shape, DType.F32));
        }
        if (!inBack && feeds.back.wants(name)) {
            feeds.putBack(name, NativeTensor.of(values, shape, DType.F32));
        }
    }

    /** Values in native memory for the runs of one request. Closed by the thread that asked for them, after all runs. */
    public static final class Feeds implements AutoCloseable {
        private final Side front;
        private final Side back;
        private final List<NativeTensor> all = new ArrayList<>();

        private record Side(Set<String> inputs, Map<String, NativeTensor> byName) {
            boolean wants(String name) {
                return inputs.contains(name);
            }
        }

        private Feeds(Set<String> front, Set<String> back) {
            this.front = new Side(front, new LinkedHashMap<>());
            this.back = new Side(back, new LinkedHashMap<>());
        }

        private void put(String name, NativeTensor value) {
            all.add(value);
            for (Side side : List.of(front, back)) {
                if (side.wants(name)) {
                    side.byName.put(name, value);
                }
            }
        }

        private void putFront(String name, NativeTensor value) {
            all.add(value);
            front.byName.put(name, value);
        }

        private void putBack(String name, NativeTensor value) {
            all.add(value);
            back.byName.put(name, value);
        }

        @Override
        public void close() {
            all.forEach(NativeTensor::close);
        }
    }

    /** The logits of one batch, through the front and the back. */
    public Logits logits(SampleFeed feed, int[] samples, Feeds feeds, CancelToken cancel) {
        if (apart && samples.length > 1) {
            return ApartRuns.logits(model, feed, samples, one -> logits(feed, one, feeds, cancel));
        }
        if (front.isEmpty()) {
            return Logits.of(back.loaded, model, feed, samples, feeds.back.byName, cancel);
        }
        List<NativeTensor> crossing = front(feed, samples, feeds, cancel);
        try {
            return back(feed, samples, feeds, crossing, cancel);
        } finally {
            crossing.forEach(NativeTensor::close);
        }
    }

    /** The logits of one batch with further outputs, see {@link Logits#withOthers}. For a session without a cut. */
    public Logits.WithOthers withOthers(
            SampleFeed feed, int[] samples, Feeds feeds, List<String> others, CancelToken cancel) {
        if (apart && samples.length > 1) {
            return ApartRuns.withOthers(model, feed, samples, one -> withOthers(feed, one, feeds, others, cancel));
        }
        return Logits.withOthers(back.loaded, model, feed, samples, feeds.back.byName, others, cancel);
    }

    /** The values that cross the cut for one batch; the caller closes them. */
    List<NativeTensor> front(SampleFeed feed, int[] samples, Feeds feeds, CancelToken cancel) {
        OrtModel loaded = front.orElseThrow().loaded;
        try (SampleFeed.Batch batch = feed.load(samples, loaded.inputNames())) {
            Map<String, NativeTensor> in = new LinkedHashMap<>(feeds.front.byName);
            in.putAll(batch.byInput());
            return loaded.runNative(in, crossings, cancel);
        }
    }

    /** The logits of one batch from the values that cross the cut, which the caller still owns. */
    Logits back(SampleFeed feed, int[] samples, Feeds feeds, List<NativeTensor> crossing, CancelToken cancel) {
        Map<String, NativeTensor> in = new LinkedHashMap<>(feeds.back.byName);
        for (int i = 0; i < crossing.size(); i++) {
            in.put(crossings.get(i), crossing.get(i));
        }
        if (feed.inputs().stream().anyMatch(feeds.back::wants)) {
            return Logits.of(back.loaded, model, feed, samples, in, cancel);
        }
        return Logits.read(back.loaded.run(in, List.of(output), cancel).getFirst(), model, feed, samples);
    }

    /** The tapped values of one batch, in the order of {@code names}. For a session without a cut. */
    public List<FloatOutput> values(
            SampleFeed feed, int[] samples, Feeds feeds, List<String> names, CancelToken cancel) {
        if (apart && samples.length > 1) {
            return ApartRuns.values(model, feed, samples, one -> values(feed, one, feeds, names, cancel));
        }
        try (SampleFeed.Batch batch = feed.load(samples, back.loaded.inputNames())) {
            Map<String, NativeTensor> all = new LinkedHashMap<>(feeds.back.byName);
            all.putAll(batch.byInput());
            return back.loaded.run(all, names, cancel);
        }
    }
}
