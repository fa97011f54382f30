package org.quantscope.linalg.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.quantscope.core.eval.IntegerBias;
import org.quantscope.core.eval.Logits;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.model.Model;
import org.quantscope.core.model.WeightedLayer;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxGraph.BiasSite;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.onnx.Placement;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.rewrite.Halfway;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/** Makes the network that is trained out of a graph and its settings. */
final class NetworkBuilder {
    private final Model model;
    private final OnnxGraph graph;
    private final ResolvedSettings settings;
    private final Rates rates;
    private final boolean rounds;
    private final CancelToken cancel;
    private final List<OnnxNode> nodes;
    private final Set<String> live = new HashSet<>();
    private final Map<TensorId, Float> units = new TreeMap<>();
    private final Map<TensorId, String> kept = new TreeMap<>();
    private final Map<TensorId, BiasSite> sites = new HashMap<>();
    private final Network network;
    private final Recording recording;
    /** Index on the tape and shape of what is read under a name, after its quantizer. */
    private final Map<String, Node> values = new HashMap<>();

    /** A value on the tape. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Node(int index, int[] dims) {}

    /**
     * Makes a network.
     *
     * @param model with a graph, placed
     * @param settings where the ranges begin; every weight at its nearest level
     * @param samples of a batch; a model with a fixed batch size has its own
     * @throws BadInputException if something in the graph cannot be trained through, naming it
     */
    NetworkBuilder(
            Model model, ResolvedSettings settings, SampleFeed feed, int samples, Rates rates, CancelToken cancel) {
        this(model, settings, feed, samples, rates, true, cancel);
    }

    /** @param rounds false for the same tensors in float: nothing is rounded, neither weights nor activations */
    NetworkBuilder(
            Model model,
            ResolvedSettings settings,
            SampleFeed feed,
            int samples,
            Rates rates,
            boolean rounds,
            CancelToken cancel) {
        this.model = model;
        this.graph = model.graph().orElseThrow();
        this.settings = settings;
        this.rates = rates;
        this.rounds = rounds;
        this.cancel = cancel;
        String output = Logits.predictionOutput(model);
        this.nodes = TrainableOperators.before(graph, output);
        choose();
        markLive();
        if (!live.contains(output)) {
            throw refused(output, "no quantized weight has a share in it, so there is nothing to train");
        }
        Set<String> fixed = new HashSet<>();
        nodes.forEach(node -> node.outputs().stream()
                .filter(out -> !graph.types().dependsOnInput(out))
                .forEach(fixed::add));
        this.recording = Recording.of(model, feed, samples, nodes, fixed, cancel);
        this.network = new Network(recording.batch());
    }

    private BadInputException refused(String what, String why) {
        return new BadInputException(model.file(), what, why);
    }

    /** Quantized weights that stay as they are, and why. */
    Map<TensorId, String> kept() {
        return kept;
    }

    /** Decides which tensors are trained. */
    private void choose() {
        graph.biases().forEach(site -> sites.putIfAbsent(site.bias(), site));
        Map<TensorId, WeightedLayer> layers = new HashMap<>();
        WeightedLayer.of(model).forEach(layer -> layers.putIfAbsent(layer.id(), layer));
        Set<Integer> reached = new HashSet<>();
        nodes.forEach(node -> reached.add(node.index()));
        for (TensorId id : settings.weights().keySet()) {
            WeightedLayer layer = layers.get(id);
            if (layer == null) {
                kept.put(id, "no layer multiplies its input by it");
                continue;
            }
            Optional<String> why = layer.fixedWeight(model)
                    .or(() -> reached.contains(layer.node().index())
                            ? Optional.empty()
                            : Optional.of("it has no share in the output that is scored"));
            if (why.isPresent()) {
                kept.put(id, why.get());
                continue;
            }
            float unit = deviation(layer.weight().data().toFloats());
            units.put(id, unit);
            WeightedLayer.Bias own = layer.bias(model);
            Optional<Tensor> bias =
                    own.slot() == WeightedLayer.Bias.Slot.STORED ? own.tensor() : layer.addedBehind(model);
            bias.filter(b -> !settings.weights().containsKey(b.id())).ifPresent(b -> units.put(b.id(), unit));
        }
        if (units.isEmpty()) {
            throw refused("weights", "none that is quantized can be trained: " + kept);
        }
    }

    private static float deviation(float[] values) {
        double sum = 0;
        double square = 0;
        for (float v : values) {
            sum += v;
            square += (double) v * v;
        }
        double mean = sum / values.length;
        double deviation = Math.sqrt(Math.max(0, square / values.length - mean * mean));
        return deviation > 0 && Double.isFinite(deviation) ? (float) deviation : 1;
    }

    private void markLive() {
        settings.activations().keySet().forEach(id -> live.add(id.name()));
        units.keySet().forEach(id -> live.add(id.name()));
        settings.weights().keySet().forEach(id -> live.add(id.name()));
        for (OnnxNode node : nodes) {
            if (node.reads().stream().anyMatch(live::contains) && !TrainableOperators.SHAPES.contains(node.opType())) {
                TrainableOperators.obstacle(node).ifPresent(why -> {
                    throw refused(node.outputs().getFirst(), why);
                });
                node.outputs().stream().filter(out -> !out.isEmpty()).forEach(live::add);
            }
        }
    }

    /** Builds it. */
    Network build() {
        Operators operators = new Operators(this, network);
        for (OnnxNode node : nodes) {
            cancel.check();
            boolean trains = node.reads().stream().anyMatch(live::contains)
                    && !TrainableOperators.SHAPES.contains(node.opType());
            if (trains) {
                for (String out : node.outputs()) {
                    boolean used = isOutput(out)
                            || (!out.isEmpty() && !graph.consumers(out).isEmpty());
                    if (used && !graph.types().isFloat32(out)) {
                        throw refused(out, node.opType() + " " + node.name() + ": only float32 can be trained through");
                    }
                }
                operators.add(node);
                Set.copyOf(node.outputs()).forEach(this::round);
            }
        }
        Node out = read(Logits.predictionOutput(model));
        network.output = out.index;
        network.outputDims = out.dims;
        return network;
    }

    private boolean isOutput(String out) {
        return out.equals(Logits.predictionOutput(model));
    }

    /** Puts the quantizer behind a value that has one. */
    private void round(String name) {
        Node raw = values.get(name);
        TensorId id = new TensorId(name);
        QuantParams params = settings.activations().get(id);
        if (!rounds || raw == null || params == null || isOnItsGrid(id)) {
            return;
        }
        if (params.runRange().isPresent()) {
            throw refused(
                    name, "its range is found while the network runs; training takes ranges that are chosen before");
        }
        TensorId owner = graph.placement().parametersOf(id).orElse(id);
        ActivationRange range = network.activationRanges.computeIfAbsent(
                owner,
                x -> new ActivationRange(
                        params,
                        rates.ranges(settings.find(owner)),
                        rates.zeroPoints(settings.find(owner)),
                        rates.pact()));
        int rounded = network.tape.add(Dims.count(raw.dims), true);
        float share = isAverage(name) ? Halfway.SHARE : 0;
        network.operations.add(new ActivationRange.Rounded(raw.index, rounded, range, share));
        values.put(name, new Node(rounded, raw.dims));
    }

    private boolean isAverage(String name) {
        return nodes.stream()
                .anyMatch(n -> n.opType().equals("AveragePool") && n.outputs().contains(name));
    }

    /** True for a value that was only moved, so that it lies on the grid of another one already. */
    private boolean isOnItsGrid(TensorId id) {
        return graph.placement().sites().stream()
                .filter(site -> site.id().equals(id))
                .anyMatch(site -> site.state() == Placement.State.TIED && !site.rounds());
    }

    void put(String name, int index, int[] dims) {
        values.put(name, new Node(index, dims));
    }

    /** The shape of a value when the float model computes it. */
    int[] dims(String name) {
        Tensor stored = model.find(new TensorId(name)).orElse(null);
        return stored != null ? Recording.dims(stored.info().shape().toArray()) : recording.dims(model, name);
    }

    /** The numbers of a value that does not depend on what is fed. */
    float[] constant(OnnxNode reader, String name) {
        Tensor stored = model.find(new TensorId(name)).orElse(null);
        float[] known =
                stored != null ? stored.data().toFloats() : recording.values().get(name);
        if (known == null) {
            throw refused(name, reader.opType() + " " + reader.name() + " reads it as a parameter, and it is computed");
        }
        return known;
    }

    /** A value as an operation reads it: on the tape, with its quantizer. */
    Node read(String name) {
        Node known = values.get(name);
        if (known != null) {
            return known;
        }
        TensorId id = new TensorId(name);
        Tensor stored = model.find(id).orElse(null);
        if (stored != null) {
            values.put(name, stored(id, stored));
        } else if (recording.values().containsKey(name)) {
            float[] numbers = Objects.requireNonNull(recording.values().get(name));
            put(name, network.tape.add(numbers, false), dims(name));
        } else {
            int[] dims = dims(name);
            if (dims.length == 0 || dims[0] % network.batch != 0) {
                throw refused(name, "its first dimension is not the batch, it is " + Arrays.toString(dims));
            }
            int index = network.tape.add(Dims.count(dims), false);
            network.fed.put(name, index);
            put(name, index, dims);
            round(name);
        }
        return Objects.requireNonNull(values.get(name));
    }

    private Node stored(TensorId id, Tensor tensor) {
        int[] dims = Recording.dims(tensor.info().shape().toArray());
        QuantParams params = settings.weights().get(id);
        Float unit = units.get(id);
        if (unit == null) {
            float[] numbers = params == null || !rounds
                    ? tensor.data().toFloats()
                    : ErrorPass.fakeQuantize(tensor, params, cancel);
            Node fixed = new Node(network.tape.add(numbers, false), dims);
            return params == null ? roundedBias(id, fixed) : fixed;
        }
        float[] numbers = tensor.data().toFloats().clone();
        int index = network.tape.add(numbers, true);
        double rate = (params == null ? rates.biases() : rates.weights()) * unit;
        network.variables.put(id, new Network.Variable(index, new Trained(numbers, rate)));
        if (params == null || !rounds) {
            return roundedBias(id, new Node(index, dims));
        }
        WeightRange range = range(tensor, params);
        int rounded = network.tape.add(numbers.length, true);
        network.operations.add(new WeightRange.Rounded(index, rounded, range));
        return new Node(rounded, dims);
    }

    private WeightRange range(Tensor tensor, QuantParams params) {
        return network.weightRanges.computeIfAbsent(
                tensor.id(), id -> new WeightRange(tensor.info(), params, rates.scales(settings.find(id))));
    }

    /** Puts the rounding of an integer kernel behind a bias whose layer has a quantized input and weight. */
    private Node roundedBias(TensorId id, Node bias) {
        BiasSite site = sites.get(id);
        if (site == null || !rounds) {
            return bias;
        }
        QuantParams in = settings.activations().get(site.activation());
        QuantParams weight = settings.weights().get(site.weight());
        if (in == null
                || weight == null
                || IntegerBias.of(model, site, in, weight).isEmpty()) {
            return bias;
        }
        ActivationRange input = network.activationRanges.get(site.activation());
        if (input == null) {
            return bias;
        }
        Tensor w = model.find(site.weight()).orElseThrow();
        int rounded = network.tape.add(Dims.count(bias.dims), network.tape.isTrained(bias.index));
        network.operations.add(new RoundedBias(bias.index, rounded, input, range(w, weight)));
        return new Node(rounded, bias.dims);
    }

    OnnxGraph graph() {
        return graph;
    }

    BadInputException cannot(OnnxNode node, String why) {
        return refused(node.outputs().getFirst(), node.opType() + " " + node.name() + ": " + why);
    }

    List<Node> all(List<String> names) {
        List<Node> found = new ArrayList<>();
        names.forEach(name -> found.add(read(name)));
        return found;
    }
}
