package org.quantscope.core.rewrite;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.InvalidProtocolBufferException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.quantscope.core.onnx.ElementTypes;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.rewrite.InstrumentedGraph.Quantizer;
import org.quantscope.core.tensor.Shape;

/**
 * Takes a graph through ONNX Runtime's optimizer, with inputs that stay exchangeable.
 *
 * <p>The optimizer lays convolutions out in blocks of channels, which is two to four times as fast. It does so only if
 * their weights are constants, and it returns to the ordinary layout before every operator that it does not know, such
 * as a quantizer. Therefore weights and biases that are to be fed are constants while it works, and each of their
 * values is a number that marks where it comes from. Afterwards these marks show how the optimizer has arranged and
 * padded the values, and the constants become inputs in that arrangement. Then operators that work on each value
 * separately are moved into the blocked layout. A quantizer that is never switched off needs no {@code If} (which was
 * measured to take a tenth of a depthwise network's time), but it keeps one until the optimizer is done, because the
 * optimizer leaves the inside of an {@code If} alone. None of this changes a single bit of any result.
 *
 * <p>The optimizer's output is specific to the processor that it ran on, and is never saved.
 */
public final class RuntimeGraph {
    /**
     * Graphs with more bytes in their tensors are run without optimizing first, because the optimizer hands over its
     * output in a file.
     */
    public static final long LARGEST = 256L << 20;

    private static final String BLOCKED_DOMAIN = "com.microsoft.nchwc";
    /**
     * The first mark, above the numbers that weights are likely to hold. Float32 represents every whole number up to
     * 2^24 exactly.
     */
    private static final int FIRST_MARK = 1 << 22;

    private static final int LAST_MARK = 1 << 24;

    /**
     * Operators with one input that may be applied to the padding too: a 0 there stays finite, and the weights of the
     * padding are 0.
     */
    private static final Set<String> UNARY =
            Set.of("Relu", "LeakyRelu", "Sigmoid", "Tanh", "Elu", "HardSigmoid", "HardSwish", "Identity", "Clip");

    private static final Set<String> BINARY = Set.of("Add", "Sub", "Mul");

    private final ModelProto marked;
    private final Map<String, Mark> marks;
    private final Map<String, Quantizer> quantizers;

    private RuntimeGraph(ModelProto marked, Map<String, Mark> marks, Map<String, Quantizer> quantizers) {
        this.marked = marked;
        this.marks = marks;
        this.quantizers = quantizers;
    }

    /** The marks {@code first} to {@code first + count − 1} stand for the values of one fed tensor. */
    private record Mark(String feed, int first, int count) {}

    /** How one input of the finished graph takes the values of a fed tensor. */
    public static final class Arranged {
        private final String input;
        private final String feed;
        private final int[] from;
        private final Shape shape;

        /** @param from for each value of the input the index in the fed tensor, −1 for 0 */
        private Arranged(String input, String feed, int[] from, Shape shape) {
            this.input = input;
            this.feed = feed;
            this.from = from;
            this.shape = shape;
        }

        /** The input's name. */
        public String input() {
            return input;
        }

        /** The input of the instrumented graph whose values it takes. */
        public String feed() {
            return feed;
        }

        /** The shape in which it is fed. */
        public Shape shape() {
            return shape;
        }

        /** The values of the fed tensor in that arrangement. */
        public float[] arrange(float[] values) {
            float[] out = new float[from.length];
            for (int i = 0; i < out.length; i++) {
                out[i] = from[i] < 0 ? 0 : values[from[i]];
            }
            return out;
        }
    }

    /** The graph that is run. */
    public static final class Finished {
        private final byte[] model;
        private final List<Arranged> arranged;
        private final Set<String> lost;

        private Finished(byte[] model, List<Arranged> arranged, Set<String> lost) {
            this.model = model;
            this.arranged = arranged;
            this.lost = lost;
        }

        /** The serialized optimized model; not copied. */
        public byte[] model() {
            return model;
        }

        /** How the marked tensors are fed. */
        public List<Arranged> arranged() {
            return arranged;
        }

        /**
         * Marked tensors that the optimizer has combined with others; if there are any, {@link #model} cannot be used.
         */
        public Set<String> lost() {
            return lost;
        }
    }

    /**
     * Marks tensors in a graph.
     *
     * @param graph a whole graph or one part of a cut
     * @param of the instrumented graph that it is part of
     * @param fed float32 inputs to mark; those that the graph does not have or that are too large stay inputs
     */
    public static RuntimeGraph of(RunnableGraph graph, InstrumentedGraph of, Set<String> fed) {
        ModelProto model = graph.proto();
        GraphProto.Builder g = model.getGraph().toBuilder().clearInput();
        Map<String, Mark> marks = new LinkedHashMap<>();
        int next = FIRST_MARK;
        for (ValueInfoProto input : model.getGraph().getInputList()) {
            String name = input.getName();
            long count =
                    OnnxGraph.declaredShape(input).stream().mapToLong(d -> d).reduce(1, (a, b) -> a * b);
            if (!fed.contains(name) || count < 1 || count > LAST_MARK - next) {
                g.addInput(input);
                continue;
            }
            float[] values = new float[(int) count];
            for (int i = 0; i < values.length; i++) {
                values[i] = next + i;
            }
            long[] dims =
                    OnnxGraph.declaredShape(input).stream().mapToLong(d -> d).toArray();
            g.addInitializer(TensorEncoding.floats(name, org.quantscope.core.tensor.DType.F32, Shape.of(dims), values));
            marks.put(name, new Mark(name, next, values.length));
            next += values.length;
        }
        return new RuntimeGraph(model.toBuilder().setGraph(g).build(), marks, of.quantizers());
    }

    /** The graph for the optimizer. */
    public byte[] forOptimizer() {
        return marked.toByteArray();
    }

    /**
     * Takes the optimizer's output.
     *
     * @param optimized the optimized form of {@link #forOptimizer}
     * @param alwaysOn the {@linkplain InstrumentedGraph.ActivationFeeds#on flags} that are true in every run; they are
     *     removed from the inputs
     */
    public Finished finish(byte[] optimized, Set<String> alwaysOn) {
        ModelProto model = parse(optimized);
        GraphProto.Builder g = model.getGraph().toBuilder();
        List<Arranged> arranged = marks.isEmpty() ? List.of() : unmark(g);
        Set<String> lost = new HashSet<>(marks.keySet());
        arranged.forEach(a -> lost.remove(a.feed));
        new Layout(g).spread();
        TakenBranches.take(g, alwaysOn);
        ModelProto.Builder finished = model.toBuilder().setGraph(g);
        Set<String> domains = new HashSet<>();
        g.getNodeList().forEach(n -> domainsOf(n, domains));
        List<OperatorSetIdProto> imports = model.getOpsetImportList().stream()
                .filter(o -> o.getDomain().isEmpty() || domains.contains(o.getDomain()))
                .toList();
        finished.clearOpsetImport().addAllOpsetImport(imports);
        return new Finished(finished.build().toByteArray(), arranged, lost);
    }

    private static void domainsOf(NodeProto node, Set<String> domains) {
        domains.add(node.getDomain());
        for (AttributeProto a : node.getAttributeList()) {
            if (a.hasG()) {
                a.getG().getNodeList().forEach(n -> domainsOf(n, domains));
            }
            a.getGraphsList().forEach(sub -> sub.getNodeList().forEach(n -> domainsOf(n, domains)));
        }
    }

    private static ModelProto parse(byte[] model) {
        try {
            return ModelProto.parseFrom(model);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("our own graph cannot be read", e);
        }
    }

    /**
     * Turns constants that hold marks into inputs. A tensor counts as found if one constant holds each of its marks
     * once, and otherwise only zeros.
     */
    private List<Arranged> unmark(GraphProto.Builder g) {
        List<Arranged> found = new ArrayList<>();
        List<TensorProto> kept = new ArrayList<>();
        for (TensorProto t : g.getInitializerList()) {
            Arranged arranged = t.getDataType() == DataType.FLOAT_VALUE ? arrangement(t) : null;
            if (arranged == null) {
                kept.add(t);
            } else {
                found.add(arranged);
                g.addInput(GraphEdit.valueInfo(t.getName(), DataType.FLOAT_VALUE, arranged.shape));
            }
        }
        g.clearInitializer().addAllInitializer(kept);
        return found;
    }

    private @org.jspecify.annotations.Nullable Arranged arrangement(TensorProto t) {
        ByteBuffer raw = t.getRawData().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        int n = t.hasRawData() ? raw.remaining() / Float.BYTES : t.getFloatDataCount();
        Mark mark = null;
        int[] from = new int[n];
        BitSet seen = new BitSet();
        for (int i = 0; i < n; i++) {
            float v = t.hasRawData() ? raw.getFloat(i * Float.BYTES) : t.getFloatData(i);
            if (v == 0) {
                from[i] = -1;
                continue;
            }
            if (!(v >= FIRST_MARK && v < LAST_MARK) || v != Math.rint(v)) {
                return null;
            }
            if (mark == null) {
                mark = markOf((int) v);
            }
            int at = mark == null ? -1 : (int) v - mark.first;
            if (mark == null || at < 0 || at >= mark.count || seen.get(at)) {
                return null;
            }
            seen.set(at);
            from[i] = at;
        }
        if (mark == null || seen.cardinality() != mark.count) {
            return null;
        }
        return new Arranged(
                t.getName(),
                mark.feed,
                from,
                Shape.of(t.getDimsList().stream().mapToLong(d -> d).toArray()));
    }

    private @org.jspecify.annotations.Nullable Mark markOf(int value) {
        for (Mark m : marks.values()) {
            if (value >= m.first && value < m.first + m.count) {
                return m;
            }
        }
        return null;
    }

    /** Moves operators that work on each value separately from the ordinary layout into the blocked one. */
    private final class Layout {
        private final GraphProto.Builder graph;
        /**
         * Values that exist in the blocked layout, by their ordinary name, with the value that holds them and their
         * number of channels.
         */
        private final Map<String, Blocked> blocked = new HashMap<>();
        /** Blocked values that need not be computed again. */
        private final Map<String, String> same = new HashMap<>();

        private final Map<String, Extent> extents = new HashMap<>();
        private final Set<String> ordinary = new HashSet<>();
        private final List<NodeProto> nodes = new ArrayList<>();

        private record Blocked(String name, AttributeProto channels) {}

        /**
         * Where the batch and the spatial dimensions of a value come from. Values with equal extents have equal sizes,
         * whatever these are.
         *
         * @param root the value whose dimensions the windows are moved over
         */
        private record Extent(String root, List<Window> windows) {
            Extent through(Window window) {
                if (window.keepsSize()) {
                    return this;
                }
                List<Window> more = new ArrayList<>(windows);
                more.add(window);
                return new Extent(root, List.copyOf(more));
            }
        }

        /**
         * How a convolution or a pool changes sizes: {@code round((size − loss − 1) / stride) + 1}.
         *
         * @param losses by axis, dilation · (kernel − 1) − padding
         */
        private record Window(List<Long> losses, List<Long> strides, boolean roundsUp) {
            boolean keepsSize() {
                return losses.stream().allMatch(l -> l == 0) && strides.stream().allMatch(s -> s == 1);
            }
        }

        Layout(GraphProto.Builder graph) {
            this.graph = graph;
        }

        void spread() {
            if (graph.getNodeList().stream().noneMatch(n -> n.getDomain().equals(BLOCKED_DOMAIN))) {
                return;
            }
            for (NodeProto original : graph.getNodeList()) {
                visit(renamed(original, name -> same.getOrDefault(name, name)));
            }
            graph.getOutputList().forEach(v -> toOrdinary(v.getName()));
            graph.clearNode().addAllNode(nodes).clearValueInfo();
        }

        private void visit(NodeProto node) {
            if (node.getDomain().equals(BLOCKED_DOMAIN)
                    && node.getOpType().equals("ReorderOutput")
                    && attribute(node, "channels_last") == 0) {
                AttributeProto channels = node.getAttributeList().stream()
                        .filter(a -> a.getName().equals("channels"))
                        .findFirst()
                        .orElseThrow();
                extents.put(node.getOutput(0), extent(node.getInput(0)));
                blocked.put(node.getOutput(0), new Blocked(node.getInput(0), channels));
                return;
            }
            if (node.getDomain().equals(BLOCKED_DOMAIN)
                    && node.getOpType().equals("ReorderInput")
                    && attribute(node, "channels_last") == 0) {
                Blocked known = blocked.get(node.getInput(0));
                extents.put(node.getOutput(0), extent(node.getInput(0)));
                if (known != null) {
                    same.put(node.getOutput(0), known.name);
                    return;
                }
            }
            List<String> operands = operands(node);
            if (!operands.isEmpty() && operands.stream().allMatch(blocked::containsKey) && alike(operands)) {
                String out = node.getOutput(0);
                String moved = out + "_blocked";
                AttributeProto channels = channels(operands.getFirst());
                NodeProto inside = renamed(
                        node, name -> operands.contains(name) ? Objects.requireNonNull(blocked.get(name)).name : name);
                nodes.add(withoutShapes(inside).toBuilder().setOutput(0, moved).build());
                blocked.put(out, new Blocked(moved, channels));
                extents.put(out, extent(operands.getFirst()));
                extents.put(moved, extent(operands.getFirst()));
                return;
            }
            window(node)
                    .ifPresent(w -> extents.put(
                            node.getOutput(0), extent(node.getInput(0)).through(w)));
            GraphCut.reads(node).forEach(this::toOrdinary);
            nodes.add(node);
        }

        /** The inputs that a movable node works on value by value; empty for a node that must not be moved. */
        private List<String> operands(NodeProto node) {
            Quantizer quantizer = node.getOutputCount() == 1 ? quantizers.get(node.getOutput(0)) : null;
            if (quantizer != null && node.getOpType().equals("If")) {
                // Blocks are padded, and what stands in the padding must not widen a range.
                if (quantizer.feeds().form().way().findsRange()) {
                    return List.of();
                }
                return List.of(quantizer.from());
            }
            if (!ElementTypes.isDefaultDomain(node) || node.getOutputCount() != 1) {
                return List.of();
            }
            if (UNARY.contains(node.getOpType())) {
                return List.of(node.getInput(0));
            }
            return BINARY.contains(node.getOpType()) ? List.copyOf(node.getInputList()) : List.of();
        }

        /** True for one value, or values of equal shape, because blocks do not broadcast. */
        private boolean alike(List<String> operands) {
            String first = operands.getFirst();
            return operands.stream()
                    .allMatch(o ->
                            channels(o).equals(channels(first)) && extent(o).equals(extent(first)));
        }

        private AttributeProto channels(String value) {
            return Objects.requireNonNull(blocked.get(value)).channels;
        }

        private Extent extent(String value) {
            return extents.getOrDefault(value, new Extent(value, List.of()));
        }

        private static Optional<Window> window(NodeProto node) {
            if (!node.getDomain().equals(BLOCKED_DOMAIN)
                    || !Set.of("Conv", "MaxPool", "AveragePool").contains(node.getOpType())) {
                return Optional.empty();
            }
            Map<String, AttributeProto> attributes = new HashMap<>();
            node.getAttributeList().forEach(a -> attributes.put(a.getName(), a));
            AttributeProto padding = attributes.get("auto_pad");
            AttributeProto kernel = attributes.get("kernel_shape");
            if (kernel == null
                    || (padding != null && !padding.getS().toStringUtf8().equals("NOTSET"))) {
                return Optional.empty();
            }
            int axes = kernel.getIntsCount();
            List<Long> losses = new ArrayList<>();
            List<Long> strides = new ArrayList<>();
            for (int a = 0; a < axes; a++) {
                losses.add(at(attributes, "dilations", a, 1) * (kernel.getInts(a) - 1)
                        - at(attributes, "pads", a, 0)
                        - at(attributes, "pads", axes + a, 0));
                strides.add(at(attributes, "strides", a, 1));
            }
            return Optional.of(new Window(losses, strides, attribute(node, "ceil_mode") != 0));
        }

        private static long at(Map<String, AttributeProto> attributes, String name, int index, long otherwise) {
            AttributeProto a = attributes.get(name);
            return a == null || index >= a.getIntsCount() ? otherwise : a.getInts(index);
        }

        private void toOrdinary(String value) {
            Blocked known = blocked.get(value);
            if (known != null && ordinary.add(value)) {
                nodes.add(
                        GraphEdit.node("ReorderOutput", value + "_reorder", List.of(known.name), List.of(value))
                                .toBuilder()
                                .setDomain(BLOCKED_DOMAIN)
                                .addAttribute(known.channels)
                                .addAttribute(GraphEdit.attribute("channels_last", 0L))
                                .build());
            }
        }

        private static long attribute(NodeProto node, String name) {
            return ElementTypes.intAttribute(node, name, 0);
        }
    }

    /** The node without the sizes that the optimizer has noted in its subgraphs, because blocks are padded. */
    private static NodeProto withoutShapes(NodeProto node) {
        NodeProto.Builder b = node.toBuilder();
        for (AttributeProto.Builder a : b.getAttributeBuilderList()) {
            if (a.hasG()) {
                a.getGBuilder()
                        .clearValueInfo()
                        .getOutputBuilderList()
                        .forEach(v -> v.getTypeBuilder().getTensorTypeBuilder().clearShape());
            }
        }
        return b.build();
    }

    /** The node with other names for what it reads, in its subgraphs too. */
    private static NodeProto renamed(NodeProto node, UnaryOperator<String> to) {
        NodeProto.Builder b = node.toBuilder();
        for (int i = 0; i < b.getInputCount(); i++) {
            b.setInput(i, to.apply(b.getInput(i)));
        }
        for (int i = 0; i < b.getAttributeCount(); i++) {
            AttributeProto a = b.getAttribute(i);
            if (a.hasG()) {
                GraphProto.Builder sub = a.getG().toBuilder();
                for (int n = 0; n < sub.getNodeCount(); n++) {
                    sub.setNode(n, renamed(sub.getNode(n), to));
                }
                b.setAttribute(i, a.toBuilder().setG(sub));
            }
        }
        return b.build();
    }
}
