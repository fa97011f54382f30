package org.quantscope.core.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.quantscope.core.io.BadInputException;

/**
 * How many inputs and outputs a node has at least (onnx {@code docs/Operators.md}, contrib operators of ONNX Runtime).
 * Checked once for the whole file, so that who reads an operator's first input knows that there is one.
 */
final class NodeArity {
    /** Operators all of whose inputs are optional. */
    private static final Set<String> NO_INPUT = Set.of(
            "Constant",
            "Loop",
            "Optional",
            "RandomNormal",
            "RandomUniform",
            "SequenceEmpty",
            "Scan",
            "If",
            "SequenceConstruct");

    /** Operators whose first output may be left out, or of which there are several to choose from. */
    private static final Set<String> ANY_OUTPUT =
            Set.of("LSTM", "GRU", "RNN", "Loop", "Scan", "If", "TopK", "Split", "Unique", "SplitToSequence");

    /** The least number of inputs where it is more than one; the same in every operator set. */
    private static final Map<String, Integer> INPUTS = Stream.of(
                    Map.entry(
                            2,
                            List.of(
                                    "Add",
                                    "Sub",
                                    "Mul",
                                    "Div",
                                    "Pow",
                                    "MatMul",
                                    "MatMulInteger",
                                    "Gemm",
                                    "Conv",
                                    "ConvInteger",
                                    "ConvTranspose",
                                    "PRelu",
                                    "Gather",
                                    "GatherElements",
                                    "Expand",
                                    "Tile",
                                    "QuantizeLinear",
                                    "DequantizeLinear",
                                    "LayerNormalization",
                                    "FusedConv",
                                    "FusedGemm",
                                    "FusedMatMul",
                                    "BiasGelu")),
                    Map.entry(
                            3,
                            List.of(
                                    "LSTM",
                                    "GRU",
                                    "RNN",
                                    "Where",
                                    "InstanceNormalization",
                                    "GroupNormalization",
                                    "MatMulNBits",
                                    "DynamicQuantizeMatMul")),
                    Map.entry(4, List.of("MatMulIntegerToFloat")),
                    Map.entry(5, List.of("BatchNormalization")),
                    Map.entry(6, List.of("QGemm")),
                    Map.entry(8, List.of("QLinearConv", "QLinearMatMul")))
            .flatMap(e -> e.getValue().stream().map(op -> Map.entry(op, e.getKey())))
            .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, Map.Entry::getValue));

    private NodeArity() {}

    /** @throws BadInputException naming the node that lacks an input or output */
    static void check(Path file, ModelProto model) {
        check(file, model.getGraph().getNodeList());
        model.getFunctionsList().forEach(function -> check(file, function.getNodeList()));
    }

    private static void check(Path file, List<NodeProto> nodes) {
        for (NodeProto node : nodes) {
            if (ElementTypes.isDefaultDomain(node.getDomain())
                    || node.getDomain().equals("com.microsoft")) {
                check(file, node);
            }
            for (AttributeProto attribute : node.getAttributeList()) {
                check(file, attribute.getG().getNodeList());
                attribute.getGraphsList().forEach(body -> check(file, body.getNodeList()));
            }
        }
    }

    private static void check(Path file, NodeProto node) {
        String op = node.getOpType();
        int inputs = INPUTS.getOrDefault(op, NO_INPUT.contains(op) ? 0 : 1);
        for (int i = 0; i < inputs; i++) {
            if (i >= node.getInputCount() || (node.getInput(i).isEmpty() && !op.startsWith("QLinear"))) {
                throw new BadInputException(
                        file,
                        name(node),
                        op + " needs " + inputs + (inputs == 1 ? " input" : " inputs") + ", number " + (i + 1)
                                + " is missing");
            }
        }
        boolean any = node.getOutputList().stream().anyMatch(o -> !o.isEmpty());
        if (!any || (node.getOutput(0).isEmpty() && !ANY_OUTPUT.contains(op))) {
            throw new BadInputException(file, name(node), op + " has no output");
        }
    }

    private static String name(NodeProto node) {
        return node.getName().isEmpty() ? "a node without a name" : node.getName();
    }
}
