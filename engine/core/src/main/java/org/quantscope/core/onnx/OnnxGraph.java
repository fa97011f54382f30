package org.quantscope.core.onnx;

import ai.onnx.proto.OnnxMl;
import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import org.quantscope.core.tensor.Consumer;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/**
 * The graph of an ONNX model. Immutable. Only this package and that of the rewriting passes use the protobuf classes.
 */
public final class OnnxGraph {
    private final OnnxMl.ModelProto proto;
    private final ElementTypes types;
    private final Map<String, List<Consumer>> consumers;
    private final Set<String> stored;
    private final Placement placement;
    private final List<TensorInfo> values;
    private final List<TensorInfo> activations;
    private final List<FloatWeight> floatWeights;
    private final Scored scored;

    /**
     * @param proto checked by the loader: every name it uses exists, and every external tensor lies in the model's
     *     folder
     */
    public OnnxGraph(OnnxMl.ModelProto proto) {
        this(proto, Set.of());
    }

    private OnnxGraph(OnnxMl.ModelProto proto, Set<TensorId> added) {
        this.proto = proto;
        GraphProto graph = proto.getGraph();
        this.types = new ElementTypes(graph);
        this.consumers = consumersOf(graph);
        this.stored = storedNames(graph);
        this.placement = PlacementRules.of(this, added);
        this.values = List.copyOf(infos());
        Set<TensorId> own = new HashSet<>();
        placement.in(Placement.State.OWN).forEach(s -> own.add(s.id()));
        this.activations = values.stream().filter(v -> own.contains(v.id())).toList();
        this.floatWeights = FloatWeights.of(graph);
        this.scored = Scored.AUTOMATIC;
    }

    private OnnxGraph(OnnxGraph of, Scored scored) {
        this.proto = of.proto;
        this.types = of.types;
        this.consumers = of.consumers;
        this.stored = of.stored;
        this.placement = of.placement;
        this.values = of.values;
        this.activations = of.activations;
        this.floatWeights = of.floatWeights;
        this.scored = scored;
    }

    /** The same graph with another choice of what is scored. */
    public OnnxGraph withScored(Scored choice) {
        return choice.equals(scored) ? this : new OnnxGraph(this, choice);
    }

    /** What of the graph's results is scored. */
    public Scored scored() {
        return scored;
    }

    /**
     * True if every operator is one that is known to compute each row of a batch on its own, whatever its size; false if
     * that is unknown.
     */
    public boolean keepsRowsApart() {
        return proto.getGraph().getNodeList().stream().allMatch(node -> {
            if (!ElementTypes.isDefaultDomain(node)) {
                return false;
            }
            boolean storedSecond = node.getInputCount() > 1 && stored.contains(node.getInput(1));
            return switch (node.getOpType()) {
                case "Constant",
                        "Identity",
                        "Relu",
                        "LeakyRelu",
                        "Sigmoid",
                        "Tanh",
                        "Clip",
                        "HardSigmoid",
                        "HardSwish" -> true;
                case "Conv", "BatchNormalization", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool" ->
                    ElementTypes.intAttribute(node, "training_mode", 0) == 0;
                case "Gemm" -> storedSecond && ElementTypes.intAttribute(node, "transA", 0) == 0;
                case "MatMul" -> storedSecond;
                case "Flatten" -> ElementTypes.intAttribute(node, "axis", 1) == 1;
                // Between values of the same rows, or with a constant, which a free batch size lets have only one row.
                case "Add", "Sub", "Mul", "Div" -> true;
                case "Softmax", "LogSoftmax" -> ElementTypes.intAttribute(node, "axis", -1) != 0;
                case "Concat" -> ElementTypes.intAttribute(node, "axis", 1) > 0;
                default -> false;
            };
        });
    }

    /** The names of the floating outputs, in order. */
    public List<String> floatingOutputs() {
        return outputNames().stream().filter(types::isFloating).toList();
    }

    /** The names of the outputs that are tensors of numbers or booleans; others are texts, sequences, or of no known type. */
    public List<String> numericOutputs() {
        return outputNames().stream().filter(types::isNumeric).toList();
    }

    /** The declared dimensions of an output, −1 for a free one; empty if the model declares none. */
    public Optional<List<Long>> outputShape(String name) {
        return proto.getGraph().getOutputList().stream()
                .filter(v ->
                        v.getName().equals(name) && v.getType().getTensorType().hasShape())
                .findFirst()
                .map(OnnxGraph::declaredShape);
    }

    /**
     * The same graph with further quantizers.
     *
     * @param added values that get a quantizer with parameters of their own, also where the rules leave them in float or tie
     *     them to another; names of anything else are ignored
     */
    public OnnxGraph withQuantizersAt(Set<TensorId> added) {
        return new OnnxGraph(proto, added);
    }

    /** Where activations are quantized, and why. */
    public Placement placement() {
        return placement;
    }

    /**
     * All activations at which a quantizer can be, in graph order, the graph's input first; with shapes as in
     * {@link #activations}.
     */
    public List<TensorInfo> values() {
        return values;
    }

    /** The message itself, for rewriting. */
    public OnnxMl.ModelProto proto() {
        return proto;
    }

    /** The element types of the graph's values. */
    public ElementTypes types() {
        return types;
    }

    /** What the file says of itself, by key: its {@code metadata_props}. */
    public Map<String, String> metadata() {
        Map<String, String> said = new TreeMap<>();
        proto.getMetadataPropsList().forEach(p -> said.put(p.getKey(), p.getValue()));
        return said;
    }

    /** The version of the default operator set. */
    public int opset() {
        return (int) proto.getOpsetImportList().stream()
                .filter(o -> o.getDomain().isEmpty() || o.getDomain().equals("ai.onnx"))
                .mapToLong(OperatorSetIdProto::getVersion)
                .max()
                .orElse(1);
    }

    /**
     * An input that needs a value.
     *
     * @param type type of its elements; empty if data of this type cannot be fed (for example strings)
     * @param shape as declared, −1 for a free dimension; empty if the model declares none
     */
    public record Input(String name, Optional<DType> type, Optional<List<Long>> shape) {}

    /** The inputs that need a value: the graph inputs that are not initializers. */
    public List<Input> inputs() {
        return required()
                .map(v -> new Input(
                        v.getName(),
                        TensorProtos.dtype(v.getType().getTensorType().getElemType()),
                        v.getType().getTensorType().hasShape() ? Optional.of(declaredShape(v)) : Optional.empty()))
                .toList();
    }

    /** Name of the first input that needs a value; empty if there is none. */
    public String inputName() {
        return required().findFirst().map(ValueInfoProto::getName).orElse("");
    }

    /** The names of all inputs that need a value: the graph inputs that are not initializers. */
    public List<String> requiredInputs() {
        return required().map(ValueInfoProto::getName).toList();
    }

    /** The names of the graph's outputs in its order. */
    public List<String> outputNames() {
        return proto.getGraph().getOutputList().stream()
                .map(ValueInfoProto::getName)
                .toList();
    }

    /**
     * Name of the output that predictions are read from: the first floating one of rank 2, or if none is declared as such
     * the first floating one without a declared shape, or else the first floating one. Empty if there is none.
     */
    public Optional<String> predictionOutput() {
        List<ValueInfoProto> floating = proto.getGraph().getOutputList().stream()
                .filter(v -> types.isFloating(v.getName()))
                .toList();
        return floating.stream()
                .filter(v -> v.getType().getTensorType().hasShape()
                        && declaredShape(v).size() == 2)
                .findFirst()
                .or(() -> floating.stream()
                        .filter(v -> !v.getType().getTensorType().hasShape())
                        .findFirst())
                .or(() -> floating.stream().findFirst())
                .map(ValueInfoProto::getName);
    }

    /**
     * The type of the operator that computes a value, skipping operators that only move values; empty if nothing
     * computes it.
     */
    public Optional<String> operatorBefore(String value) {
        Map<String, NodeProto> producers = producers(proto.getGraph());
        NodeProto node = producers.get(value);
        while (node != null
                && QuantizedOperators.MOVING.contains(node.getOpType())
                && producers.containsKey(node.getInput(0))) {
            node = producers.get(node.getInput(0));
        }
        return Optional.ofNullable(node).map(NodeProto::getOpType);
    }

    /**
     * The activations with quantization parameters of their own, in graph order, the graph's input first.
     *
     * <p>A shape is the declared one, with 1 for a free dimension, so that it counts one sample. Most files declare
     * none for values inside the graph: the shape is then that of a scalar, and meaningless.
     */
    public List<TensorInfo> activations() {
        return activations;
    }

    /**
     * For each value the value whose parameters it has in a quantized graph: itself, the value that it is tied to, or
     * the result of the Relu or Clip that is its only reader and clamps it within a layer. Values that stay float are
     * left out.
     */
    public Map<TensorId, TensorId> parameterOwners() {
        Map<TensorId, Placement.Site> sites = new HashMap<>();
        placement.sites().forEach(s -> sites.put(s.id(), s));
        Map<TensorId, TensorId> owners = new HashMap<>();
        for (Placement.Site site : placement.sites()) {
            Placement.Site at = site;
            for (int steps = 0; at != null && at.state() == Placement.State.TIED && steps < sites.size(); steps++) {
                at = at.tiedTo().map(sites::get).orElse(null);
            }
            if (at != null && at.state() == Placement.State.OWN) {
                owners.put(site.id(), at.id());
            }
        }
        List<String> outputs = outputNames();
        for (NodeProto node : proto.getGraph().getNodeList().reversed()) {
            if (ElementTypes.isDefaultDomain(node) && QuantizedOperators.CLAMPING.contains(node.getOpType())) {
                TensorId in = new TensorId(node.getInput(0));
                TensorId owner = owners.get(new TensorId(node.getOutput(0)));
                if (owner != null
                        && sites.containsKey(in)
                        && consumers(in.name()).size() == 1
                        && !outputs.contains(in.name())) {
                    owners.putIfAbsent(in, owner);
                }
            }
        }
        return owners;
    }

    /**
     * The floating values for which ONNX Runtime's quantizer asks for a range: those that operators with integer
     * kernels, clamps and choices read or compute. This includes values that follow from constants alone, which it
     * treats as computed unless they are initializers. Activations come first, in graph order. Outputs of operators
     * that only move values are not asked for, because they share the range of their source.
     */
    public List<TensorId> askedForByRuntime() {
        GraphProto graph = proto.getGraph();
        Set<String> touched = new LinkedHashSet<>();
        for (NodeProto node : graph.getNodeList()) {
            String op = node.getOpType();
            if (ElementTypes.isDefaultDomain(node)
                    && (QuantizedOperators.COMPUTING.contains(op)
                            || QuantizedOperators.CLAMPING.contains(op)
                            || op.equals("Where"))) {
                touched.addAll(node.getInputList());
                touched.addAll(node.getOutputList());
            }
        }
        Set<String> asked = new LinkedHashSet<>();
        placement.sites().stream()
                .filter(s -> s.addable() && touched.contains(s.id().name()))
                .forEach(s -> asked.add(s.id().name()));
        graph.getInitializerList().forEach(t -> touched.remove(t.getName()));
        touched.stream()
                .filter(name -> !name.isEmpty() && types.isFloating(name))
                .forEach(asked::add);
        return asked.stream().map(TensorId::new).toList();
    }

    /**
     * A bias, with the weight and the activation whose scales an integer bias has to use.
     *
     * @param bias the third input of a Conv, ConvTranspose or Gemm
     * @param weight its second input
     * @param activation the activation whose grid the values of the first input lie on, if it is quantized
     * @param onlyUse false if something else reads the bias too
     * @param unscaled false if a Gemm multiplies by an alpha or beta other than 1
     */
    public record BiasSite(TensorId bias, TensorId weight, TensorId activation, boolean onlyUse, boolean unscaled) {}

    /** Every stored bias, in graph order. */
    public List<BiasSite> biases() {
        List<BiasSite> sites = new ArrayList<>();
        for (NodeProto node : proto.getGraph().getNodeList()) {
            boolean layer = Set.of("Conv", "ConvTranspose", "Gemm").contains(node.getOpType())
                    && ElementTypes.isDefaultDomain(node);
            if (layer
                    && node.getInputCount() > 2
                    && stored.contains(node.getInput(2))
                    && stored.contains(node.getInput(1))) {
                sites.add(new BiasSite(
                        new TensorId(node.getInput(2)),
                        new TensorId(node.getInput(1)),
                        placement.parametersOf(new TensorId(node.getInput(0))).orElse(new TensorId(node.getInput(0))),
                        consumers.getOrDefault(node.getInput(2), List.of()).size() == 1,
                        ElementTypes.floatAttribute(node, "alpha", 1) == 1
                                && ElementTypes.floatAttribute(node, "beta", 1) == 1));
            }
        }
        return sites;
    }

    /**
     * A stored weight, with the value that its layer multiplies it with.
     *
     * @param weight the second input of a Conv, ConvTranspose, Gemm or MatMul
     * @param input its first input, a floating value that depends on the model's input
     * @param lastAxis true if the input's channels are its last axis (MatMul), false if they are the axis after the
     *     batch
     */
    public record WeightInput(TensorId weight, TensorId input, boolean lastAxis) {}

    /**
     * Every stored weight with the value that it is multiplied with, in graph order, without subgraphs and without a
     * Gemm that transposes its first input.
     */
    public List<WeightInput> weightInputs() {
        List<WeightInput> found = new ArrayList<>();
        Map<String, String> converted = new HashMap<>();
        for (NodeProto node : proto.getGraph().getNodeList()) {
            boolean same = (node.getOpType().equals("Cast") || node.getOpType().equals("Identity"))
                    && ElementTypes.isDefaultDomain(node)
                    && types.isFloating(node.getOutput(0));
            String from = same ? converted.getOrDefault(node.getInput(0), node.getInput(0)) : "";
            if (stored.contains(from)) {
                converted.put(node.getOutput(0), from);
            }
        }
        for (NodeProto node : proto.getGraph().getNodeList()) {
            boolean layer = Set.of("Conv", "ConvTranspose", "Gemm", "MatMul").contains(node.getOpType())
                    && ElementTypes.isDefaultDomain(node);
            if (layer
                    && node.getInputCount() > 1
                    && stored.contains(converted.getOrDefault(node.getInput(1), node.getInput(1)))
                    && types.isFloating(node.getInput(0))
                    && types.dependsOnInput(node.getInput(0))
                    && ElementTypes.intAttribute(node, "transA", 0) == 0) {
                found.add(new WeightInput(
                        new TensorId(converted.getOrDefault(node.getInput(1), node.getInput(1))),
                        new TensorId(node.getInput(0)),
                        node.getOpType().equals("MatMul")));
            }
        }
        return found;
    }

    /**
     * A floating constant that feeds a multiplication, or that rows are looked up in, and is not quantized.
     *
     * @param info its description, with the first operator that reads it. Tensors stored in subgraphs are described
     *     only here, not in {@link org.quantscope.core.model.Model#tensors}; their names begin with the path to the
     *     subgraph
     * @param site the reason, and the operator that causes it
     * @param ofLayer true for a weight: a matrix or kernel of two or more dimensions that a layer multiplies by
     */
    public record FloatWeight(TensorInfo info, Placement.Site site, boolean ofLayer) {}

    /**
     * The floating constants that feed a multiplication and are not quantized, the weights of layers first: not those
     * that a layer of the main graph reads as its weight too, which are ordinary weights.
     */
    public List<FloatWeight> floatWeights() {
        return floatWeights;
    }

    /** The nodes of the graph, each after those whose values it reads. */
    public List<OnnxNode> nodes() {
        List<OnnxNode> nodes = new ArrayList<>();
        for (int i = 0; i < proto.getGraph().getNodeCount(); i++) {
            nodes.add(new OnnxNode(i, proto.getGraph().getNode(i)));
        }
        return nodes;
    }

    /** The nodes that read a value, in graph order; nodes of subgraphs too. */
    public List<Consumer> consumers(String value) {
        return consumers.getOrDefault(value, List.of());
    }

    /** True if the value is an initializer or the output of a Constant node. */
    public boolean isStored(String value) {
        return stored.contains(value);
    }

    /** The value of a stored float32 scalar inside the file; empty if it is not one. */
    public Optional<Float> scalar(String name) {
        for (TensorProto t : proto.getGraph().getInitializerList()) {
            if (t.getName().equals(name)) {
                return scalar(t);
            }
        }
        for (NodeProto node : proto.getGraph().getNodeList()) {
            if (node.getOpType().equals("Constant") && node.getOutputList().contains(name)) {
                return ElementTypes.tensorAttribute(node, "value").flatMap(OnnxGraph::scalar);
            }
        }
        return Optional.empty();
    }

    private static Optional<Float> scalar(TensorProto t) {
        if (t.getDataType() != TensorProto.DataType.FLOAT_VALUE) {
            return Optional.empty();
        }
        if (t.getFloatDataCount() == 1) {
            return Optional.of(t.getFloatData(0));
        }
        return t.getRawData().size() == Float.BYTES
                ? Optional.of(t.getRawData()
                        .asReadOnlyByteBuffer()
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .getFloat())
                : Optional.empty();
    }

    private java.util.stream.Stream<ValueInfoProto> required() {
        Set<String> initializers = new HashSet<>();
        proto.getGraph().getInitializerList().forEach(t -> initializers.add(t.getName()));
        return proto.getGraph().getInputList().stream().filter(v -> !initializers.contains(v.getName()));
    }

    /** The declared dimensions of a value, −1 for a free one; empty if none are declared. */
    public static List<Long> declaredShape(ValueInfoProto value) {
        return value.getType().getTensorType().getShape().getDimList().stream()
                .map(d -> d.getValueCase() == TensorShapeProto.Dimension.ValueCase.DIM_VALUE && d.getDimValue() >= 0
                        ? d.getDimValue()
                        : -1L)
                .toList();
    }

    /** Names of initializers and of the outputs of Constant nodes. */
    public static Set<String> storedNames(GraphProto graph) {
        Set<String> names = new HashSet<>();
        graph.getInitializerList().forEach(t -> names.add(t.getName()));
        for (NodeProto node : graph.getNodeList()) {
            if (node.getOpType().equals("Constant")) {
                names.addAll(node.getOutputList());
            }
        }
        return names;
    }

    /** The nodes of a graph, by the values that they compute. */
    public static Map<String, NodeProto> producers(GraphProto graph) {
        Map<String, NodeProto> producers = new HashMap<>();
        for (NodeProto node : graph.getNodeList()) {
            node.getOutputList().forEach(out -> producers.put(out, node));
        }
        return producers;
    }

    /** The name of a node, or {@code <opType>_<index>} if the file gives none. */
    public static String nodeName(NodeProto node, int index) {
        return node.getName().isEmpty() ? node.getOpType() + "_" + index : node.getName();
    }

    private static Map<String, List<Consumer>> consumersOf(GraphProto graph) {
        Map<String, List<Consumer>> found = new TreeMap<>();
        collectConsumers(graph, found);
        return found;
    }

    private static void collectConsumers(GraphProto graph, Map<String, List<Consumer>> found) {
        for (int n = 0; n < graph.getNodeCount(); n++) {
            NodeProto node = graph.getNode(n);
            for (int i = 0; i < node.getInputCount(); i++) {
                if (!node.getInput(i).isEmpty()) {
                    found.computeIfAbsent(node.getInput(i), k -> new ArrayList<>())
                            .add(new Consumer(
                                    nodeName(node, n),
                                    node.getOpType(),
                                    i,
                                    ElementTypes.intAttribute(node, "group", 1)));
                }
            }
            for (AttributeProto a : node.getAttributeList()) {
                if (a.hasG()) {
                    collectConsumers(a.getG(), found);
                }
                a.getGraphsList().forEach(g -> collectConsumers(g, found));
            }
        }
    }

    private List<TensorInfo> infos() {
        GraphProto graph = proto.getGraph();
        Map<String, ValueInfoProto> declared = new HashMap<>();
        graph.getValueInfoList().forEach(v -> declared.put(v.getName(), v));
        graph.getInputList().forEach(v -> declared.put(v.getName(), v));
        graph.getOutputList().forEach(v -> declared.put(v.getName(), v));
        List<TensorInfo> found = new ArrayList<>();
        for (Placement.Site site : placement.sites()) {
            if (site.addable()) {
                String name = site.id().name();
                ValueInfoProto info = declared.get(name);
                DType dtype = TensorProtos.dtype(types.of(name)).orElse(DType.F32);
                found.add(new TensorInfo(
                        site.id(),
                        TensorKind.ACTIVATION,
                        dtype,
                        info == null ? Shape.of() : shape(info),
                        OptionalInt.empty(),
                        consumers(name)));
            }
        }
        return found;
    }

    /** A declared shape; that of a scalar if none is declared or it is impossible. */
    private static Shape shape(ValueInfoProto info) {
        try {
            return Shape.declared(
                    declaredShape(info).stream().mapToLong(Long::longValue).toArray());
        } catch (IllegalArgumentException e) {
            return Shape.of();
        }
    }

    /** Every value name in use, in subgraphs too: a new name must differ from all of them. */
    public static Set<String> namesIn(GraphProto graph) {
        Set<String> names = new HashSet<>();
        collectNames(graph, names);
        return names;
    }

    private static void collectNames(GraphProto graph, Set<String> names) {
        graph.getInitializerList().forEach(t -> names.add(t.getName()));
        graph.getInputList().forEach(v -> names.add(v.getName()));
        graph.getOutputList().forEach(v -> names.add(v.getName()));
        // A declaration may be left of a value that is gone; a new value of that name would get its type.
        graph.getValueInfoList().forEach(v -> names.add(v.getName()));
        for (NodeProto node : graph.getNodeList()) {
            names.addAll(node.getInputList());
            names.addAll(node.getOutputList());
            for (AttributeProto a : node.getAttributeList()) {
                if (a.hasG()) {
                    collectNames(a.getG(), names);
                }
                a.getGraphsList().forEach(g -> collectNames(g, names));
            }
        }
    }
}
