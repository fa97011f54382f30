package org.quantscope.core.rewrite;

import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.onnx.CodeType;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;

/**
 * Which groups of nodes ONNX Runtime may replace by an integer kernel. With the default options of a session it looks
 * for DequantizeLinear → operator → QuantizeLinear and replaces the group. Its kernels take fewer kinds of scales than
 * the nodes can say, and not every rule checks: then the file is refused, or computes something else. Such a group is
 * to be interrupted, which makes ONNX Runtime compute it in float, as the nodes say.
 *
 * <p>A group is left together only if it is known here to give what the nodes say. The rules that are answered are
 * those of ONNX Runtime 1.29 and 1.30 (core/optimizer/qdq_transformer there: the selectors, the propagation along
 * operators that only move values, the removal of Relu and Clip, and the quantization of float weights and biases of a
 * layer between quantized values).
 */
final class KernelFit {
    /** Operators along which ONNX Runtime moves the nodes of their first input, or of their output. */
    private static final Set<String> MOVING =
            Set.of("MaxPool", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Slice", "Flatten");

    /** Other operators that it runs on the codes of their first input. */
    private static final Set<String> ON_CODES = Set.of("Expand", "Gather", "GatherElements", "Tile", "Split");

    private static final Set<String> CLAMPING = Set.of("Relu", "Clip");

    /** Operators that it removes, or makes a part of the Conv behind them, before it looks for groups. */
    private static final Set<String> VANISHING = Set.of("Identity", "Dropout", "Pad");

    /** Operators that it makes a part of the layer in front, if their other inputs are constants. */
    private static final Set<String> FOLDED = Set.of("BatchNormalization", "Add", "Mul", "Identity", "Dropout");

    private static final Set<String> LAYERS = Set.of("Conv", "ConvTranspose", "Gemm", "MatMul");

    /**
     * How a value is stored or rounded.
     *
     * @param weight true if it is stored
     * @param rank of a stored value
     */
    record Codes(CodeType type, QuantParams params, boolean weight, int rank) {
        boolean isByte() {
            return type == CodeType.INT8 || type == CodeType.UINT8;
        }

        /** True if the range is found while the network runs: then DynamicQuantizeLinear stands there. */
        boolean isFound() {
            return params.runRange().isPresent();
        }

        boolean sameGrid(Codes other) {
            return !isFound() && type == other.type && params.equals(other.params);
        }

        /** One scale, or one for each index of the axis, and the same zero point for all. */
        boolean perTensorOr(int axis) {
            return switch (params.granularity()) {
                case Granularity.PerTensor _ -> true;
                case Granularity.PerChannel c -> c.axis() == axis && hasOneZeroPoint();
                case Granularity.PerBlock _ -> false;
            };
        }

        private boolean hasOneZeroPoint() {
            for (int i = 1; i < params.slices(); i++) {
                if (params.zeroPoint(i) != params.zeroPoint(0)) {
                    return false;
                }
            }
            return true;
        }
    }

    /**
     * An input of a node that is to read its DequantizeLinear from a distance.
     *
     * @param node index in the graph
     */
    record Reader(int node, int input) {}

    /** From this operator set on, ONNX Runtime's removal of a Clip does not know the QuantizeLinear behind it. */
    private static final int FIRST_WITHOUT_CLIP_REMOVAL = 19;

    private final OnnxGraph graph;
    private final int opset;
    private final Map<String, Codes> codes;
    private final Set<String> integerBiases;
    private final Map<String, NodeProto> producers = new HashMap<>();

    /**
     * @param opset the operator set of the file
     * @param codes of each stored weight and each rounded activation
     * @param integerBiases the biases that are stored as 32-bit codes
     */
    KernelFit(OnnxGraph graph, int opset, Map<String, Codes> codes, Set<String> integerBiases) {
        this.graph = graph;
        this.opset = opset;
        this.codes = codes;
        this.integerBiases = integerBiases;
        for (NodeProto node : nodes()) {
            node.getOutputList().forEach(out -> producers.put(out, node));
        }
    }

    private List<NodeProto> nodes() {
        return graph.proto().getGraph().getNodeList();
    }

    /** The rounded values between whose operator and QuantizeLinear something has to stand. */
    Set<String> interruptedBefore() {
        Set<String> found = new HashSet<>();
        codes.forEach((value, to) -> {
            NodeProto producer = producers.get(value);
            if (!to.weight && !to.isFound() && producer != null && !mayEnd(producer, to)) {
                found.add(value);
            }
        });
        return found;
    }

    /** The inputs between which and their DequantizeLinear something has to stand. */
    Set<Reader> interruptedBehind() {
        Set<Reader> found = new HashSet<>();
        for (int i = 0; i < nodes().size(); i++) {
            NodeProto node = nodes().get(i);
            for (int k = 0; k < node.getInputCount(); k++) {
                Codes in = codes.get(node.getInput(k));
                // No kernel computes on fewer than 8 bits, and not every rule looks at the width.
                if (in != null && !in.weight && in.type.bits() < Byte.SIZE) {
                    found.add(new Reader(i, k));
                }
            }
            if (!isStandard(node) || node.getInputCount() < 2) {
                continue;
            }
            String op = node.getOpType();
            // These are replaced without a QuantizeLinear behind them as well.
            boolean alone = op.equals("MatMul") || op.equals("Gemm");
            if (alone
                    && source(node.getInput(1)) != null
                    && !fits(node, Optional.ofNullable(codes.get(end(node))).filter(to -> !to.isFound()))) {
                found.add(new Reader(i, 1));
            }
        }
        return found;
    }

    /** The value that a node's result becomes behind Relu and Clip. */
    private String end(NodeProto node) {
        String at = node.getOutput(0);
        while (!codes.containsKey(at) && graph.consumers(at).size() == 1) {
            String value = at;
            NodeProto reader = nodes().stream()
                    .filter(n -> n.getInputList().contains(value))
                    .findFirst()
                    .orElse(null);
            if (reader == null || !CLAMPING.contains(reader.getOpType())) {
                break;
            }
            at = reader.getOutput(0);
        }
        return at;
    }

    /** True if a QuantizeLinear to these codes may stand right behind a node. */
    private boolean mayEnd(NodeProto producer, Codes to) {
        if (!isStandard(producer)) {
            return true;
        }
        NodeProto at = producer;
        boolean clamped = false;
        while (CLAMPING.contains(at.getOpType())) {
            String in = at.getInput(0);
            // It is removed if the codes clamp at the same values, of which only those of 8 bits are looked at.
            if (!to.isByte() || source(in) != null || (at.getOpType().equals("Clip") && isLeftBehind(at, to))) {
                return false;
            }
            NodeProto before = producers.get(in);
            if (before == null || !isStandard(before)) {
                return true;
            }
            at = before;
            clamped = true;
        }
        at = layerWith(at);
        if (MOVING.contains(at.getOpType()) || ON_CODES.contains(at.getOpType())) {
            Codes in = source(at.getInput(0));
            return !clamped && in != null && in.sameGrid(to) && to.isByte();
        }
        return switch (at.getOpType()) {
            case "AveragePool", "GlobalAveragePool", "Softmax" -> false;
            case "Resize" -> false;
            case "Conv", "ConvTranspose", "Gemm", "MatMul" -> fits(at, Optional.of(to));
            case "Add", "Mul", "Concat", "Where", "Sigmoid", "LeakyRelu" -> areBytes(at, to);
            default -> true;
        };
    }

    /** The layer that a node becomes a part of; the node itself if there is none. */
    private NodeProto layerWith(NodeProto node) {
        NodeProto at = node;
        while (FOLDED.contains(at.getOpType())) {
            List<String> computed =
                    at.getInputList().stream().filter(in -> !graph.isStored(in)).toList();
            NodeProto before = computed.size() == 1 ? producers.get(computed.getFirst()) : null;
            if (before == null || !isStandard(before)) {
                return node;
            }
            at = before;
        }
        return LAYERS.contains(at.getOpType()) ? at : node;
    }

    /**
     * True for a Clip that clamps no value that the codes would not clamp too, in a place where ONNX Runtime does not
     * remove it first: it then makes the layer in front an integer kernel and leaves the Clip's nodes in the graph.
     */
    private boolean isLeftBehind(NodeProto clip, Codes to) {
        Optional<Float> lo = bound(clip, 1, "min");
        Optional<Float> hi = bound(clip, 2, "max");
        if (lo.isEmpty() || hi.isEmpty()) {
            return true;
        }
        float scale = to.params.scale(0);
        int zero = to.params.zeroPoint(0);
        boolean redundant = Math.rint(lo.get() / scale) + zero <= to.type.min()
                && Math.rint(hi.get() / scale) + zero >= to.type.max();
        boolean removed = opset < FIRST_WITHOUT_CLIP_REMOVAL
                && lo.get() - scale * (to.type.min() - zero) <= Math.ulp(1f)
                && scale * (to.type.max() - zero) - hi.get() <= Math.ulp(1f);
        return redundant && !removed;
    }

    private Optional<Float> bound(NodeProto clip, int input, String attribute) {
        if (clip.getInputCount() > input && !clip.getInput(input).isEmpty()) {
            return graph.scalar(clip.getInput(input)).map(Number::floatValue);
        }
        float none = input == 1 ? -Float.MAX_VALUE : Float.MAX_VALUE;
        return Optional.of(clip.getAttributeList().stream()
                .filter(a -> a.getName().equals(attribute))
                .map(a -> a.getF())
                .findFirst()
                .orElse(none));
    }

    private boolean areBytes(NodeProto node, Codes to) {
        if (!to.isByte()) {
            return false;
        }
        for (String in : node.getInputList()) {
            Codes from = source(in);
            if (from != null && (!from.isByte() || from.type != to.type)) {
                return false;
            }
        }
        return true;
    }

    /**
     * True if the integer kernel for a layer computes what its nodes say, or if there is no rule that replaces it.
     *
     * @param to the codes of the result; empty if it stays float
     */
    private boolean fits(NodeProto node, Optional<Codes> to) {
        Codes in = source(node.getInput(0));
        Codes weight = source(node.getInput(1));
        String op = node.getOpType();
        boolean hasBias = node.getInputCount() > 2 && !node.getInput(2).isEmpty();
        boolean integerBias = hasBias && integerBiases.contains(node.getInput(2));
        if (op.equals("ConvTranspose")) {
            return in == null || (weight != null && (!hasBias || integerBias));
        }
        if (in == null && weight == null) {
            return true;
        }
        if (in == null || weight == null) {
            // A Conv or Gemm gets its float weight quantized if both sides are; a MatMul its weight packed otherwise.
            return op.equals("Conv") && in == null;
        }
        if (hasBias && !integerBias) {
            return false;
        }
        boolean bytes =
                in.isByte() && weight.isByte() && to.map(t -> t.type == in.type).orElse(true);
        boolean signs = in.type == CodeType.UINT8 || weight.type == CodeType.INT8;
        boolean plain = in.params.granularity() instanceof Granularity.PerTensor;
        return bytes && signs && plain && weight.perTensorOr(axis(node, weight));
    }

    /** The axis along which the kernel for a layer takes scales; −1 if it takes one for all. */
    private int axis(NodeProto node, Codes weight) {
        if (!weight.weight || !codes.containsKey(node.getInput(1))) {
            return -1;
        }
        return switch (node.getOpType()) {
            case "Conv" -> 0;
            case "Gemm" -> intAttribute(node, "transB") == 0 ? 1 : 0;
            case "MatMul" -> weight.rank == 2 ? 1 : -1;
            default -> -1;
        };
    }

    /** The codes that a value has, also if operators that only move values lie between; null if it has none. */
    private @Nullable Codes source(String value) {
        String at = value;
        for (int steps = 0; steps <= nodes().size(); steps++) {
            Codes here = codes.get(at);
            if (here != null) {
                return here;
            }
            NodeProto producer = producers.get(at);
            if (producer == null
                    || !isStandard(producer)
                    || !(MOVING.contains(producer.getOpType()) || VANISHING.contains(producer.getOpType()))) {
                return null;
            }
            at = producer.getInput(0);
        }
        return null;
    }

    private static long intAttribute(NodeProto node, String name) {
        return node.getAttributeList().stream()
                .filter(a -> a.getName().equals(name))
                .mapToLong(a -> a.getI())
                .findFirst()
                .orElse(0);
    }

    private static boolean isStandard(NodeProto node) {
        return node.getDomain().isEmpty() || node.getDomain().equals("ai.onnx");
    }
}
