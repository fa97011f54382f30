package org.quantscope.core.rewrite;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.onnx.ElementTypes;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;

/**
 * Raises the operator set of a graph without changing what it computes. An operator whose meaning is the same in both
 * sets is left alone, one that can be expressed in the new set is rewritten, and any other prevents the change. The
 * tables follow the version history of each operator in the ONNX schemas, for sets 10 to 26; set 26 only adds BitCast and CumProd.
 */
final class OpsetChange {
    /** The oldest set that can be raised. */
    static final int OLDEST = 10;
    /** The newest set in these tables. */
    static final int NEWEST = 26;

    private static final int WITH_ATTRIBUTES_AS_INPUTS = 11;
    private static final int WITHOUT_RATIO = 12;
    private static final int WITH_AXES_AS_INPUTS = 13;
    private static final int WITH_REDUCED_AXES_AS_INPUTS = 18;

    /** Operators whose meaning has not changed since set 10, or since the set that introduced them. */
    private static final Set<String> STABLE = Set.of(
            "Abs",
            "Acos",
            "Acosh",
            "Add",
            "And",
            "ArgMax",
            "ArgMin",
            "Asin",
            "Asinh",
            "Atan",
            "Atanh",
            "Attention",
            "AveragePool",
            "Bernoulli",
            "BitCast",
            "BitShift",
            "BitwiseAnd",
            "BitwiseNot",
            "BitwiseOr",
            "BitwiseXor",
            "Cast",
            "CastLike",
            "Ceil",
            "Celu",
            "Compress",
            "Concat",
            "Constant",
            "ConstantOfShape",
            "Conv",
            "ConvInteger",
            "ConvTranspose",
            "Cos",
            "Cosh",
            "CumProd",
            "CumSum",
            "DepthToSpace",
            "DequantizeLinear",
            "Det",
            "Div",
            "DynamicQuantizeLinear",
            "Einsum",
            "Elu",
            "Equal",
            "Erf",
            "Exp",
            "Expand",
            "EyeLike",
            "Flatten",
            "Floor",
            "GRU",
            "Gather",
            "GatherElements",
            "GatherND",
            "Gelu",
            "Gemm",
            "GlobalAveragePool",
            "GlobalLpPool",
            "GlobalMaxPool",
            "Greater",
            "GreaterOrEqual",
            "HardSigmoid",
            "HardSwish",
            "Identity",
            "If",
            "InstanceNormalization",
            "IsInf",
            "IsNaN",
            "LRN",
            "LSTM",
            "LayerNormalization",
            "LeakyRelu",
            "Less",
            "LessOrEqual",
            "Log",
            "Loop",
            "LpNormalization",
            "LpPool",
            "MatMul",
            "MatMulInteger",
            "Max",
            "MaxPool",
            "Mean",
            "MeanVarianceNormalization",
            "Min",
            "Mish",
            "Mod",
            "Mul",
            "Neg",
            "NonMaxSuppression",
            "NonZero",
            "Not",
            "OneHot",
            "Or",
            "PRelu",
            "Pow",
            "QLinearConv",
            "QLinearMatMul",
            "QuantizeLinear",
            "RMSNormalization",
            "RNN",
            "Range",
            "Reciprocal",
            "Relu",
            "Reshape",
            "ReverseSequence",
            "RotaryEmbedding",
            "Round",
            "Scan",
            "ScatterElements",
            "ScatterND",
            "Selu",
            "Shape",
            "Shrink",
            "Sigmoid",
            "Sign",
            "Sin",
            "Sinh",
            "Size",
            "Slice",
            "Softplus",
            "Softsign",
            "SpaceToDepth",
            "Sqrt",
            "Sub",
            "Sum",
            "Swish",
            "Tan",
            "Tanh",
            "ThresholdedRelu",
            "Tile",
            "TopK",
            "Transpose",
            "Trilu",
            "Unique",
            "Where",
            "Xor");

    /**
     * Operators with the set that changed their meaning in a way that is not rewritten here: an older graph may mean
     * something else in it.
     */
    private static final Map<String, Integer> CHANGED = Map.of(
            "DFT",
            20,
            "GridSample",
            20,
            "GroupNormalization",
            21,
            "Hardmax",
            13,
            "LogSoftmax",
            13,
            "Resize",
            13,
            "RoiAlign",
            16,
            "Scatter",
            11,
            "Softmax",
            13);

    private static final Set<String> REDUCTIONS = Set.of(
            "ReduceL1",
            "ReduceL2",
            "ReduceLogSum",
            "ReduceLogSumExp",
            "ReduceMax",
            "ReduceMean",
            "ReduceMin",
            "ReduceProd",
            "ReduceSumSquare");

    private static final Set<String> WITH_AXES = Set.of("Squeeze", "Unsqueeze", "ReduceSum");

    private OpsetChange() {}

    /**
     * For a person: the operator that prevents a graph from being raised to a set, with the set that changed it; empty
     * if nothing prevents it.
     */
    static Optional<String> obstacle(OnnxGraph graph, int to) {
        int from = graph.opset();
        if (to <= from) {
            return Optional.empty();
        }
        if (from < OLDEST || to > NEWEST) {
            return Optional.of("sets before " + OLDEST + " and behind " + NEWEST);
        }
        return obstacle(graph.proto().getGraph(), from, to, true);
    }

    private static Optional<String> obstacle(GraphProto graph, int from, int to, boolean main) {
        for (NodeProto node : graph.getNodeList()) {
            if (ElementTypes.isDefaultDomain(node)) {
                String op = node.getOpType();
                int changed = changedIn(node, from, to, main);
                if (changed > 0) {
                    return Optional.of(op + ", which set " + changed + " changed");
                }
                if (changed < 0) {
                    return Optional.of(op + ", which is not known");
                }
            }
            for (AttributeProto a : node.getAttributeList()) {
                List<GraphProto> inside = new ArrayList<>(a.getGraphsList());
                if (a.hasG()) {
                    inside.add(a.getG());
                }
                for (GraphProto sub : inside) {
                    Optional<String> found = obstacle(sub, from, to, false);
                    if (found.isPresent()) {
                        return found;
                    }
                }
            }
        }
        return Optional.empty();
    }

    /** The set that prevents the change; 0 if none does, −1 if the operator is unknown. */
    private static int changedIn(NodeProto node, int from, int to, boolean main) {
        String op = node.getOpType();
        if (STABLE.contains(op)) {
            return 0;
        }
        Integer changed = CHANGED.get(op);
        if (changed != null) {
            // The default became the last axis alone, so a node that names it is unchanged.
            boolean same = crosses(from, to, changed)
                    && changed == WITH_AXES_AS_INPUTS
                    && ElementTypes.intAttribute(node, "axis", 1) == -1;
            return crosses(from, to, changed) && !same ? changed : 0;
        }
        if (op.equals("BatchNormalization")) {
            return crosses(from, to, 14) && node.getOutputCount() > 1 ? 14 : 0;
        }
        int rewritten = rewrittenIn(op, from, to);
        return rewritten < 0 ? -1 : rewritten > 0 && !main ? rewritten : 0;
    }

    private static boolean crosses(int from, int to, int set) {
        return from < set && set <= to;
    }

    /**
     * The first set between the two for which the node has to be rewritten; 0 if there is none, −1 for an operator that
     * is never rewritten.
     */
    private static int rewrittenIn(String op, int from, int to) {
        int[] sets = REDUCTIONS.contains(op)
                ? new int[] {WITH_REDUCED_AXES_AS_INPUTS}
                : WITH_AXES.contains(op)
                        ? new int[] {WITH_AXES_AS_INPUTS}
                        : op.equals("Split")
                                ? new int[] {WITH_AXES_AS_INPUTS, WITH_REDUCED_AXES_AS_INPUTS}
                                : op.equals("Clip") || op.equals("Pad")
                                        ? new int[] {WITH_ATTRIBUTES_AS_INPUTS}
                                        : op.equals("Dropout") ? new int[] {WITHOUT_RATIO} : new int[0];
        for (int set : sets) {
            if (crosses(from, to, set)) {
                return set;
            }
        }
        return sets.length == 0 ? -1 : 0;
    }

    /** Raises the set; {@link #obstacle} must have found nothing. */
    static void apply(GraphEdit edit, int to) {
        int from = edit.graph().opset();
        if (to <= from) {
            return;
        }
        List<NodeProto> nodes = edit.graph().proto().getGraph().getNodeList();
        for (int i = 0; i < nodes.size(); i++) {
            NodeProto node = nodes.get(i);
            if (ElementTypes.isDefaultDomain(node) && rewrittenIn(node.getOpType(), from, to) > 0) {
                edit.rewriteNode(i, rewritten(edit, node, to));
            }
        }
        edit.setOpset(to);
    }

    private static NodeProto rewritten(GraphEdit edit, NodeProto node, int to) {
        Map<String, AttributeProto> attributes = new LinkedHashMap<>();
        node.getAttributeList().forEach(a -> attributes.put(a.getName(), a));
        List<String> inputs = new ArrayList<>(node.getInputList());
        String base = node.getOutput(0);
        switch (node.getOpType()) {
            case "Clip" -> {
                for (String end : List.of("min", "max")) {
                    AttributeProto value = attributes.remove(end);
                    inputs.add(value == null ? "" : scalar(edit, base + "_" + end, value.getF()));
                }
            }
            case "Pad" -> {
                AttributeProto pads = attributes.remove("pads");
                AttributeProto value = attributes.remove("value");
                inputs.add(integers(edit, base + "_pads", pads == null ? List.of() : pads.getIntsList()));
                inputs.add(value == null ? "" : scalar(edit, base + "_value", value.getF()));
            }
            case "Dropout" -> attributes.remove("ratio");
            case "Split" -> {
                AttributeProto split = attributes.remove("split");
                if (split != null) {
                    inputs.add(integers(edit, base + "_split", split.getIntsList()));
                } else if (inputs.size() < 2 && to >= WITH_REDUCED_AXES_AS_INPUTS) {
                    attributes.put("num_outputs", GraphEdit.attribute("num_outputs", (long) node.getOutputCount()));
                }
            }
            default -> {
                AttributeProto axes = attributes.remove("axes");
                if (axes != null) {
                    inputs.add(integers(edit, base + "_axes", axes.getIntsList()));
                }
            }
        }
        while (!inputs.isEmpty() && inputs.getLast().isEmpty()) {
            inputs.removeLast();
        }
        return node.toBuilder()
                .clearInput()
                .addAllInput(inputs)
                .clearAttribute()
                .addAllAttribute(attributes.values())
                .build();
    }

    private static String integers(GraphEdit edit, String base, List<Long> values) {
        String name = edit.fresh(base);
        edit.addInitializer(TensorEncoding.int64(
                name, Shape.of(values.size()), values.stream().mapToLong(v -> v).toArray()));
        return name;
    }

    private static String scalar(GraphEdit edit, String base, float value) {
        String name = edit.fresh(base);
        edit.addInitializer(TensorEncoding.floats(name, DType.F32, Shape.of(), new float[] {value}));
        return name;
    }
}
