package org.quantscope.core.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Writes the layers that ONNX Runtime's optimizer has fused as the standard operators that they were fused of:
 * FusedConv, FusedGemm and FusedMatMul of the domain {@code com.microsoft} (ONNX Runtime, docs/ContribOperators.md).
 * Their weights are then those of a Conv, Gemm or MatMul. A node with something that has no standard form stays.
 */
final class FusedOperators {
    static final String DOMAIN = "com.microsoft";

    private static final int FIRST_WITH_CLIP_INPUTS = 11;

    private final ElementTypes types;
    private final long opset;
    private final Set<String> names;
    private final Map<String, Integer> ranks = new HashMap<>();
    private final List<NodeProto> nodes = new ArrayList<>();
    private final List<TensorProto> added = new ArrayList<>();
    private final Set<String> nodeNames = new HashSet<>();

    private FusedOperators(GraphProto graph, long opset) {
        this.opset = opset;
        this.types = new ElementTypes(graph);
        this.names = OnnxGraph.namesIn(graph);
        graph.getInitializerList().forEach(t -> ranks.put(t.getName(), t.getDimsCount()));
        for (List<ValueInfoProto> list :
                List.of(graph.getInputList(), graph.getValueInfoList(), graph.getOutputList())) {
            for (ValueInfoProto v : list) {
                if (v.getType().getTensorType().hasShape()) {
                    ranks.putIfAbsent(v.getName(), OnnxGraph.declaredShape(v).size());
                }
            }
        }
        graph.getNodeList().forEach(n -> nodeNames.add(n.getName()));
    }

    /** The same function without fused layers in its main graph; the model itself if there are none. */
    static ModelProto unfused(ModelProto model, long opset) {
        GraphProto graph = model.getGraph();
        boolean any = graph.getNodeList().stream()
                .anyMatch(n -> n.getDomain().equals(DOMAIN)
                        && Set.of("FusedConv", "FusedGemm", "FusedMatMul", "TransposeMatMul")
                                .contains(n.getOpType()));
        if (!any) {
            return model;
        }
        FusedOperators work = new FusedOperators(graph, opset);
        for (int i = 0; i < graph.getNodeCount(); i++) {
            NodeProto node = graph.getNode(i);
            boolean done = node.getDomain().equals(DOMAIN)
                    && node.getOutputCount() == 1
                    && work.unfuse(node, OnnxGraph.nodeName(node, i));
            if (!done) {
                work.nodes.add(node);
            }
        }
        return model.toBuilder()
                .setGraph(graph.toBuilder().clearNode().addAllNode(work.nodes).addAllInitializer(work.added))
                .build();
    }

    /** Adds the standard form of a fused node; false if it has none. */
    private boolean unfuse(NodeProto node, String name) {
        return switch (node.getOpType()) {
            case "FusedConv" -> layer(node, name, "Conv", 3);
            case "FusedGemm" -> layer(node, name, "Gemm", 3);
            case "FusedMatMul", "TransposeMatMul" -> product(node, name);
            default -> false;
        };
    }

    /** A Conv or Gemm, then what is added to its result, then its activation function. */
    private boolean layer(NodeProto node, String name, String op, int inputs) {
        Optional<NodeProto.Builder> function = activation(node);
        String activation = text(node, "activation");
        if (function.isEmpty() && !activation.isEmpty()) {
            return false;
        }
        String out = node.getOutput(0);
        boolean sum = node.getInputCount() > inputs && !node.getInput(inputs).isEmpty();
        String at = sum || function.isPresent() ? fresh(out + "_" + op) : out;
        NodeProto.Builder layer = NodeProto.newBuilder()
                .setOpType(op)
                .setName(name)
                .addAllInput(node.getInputList().subList(0, Math.min(inputs, node.getInputCount())))
                .addOutput(at);
        node.getAttributeList().stream()
                .filter(a -> !a.getName().startsWith("activation"))
                .forEach(layer::addAttribute);
        nodes.add(layer.build());
        if (sum) {
            String total = function.isPresent() ? fresh(out + "_Add") : out;
            nodes.add(node("Add", name + "_Add", List.of(at, node.getInput(inputs)), total));
            at = total;
        }
        if (function.isPresent()) {
            nodes.add(function.get()
                    .setName(freshNode(name + "_" + activation))
                    .setInput(0, at)
                    .addOutput(out)
                    .build());
        }
        return true;
    }

    /** The activation function of a node, without its output and name; empty if it has none or one without a standard form. */
    private Optional<NodeProto.Builder> activation(NodeProto node) {
        String op = text(node, "activation");
        List<Float> params = node.getAttributeList().stream()
                .filter(a -> a.getName().equals("activation_params"))
                .findFirst()
                .map(AttributeProto::getFloatsList)
                .orElse(List.of());
        NodeProto.Builder b = NodeProto.newBuilder().setOpType(op).addInput("");
        return switch (op) {
            case "Relu", "Tanh", "Sigmoid" -> Optional.of(b);
            case "LeakyRelu" ->
                Optional.of(b.addAttribute(real("alpha", given(node, params, 0, "activation_alpha", 0.01f))));
            case "HardSigmoid" ->
                Optional.of(b.addAttribute(real("alpha", given(node, params, 0, "activation_alpha", 0.2f)))
                        .addAttribute(real("beta", given(node, params, 1, "activation_beta", 0.5f))));
            case "Clip" ->
                params.size() == 2 && opset >= FIRST_WITH_CLIP_INPUTS && !isOtherThanFloat32(node)
                        ? Optional.of(b.addInput(scalar(node.getOutput(0) + "_min", params.get(0)))
                                .addInput(scalar(node.getOutput(0) + "_max", params.get(1))))
                        : Optional.empty();
            default -> Optional.empty();
        };
    }

    private static float given(NodeProto node, List<Float> params, int i, String attribute, float fallback) {
        return i < params.size() ? params.get(i) : ElementTypes.floatAttribute(node, attribute, fallback);
    }

    /** A MatMul, with a Transpose in front and a factor behind. */
    private boolean product(NodeProto node, String name) {
        if (node.getInputCount() != 2
                || ElementTypes.intAttribute(node, "transBatchA", 0) != 0
                || ElementTypes.intAttribute(node, "transBatchB", 0) != 0) {
            return false;
        }
        List<String> inputs = new ArrayList<>();
        List<NodeProto> before = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            String in = node.getInput(i);
            if (ElementTypes.intAttribute(node, i == 0 ? "transA" : "transB", 0) != 0) {
                Integer rank = ranks.get(in);
                if (rank == null) {
                    return false;
                }
                // The operator leaves vectors as they are.
                if (rank >= 2) {
                    AttributeProto.Builder perm =
                            AttributeProto.newBuilder().setName("perm").setType(AttributeProto.AttributeType.INTS);
                    for (int d = 0; d < rank; d++) {
                        perm.addInts(d == rank - 1 ? rank - 2 : d == rank - 2 ? rank - 1 : d);
                    }
                    String turned = fresh(in + "_transposed");
                    before.add(
                            node("Transpose", name + (i == 0 ? "_transA" : "_transB"), List.of(in), turned).toBuilder()
                                    .addAttribute(perm)
                                    .build());
                    in = turned;
                }
            }
            inputs.add(in);
        }
        float alpha = ElementTypes.floatAttribute(node, "alpha", 1);
        if (alpha != 1 && isOtherThanFloat32(node)) {
            return false;
        }
        String out = node.getOutput(0);
        String at = alpha == 1 ? out : fresh(out + "_MatMul");
        nodes.addAll(before);
        nodes.add(NodeProto.newBuilder()
                .setOpType("MatMul")
                .setName(name)
                .addAllInput(inputs)
                .addOutput(at)
                .build());
        if (alpha != 1) {
            nodes.add(node("Mul", name + "_alpha", List.of(at, scalar(out + "_alpha", alpha)), out));
        }
        return true;
    }

    /** True if a node is known to compute in another type, in which a float32 constant has no place. */
    private boolean isOtherThanFloat32(NodeProto node) {
        return node.getInputList().stream()
                .mapToInt(types::of)
                .anyMatch(t -> t != TensorProto.DataType.UNDEFINED_VALUE && t != TensorProto.DataType.FLOAT_VALUE);
    }

    private static String text(NodeProto node, String attribute) {
        return node.getAttributeList().stream()
                .filter(a -> a.getName().equals(attribute))
                .findFirst()
                .map(a -> a.getS().toStringUtf8())
                .orElse("");
    }

    private NodeProto node(String op, String name, List<String> inputs, String output) {
        return NodeProto.newBuilder()
                .setOpType(op)
                .setName(freshNode(name))
                .addAllInput(inputs)
                .addOutput(output)
                .build();
    }

    private static AttributeProto real(String name, float value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.FLOAT)
                .setF(value)
                .build();
    }

    private String scalar(String base, float value) {
        String name = fresh(base);
        added.add(TensorProto.newBuilder()
                .setName(name)
                .setDataType(TensorProto.DataType.FLOAT_VALUE)
                .setRawData(ByteString.copyFrom(ByteBuffer.allocate(Float.BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putFloat(value)
                        .flip()))
                .build());
        return name;
    }

    private String fresh(String base) {
        return unique(base, names);
    }

    private String freshNode(String base) {
        return unique(base, nodeNames);
    }

    private static String unique(String base, Set<String> taken) {
        String name = base;
        for (int i = 2; !taken.add(name); i++) {
            name = base + "_" + i;
        }
        return name;
    }
}
