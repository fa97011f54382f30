package org.quantscope.core.rewrite;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.SmallType;
import org.quantscope.core.onnx.TensorProtos;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;

/**
 * A model being rewritten. Edits are collected, and {@link #build} applies them in one pass over the nodes; each value
 * is still computed before it is read. For one thread and for one use.
 *
 * <p>In the result initializers are constants: they are not graph inputs, and {@code ir_version} is at least 4, the
 * first that allows this.
 */
final class GraphEdit {
    private static final int IR_WITH_CONSTANT_INITIALIZERS = 4;

    private final Model model;
    private final OnnxGraph graph;
    private final Map<String, Tensor> tensors = new HashMap<>();
    private final Set<String> names;
    private final Set<String> outputs;
    private final Map<String, TensorProto> replaced = new HashMap<>();
    private final Set<String> removed = new HashSet<>();
    private final Set<Integer> droppedNodes = new HashSet<>();
    private final Map<Integer, NodeProto> rewrittenNodes = new HashMap<>();
    private final List<TensorProto> added = new ArrayList<>();
    private final Map<String, String> shared = new HashMap<>();
    private final List<ValueInfoProto> newInputs = new ArrayList<>();
    private final List<ValueInfoProto> newOutputs = new ArrayList<>();
    /** Readers of the key read the value instead. */
    private final Map<String, String> redirected = new HashMap<>();
    /** The node that computes the key now computes the value. */
    private final Map<String, String> renamed = new HashMap<>();

    /** What single inputs read instead, by node and input; it takes precedence over {@link #redirected}. */
    private final Map<Integer, Map<Integer, String>> reconnected = new HashMap<>();

    private final Map<String, List<NodeProto>> behind = new LinkedHashMap<>();
    private final Map<String, String> metadata = new TreeMap<>();
    private final Map<String, Integer> domains = new TreeMap<>();
    private int opset;
    private int irVersion = IR_WITH_CONSTANT_INITIALIZERS;

    GraphEdit(Model model) {
        this.model = model;
        this.graph = model.graph()
                .orElseThrow(() -> new BadInputException(model.file(), "graph", "bare weights have no graph to run"));
        model.tensors().forEach(t -> tensors.put(t.id().name(), t));
        this.names = OnnxGraph.namesIn(graph.proto().getGraph());
        this.outputs = new HashSet<>(graph.outputNames());
        this.opset = graph.opset();
    }

    OnnxGraph graph() {
        return graph;
    }

    /** The rank of a stored tensor. */
    int rank(String stored) {
        Tensor t = tensors.get(stored);
        if (t == null) {
            throw new IllegalArgumentException("tensor: the model stores no " + stored);
        }
        return t.info().shape().rank();
    }

    int opset() {
        return opset;
    }

    /**
     * Declares a newer operator set; the caller has to know that every operator of the graph has the same meaning in
     * it.
     */
    void setOpset(int version) {
        opset = version;
    }

    /** Imports an operator set of another domain, unless the model does already. */
    void useDomain(String domain, int version) {
        domains.put(domain, version);
    }

    /** Makes the file declare at least this version of the format. */
    void needIrVersion(int version) {
        irVersion = Math.max(irVersion, version);
    }

    /**
     * A name that nothing uses yet: {@code base}, or {@code base_2}, {@code base_3} and so on; this call reserves it.
     */
    String fresh(String base) {
        String name = base;
        for (int i = 2; !names.add(name); i++) {
            name = base + "_" + i;
        }
        return name;
    }

    /** Gives an initializer, or the tensor of a Constant node, other values. The proto's own name does not matter. */
    void replaceStored(String name, TensorProto values) {
        replaced.put(name, values);
    }

    /** Removes an initializer or Constant node. */
    void removeStored(String name) {
        removed.add(name);
    }

    void addInitializer(TensorProto tensor) {
        added.add(tensor);
    }

    void addInput(String name, int type, Shape shape) {
        newInputs.add(valueInfo(name, type, shape));
    }

    /** Adds an input of any shape. */
    void addInput(String name, int type) {
        newInputs.add(unshaped(name, type));
    }

    /** Adds an input of rank 1 and any length. */
    void addVectorInput(String name, int type) {
        TensorShapeProto free = TensorShapeProto.newBuilder()
                .addDim(TensorShapeProto.Dimension.newBuilder().setDimParam(name + "_length"))
                .build();
        newInputs.add(ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder()
                        .setTensorType(
                                TypeProto.Tensor.newBuilder().setElemType(type).setShape(free)))
                .build());
    }

    /** The name of an initializer with these values for general use; it is added once. */
    String shared(TensorProto tensor) {
        return shared.computeIfAbsent(tensor.getName(), base -> {
            String name = fresh("shared_" + base);
            addInitializer(tensor.toBuilder().setName(name).build());
            return name;
        });
    }

    /** Makes a value a graph output as well. */
    void addOutput(String name, int type) {
        newOutputs.add(unshaped(name, type));
    }

    /** A value without a declared shape. */
    static ValueInfoProto unshaped(String name, int type) {
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder()
                        .setTensorType(TypeProto.Tensor.newBuilder().setElemType(type)))
                .build();
    }

    void dropNode(int index) {
        droppedNodes.add(index);
    }

    void rewriteNode(int index, NodeProto node) {
        rewrittenNodes.put(index, node);
    }

    /** Makes the readers of {@code from} read {@code to} instead. */
    void redirect(String from, String to) {
        redirected.put(from, to);
    }

    /** What readers of {@code value} read after all edits so far. */
    String readAs(String value) {
        return redirected.getOrDefault(value, value);
    }

    /** Makes one input of a node read {@code to} instead. */
    void reconnect(int node, int input, String to) {
        reconnected.computeIfAbsent(node, k -> new TreeMap<>()).put(input, to);
    }

    /**
     * Adds nodes right after the one that computes {@code value}, or before all nodes if the graph does not compute it.
     */
    void addBehind(String value, List<NodeProto> nodes) {
        behind.computeIfAbsent(value, k -> new ArrayList<>()).addAll(nodes);
    }

    void putMetadata(String key, String value) {
        metadata.put(key, value);
    }

    /**
     * Where new nodes are to be connected between a value and its readers.
     *
     * @param from what the new nodes read
     * @param to what they must compute
     */
    record Splice(String from, String to) {}

    /**
     * Opens the connection between a value and all its readers. A graph output keeps its name after the new nodes, any
     * other value keeps it before them.
     */
    Splice splice(String value, String suffixBefore, String suffixBehind) {
        if (outputs.contains(value)) {
            String raw = fresh(value + suffixBefore);
            renamed.put(value, raw);
            return new Splice(raw, value);
        }
        String out = fresh(value + suffixBehind);
        redirect(value, out);
        return new Splice(value, out);
    }

    /**
     * The rewritten model with external tensors included. It may be too large for one message.
     *
     * @throws BadInputException if a single tensor is too large
     */
    ModelProto build() {
        return build(true);
    }

    /** The rewritten model, in which external tensors are still external; the {@link Model} knows their values. */
    ModelProto buildWithReferences() {
        return build(false);
    }

    /** The rewritten model to be run. */
    RunnableGraph runnable() {
        return new RunnableGraph(model.file(), build());
    }

    /**
     * The rewritten model to be written.
     *
     * @param mostInOneFile the most bytes of tensors in one file
     */
    WrittenModel written(long mostInOneFile) {
        return new WrittenModel(model.file(), build(), mostInOneFile);
    }

    private ModelProto build(boolean whole) {
        GraphProto old = graph.proto().getGraph();
        GraphProto.Builder g = old.toBuilder();
        Set<String> initializers = new HashSet<>();
        old.getInitializerList().forEach(t -> initializers.add(t.getName()));
        g.clearInitializer();
        for (TensorProto t : old.getInitializerList()) {
            if (!removed.contains(t.getName())) {
                TensorProto now = current(t, t.getName(), whole);
                g.addInitializer(now);
            }
        }
        for (TensorProto t : added) {
            g.addInitializer(t);
        }
        g.clearInput();
        old.getInputList().stream()
                .filter(v -> !initializers.contains(v.getName()))
                .forEach(g::addInput);
        newInputs.forEach(g::addInput);
        newOutputs.forEach(g::addOutput);
        Map<String, List<NodeProto>> open = new LinkedHashMap<>(behind);
        List<NodeProto> nodes = new ArrayList<>();
        for (NodeProto node : old.getNodeList()) {
            node.getOutputList().forEach(open::remove);
        }
        Set<String> nodeNames = keptNodeNames(old);
        open.values().forEach(more -> more.forEach(n -> nodes.add(uniquelyNamed(n, nodeNames))));
        for (int i = 0; i < old.getNodeCount(); i++) {
            NodeProto node = rewrittenNodes.getOrDefault(i, old.getNode(i));
            boolean constant = node.getOpType().equals("Constant") && node.getOutputCount() == 1;
            boolean gone = droppedNodes.contains(i) || (constant && removed.contains(node.getOutput(0)));
            if (!gone) {
                NodeProto now = constant ? withStored(node, whole) : node;
                NodeProto named = rewrittenNodes.containsKey(i) ? uniquelyNamed(now, nodeNames) : now;
                nodes.add(reconnected(i, rewire(named)));
            }
            for (String out : old.getNode(i).getOutputList()) {
                behind.getOrDefault(out, List.of()).forEach(n -> nodes.add(uniquelyNamed(n, nodeNames)));
            }
        }
        g.clearNode().addAllNode(nodes);
        ModelProto.Builder m = graph.proto().toBuilder().setGraph(g);
        m.setIrVersion(Math.max(m.getIrVersion(), irVersion));
        if (opset != graph.opset()) {
            for (int i = 0; i < m.getOpsetImportCount(); i++) {
                OperatorSetIdProto set = m.getOpsetImport(i);
                if (set.getDomain().isEmpty() || set.getDomain().equals("ai.onnx")) {
                    m.setOpsetImport(i, set.toBuilder().setVersion(opset));
                }
            }
        }
        m.getOpsetImportList().forEach(set -> domains.remove(set.getDomain()));
        domains.forEach((domain, version) -> m.addOpsetImport(
                OperatorSetIdProto.newBuilder().setDomain(domain).setVersion(version)));
        metadata.forEach((k, v) ->
                m.addMetadataProps(StringStringEntryProto.newBuilder().setKey(k).setValue(v)));
        return m.build();
    }

    private Set<String> keptNodeNames(GraphProto old) {
        Set<String> kept = new HashSet<>();
        for (int i = 0; i < old.getNodeCount(); i++) {
            if (!droppedNodes.contains(i) && !rewrittenNodes.containsKey(i)) {
                kept.add(old.getNode(i).getName());
            }
        }
        return kept;
    }

    /** ONNX Runtime refuses a graph with two nodes of one name; any number may have none. */
    private static NodeProto uniquelyNamed(NodeProto node, Set<String> taken) {
        String name = node.getName();
        for (int i = 2; !name.isEmpty() && !taken.add(name); i++) {
            name = node.getName() + "_" + i;
        }
        return name.equals(node.getName())
                ? node
                : node.toBuilder().setName(name).build();
    }

    static NodeProto node(String opType, String name, List<String> inputs, List<String> outputs) {
        return NodeProto.newBuilder()
                .setOpType(opType)
                .setName(name)
                .addAllInput(inputs)
                .addAllOutput(outputs)
                .build();
    }

    static NodeProto cast(String name, String from, String to, int type) {
        return node("Cast", name, List.of(from), List.of(to)).toBuilder()
                .addAttribute(attribute("to", type))
                .build();
    }

    static AttributeProto attribute(String name, long value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.INT)
                .setI(value)
                .build();
    }

    static AttributeProto attribute(String name, String value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.STRING)
                .setS(ByteString.copyFromUtf8(value))
                .build();
    }

    static AttributeProto attribute(String name, float value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.FLOAT)
                .setF(value)
                .build();
    }

    static ValueInfoProto valueInfo(String name, int type, Shape shape) {
        TensorShapeProto.Builder dims = TensorShapeProto.newBuilder();
        for (long d : shape.toArray()) {
            dims.addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(d));
        }
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder()
                        .setTensorType(
                                TypeProto.Tensor.newBuilder().setElemType(type).setShape(dims)))
                .build();
    }

    private NodeProto withStored(NodeProto constant, boolean whole) {
        NodeProto.Builder b = constant.toBuilder();
        for (int i = 0; i < b.getAttributeCount(); i++) {
            AttributeProto a = b.getAttribute(i);
            if (a.getName().equals("value") && a.hasT()) {
                b.setAttribute(i, a.toBuilder().setT(current(a.getT(), constant.getOutput(0), whole)));
            }
        }
        return b.build();
    }

    private TensorProto current(TensorProto t, String name, boolean whole) {
        TensorProto now = replaced.getOrDefault(name, t);
        if (whole && TensorProtos.isExternal(now)) {
            now = inside(now, name);
        }
        return now.getName().equals(t.getName())
                ? now
                : now.toBuilder().setName(t.getName()).build();
    }

    /** A tensor with its values, which are not copied. */
    private TensorProto inside(TensorProto external, String name) {
        if (SmallType.of(external.getDataType()).isPresent()) {
            // Such values are read unpacked.
            try {
                return SmallType.inside(external, name, model.file());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        Tensor stored = tensors.get(name);
        if (stored == null) {
            throw new BadInputException(model.file(), name, "its external values are of a type that is not read");
        }
        RunnableGraph.checkTensor(stored, model.file());
        return external.toBuilder()
                .clearExternalData()
                .clearDataLocation()
                .setRawData(
                        UnsafeByteOperations.unsafeWrap(stored.data().segment().asByteBuffer()))
                .build();
    }

    private NodeProto reconnected(int index, NodeProto node) {
        Map<Integer, String> inputs = reconnected.get(index);
        if (inputs == null) {
            return node;
        }
        NodeProto.Builder b = node.toBuilder();
        inputs.forEach(b::setInput);
        return b.build();
    }

    private NodeProto rewire(NodeProto node) {
        if (redirected.isEmpty() && renamed.isEmpty()) {
            return node;
        }
        NodeProto.Builder b = node.toBuilder();
        for (int i = 0; i < b.getInputCount(); i++) {
            String to = redirected.get(b.getInput(i));
            if (to != null) {
                b.setInput(i, to);
            }
        }
        for (int i = 0; i < b.getOutputCount(); i++) {
            String to = renamed.get(b.getOutput(i));
            if (to != null) {
                b.setOutput(i, to);
            }
        }
        for (int i = 0; i < b.getAttributeCount(); i++) {
            AttributeProto a = b.getAttribute(i);
            if (a.hasG() || a.getGraphsCount() > 0) {
                AttributeProto.Builder ab = a.toBuilder();
                if (a.hasG()) {
                    ab.setG(rewireSubgraph(a.getG()));
                }
                for (int k = 0; k < ab.getGraphsCount(); k++) {
                    ab.setGraphs(k, rewireSubgraph(ab.getGraphs(k)));
                }
                b.setAttribute(i, ab);
            }
        }
        return b.build();
    }

    /**
     * Renames what a nested graph reads from outside. Names are unique over all nested graphs (ONNX IR, "Names Within a
     * Graph").
     */
    private GraphProto rewireSubgraph(GraphProto sub) {
        GraphProto.Builder b = sub.toBuilder();
        for (int i = 0; i < b.getNodeCount(); i++) {
            b.setNode(i, rewire(b.getNode(i)));
        }
        return b.build();
    }
}
