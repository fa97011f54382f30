package org.quantscope.core.rewrite;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.rewrite.InstrumentedGraph.Quantizer;

/**
 * An instrumented graph cut into two: the part before the moving feeds, and everything that depends on them.
 *
 * <p>The <i>back</i> holds every node that depends on one of the moving feeds and that the output needs. The <i>cut</i>
 * are the values that those nodes read and that depend on the samples but not on the moving feeds, so residual
 * connections and branches that pass the moving tensor are cut too, each once. The <i>front</i> computes the cut from
 * the samples. Nodes that depend on neither are in both parts. If a cut value comes from a quantizer with 8-bit codes,
 * the codes cross the cut instead of it, which are a quarter of the bytes; such a quantizer must be switched on.
 */
public final class GraphCut {
    private static final String SHARED_DIMENSION = "cut_dim_";

    private final InstrumentedGraph instrumented;
    private final ModelProto front;
    private final ModelProto back;
    private final List<Crossing> crossings;
    private final Set<String> initializersInFront;
    private final Set<String> feedsInFront;

    private GraphCut(InstrumentedGraph instrumented, ModelProto front, ModelProto back, List<Crossing> crossings) {
        this.instrumented = instrumented;
        this.front = front;
        this.back = back;
        this.crossings = List.copyOf(crossings);
        this.initializersInFront = stored(front.getGraph());
        this.feedsInFront = inputs(front.getGraph());
    }

    /**
     * A value that is computed by the front and read by the back.
     *
     * @param name name of the front's output and of the back's input
     * @param type an ONNX code
     */
    private record Crossing(String name, int type) {}

    /**
     * Cuts a graph.
     *
     * @param graph the whole graph
     * @param samples the inputs that take the samples
     * @param output the value to be computed
     * @param moving inputs that change while the results of the front stay valid
     * @return empty if the front would have nothing to compute, or the output does not depend on the moving inputs
     */
    public static Optional<GraphCut> of(
            InstrumentedGraph graph, Set<String> samples, String output, Set<String> moving) {
        return new Cutter(graph, samples, output).cut(moving);
    }

    /** The model of the front: it computes the values that cross the cut from the samples. */
    public RunnableGraph front() {
        return instrumented.graph().with(front);
    }

    /**
     * The model of the back: it computes the output from the values that cross the cut.
     *
     * @param shapes of the values that cross, in the order of {@link #crossings}, as the session of the front reports
     *     them: negative for a free dimension, empty if unknown
     */
    public RunnableGraph back(List<long[]> shapes) {
        GraphProto.Builder g = back.getGraph().toBuilder();
        for (int i = 0; i < crossings.size(); i++) {
            TypeProto.Tensor.Builder tensor =
                    TypeProto.Tensor.newBuilder().setElemType(crossings.get(i).type());
            long[] shape = shapes.get(i);
            for (int d = 0; d < shape.length; d++) {
                if (shape[d] >= 0) {
                    tensor.getShapeBuilder().addDimBuilder().setDimValue(shape[d]);
                } else {
                    // The first free dimension is the batch, the same for all values.
                    tensor.getShapeBuilder()
                            .addDimBuilder()
                            .setDimParam(d == 0 ? SHARED_DIMENSION + "batch" : SHARED_DIMENSION + i + "_" + d);
                }
            }
            g.addInput(ValueInfoProto.newBuilder()
                    .setName(crossings.get(i).name())
                    .setType(TypeProto.newBuilder().setTensorType(tensor)));
        }
        return instrumented.graph().with(back.toBuilder().setGraph(g).build());
    }

    /** The names of the values that cross the cut. */
    public List<String> crossings() {
        return crossings.stream().map(Crossing::name).toList();
    }

    /** True if the front reads a stored tensor of that name. */
    public boolean storesInFront(String name) {
        return initializersInFront.contains(name);
    }

    /** The inputs of the front. */
    public Set<String> feedsInFront() {
        return feedsInFront;
    }

    private static Set<String> stored(GraphProto graph) {
        return OnnxGraph.storedNames(graph);
    }

    private static Set<String> inputs(GraphProto graph) {
        Set<String> names = new HashSet<>();
        graph.getInputList().forEach(v -> names.add(v.getName()));
        return names;
    }

    /** The values that a node reads, including those that its subgraphs take from outside. */
    static Set<String> reads(NodeProto node) {
        Set<String> names = new LinkedHashSet<>();
        node.getInputList().stream().filter(in -> !in.isEmpty()).forEach(names::add);
        for (AttributeProto a : node.getAttributeList()) {
            if (a.hasG()) {
                names.addAll(captured(a.getG()));
            }
            a.getGraphsList().forEach(g -> names.addAll(captured(g)));
        }
        return names;
    }

    private static Set<String> captured(GraphProto sub) {
        Set<String> own = new HashSet<>();
        sub.getInputList().forEach(v -> own.add(v.getName()));
        sub.getInitializerList().forEach(t -> own.add(t.getName()));
        sub.getNodeList().forEach(n -> own.addAll(n.getOutputList()));
        Set<String> names = new LinkedHashSet<>();
        sub.getNodeList()
                .forEach(n -> reads(n).stream().filter(r -> !own.contains(r)).forEach(names::add));
        sub.getOutputList().stream()
                .map(ValueInfoProto::getName)
                .filter(r -> !own.contains(r))
                .forEach(names::add);
        return names;
    }

    private static final class Cutter {
        private final InstrumentedGraph instrumented;
        private final GraphProto graph;
        private final Set<String> samples;
        private final String output;
        private final Map<String, NodeProto> producers;

        Cutter(InstrumentedGraph instrumented, Set<String> samples, String output) {
            this.instrumented = instrumented;
            this.graph = instrumented.proto().getGraph();
            this.samples = samples;
            this.output = output;
            this.producers = OnnxGraph.producers(graph);
        }

        Optional<GraphCut> cut(Set<String> moving) {
            Set<String> dependent = forward(moving);
            if (!dependent.contains(output)) {
                return Optional.empty();
            }
            Set<String> fromSamples = forward(samples);
            Set<String> wantedInBack = new LinkedHashSet<>(Set.of(output));
            Set<String> cut = new LinkedHashSet<>();
            backward(wantedInBack, v -> {
                boolean crosses = !dependent.contains(v) && fromSamples.contains(v);
                if (crosses) {
                    cut.add(v);
                }
                return !crosses;
            });
            cut.removeAll(samples);
            if (cut.isEmpty() || cut.stream().anyMatch(v -> type(v) == DataType.UNDEFINED_VALUE)) {
                return Optional.empty();
            }
            wantedInBack.removeAll(cut);

            List<Crossing> crossings = new ArrayList<>();
            List<NodeProto> encoders = new ArrayList<>();
            List<NodeProto> decoders = new ArrayList<>();
            Set<String> wantedInFront = new LinkedHashSet<>();
            for (String value : cut) {
                Quantizer q = instrumented.quantizers().get(value);
                if (q != null && q.hasCodes()) {
                    String codes = value + "_codes";
                    InstrumentedGraph.Chain encode = new InstrumentedGraph.Chain(value + "_encode", q.from());
                    InstrumentedGraph.encode(encode, q);
                    encode.name(codes);
                    InstrumentedGraph.Chain decode = new InstrumentedGraph.Chain(value + "_decode", codes);
                    InstrumentedGraph.decode(decode, q);
                    decode.name(value);
                    encoders.addAll(encode.nodes());
                    decoders.addAll(decode.nodes());
                    encode.nodes().forEach(n -> wantedInFront.addAll(reads(n)));
                    decode.nodes().forEach(n -> wantedInBack.addAll(reads(n)));
                    crossings.add(new Crossing(codes, DataType.UINT8_VALUE));
                } else {
                    wantedInFront.add(value);
                    crossings.add(new Crossing(value, type(value)));
                }
            }
            backward(wantedInFront, v -> true);
            List<ValueInfoProto> frontOutputs = crossings.stream()
                    .map(c -> ValueInfoProto.newBuilder()
                            .setName(c.name())
                            .setType(TypeProto.newBuilder()
                                    .setTensorType(TypeProto.Tensor.newBuilder().setElemType(c.type())))
                            .build())
                    .toList();
            List<ValueInfoProto> backOutputs = graph.getOutputList().stream()
                    .filter(v -> v.getName().equals(output))
                    .toList();
            ModelProto front = part(wantedInFront, List.of(), encoders, frontOutputs);
            ModelProto back = part(wantedInBack, decoders, List.of(), backOutputs);
            return Optional.of(new GraphCut(instrumented, front, back, crossings));
        }

        private int type(String value) {
            return instrumented.type(value);
        }

        private Set<String> forward(Collection<String> from) {
            Set<String> reached = new HashSet<>(from);
            for (NodeProto node : graph.getNodeList()) {
                if (reads(node).stream().anyMatch(reached::contains)) {
                    reached.addAll(node.getOutputList());
                }
            }
            return reached;
        }

        /**
         * Adds everything that {@code wanted} is computed from; {@code follow} decides whether to continue beyond a
         * value.
         */
        private void backward(Set<String> wanted, java.util.function.Predicate<String> follow) {
            List<String> open = new ArrayList<>(wanted);
            while (!open.isEmpty()) {
                NodeProto node = producers.get(open.removeLast());
                if (node != null) {
                    for (String read : reads(node)) {
                        if (wanted.add(read) && follow.test(read)) {
                            open.add(read);
                        }
                    }
                }
            }
        }

        private ModelProto part(
                Set<String> wanted, List<NodeProto> before, List<NodeProto> behind, List<ValueInfoProto> outputs) {
            GraphProto.Builder g = GraphProto.newBuilder().setName(graph.getName());
            g.addAllNode(before);
            for (NodeProto node : graph.getNodeList()) {
                if (node.getOutputList().stream().anyMatch(wanted::contains)) {
                    g.addNode(node);
                }
            }
            g.addAllNode(behind);
            for (TensorProto t : graph.getInitializerList()) {
                if (wanted.contains(t.getName())) {
                    g.addInitializer(t);
                }
            }
            graph.getInputList().stream()
                    .filter(v -> wanted.contains(v.getName()))
                    .forEach(g::addInput);
            Map<String, ValueInfoProto> known = new LinkedHashMap<>();
            graph.getValueInfoList().stream()
                    .filter(v -> wanted.contains(v.getName()))
                    .forEach(v -> known.put(v.getName(), v));
            outputs.forEach(v -> known.remove(v.getName()));
            g.addAllValueInfo(known.values());
            g.addAllOutput(outputs);
            return instrumented.proto().toBuilder().setGraph(g).build();
        }
    }

    /** For tests: the number of nodes of each part. */
    Map<String, Integer> sizes() {
        Map<String, Integer> sizes = new HashMap<>();
        sizes.put("front", front.getGraph().getNodeCount());
        sizes.put("back", back.getGraph().getNodeCount());
        return sizes;
    }
}
