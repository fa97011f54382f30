package org.quantscope.core.onnx;

import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/** At which inputs operators multiply by a matrix or a kernel, and which of its axes are the output channels. */
final class WeightInputs {
    private WeightInputs() {}

    /**
     * The axis of output channels of a constant at one input of a node, if that makes the constant a weight.
     *
     * @param rank of the constant; vectors and scalars are no weights
     * @return empty if the operator does not multiply by matrices there
     */
    static OptionalInt channelAxis(NodeProto node, int input, int rank) {
        if (rank < 2) {
            return OptionalInt.empty();
        }
        boolean second = input == 1;
        if (node.getDomain().equals(FusedOperators.DOMAIN)) {
            return switch (node.getOpType()) {
                case "FusedConv" -> when(second, 0);
                case "FusedGemm" -> gemm(node, input);
                case "FusedMatMul", "TransposeMatMul" ->
                    matMul(input, rank, flag(node, "transA"), flag(node, "transB"));
                // The projections of query, key and value side by side, [hidden, 3·hidden].
                case "Attention" -> when(second, 1);
                default -> OptionalInt.empty();
            };
        }
        if (!ElementTypes.isDefaultDomain(node)) {
            return OptionalInt.empty();
        }
        return switch (node.getOpType()) {
            case "Conv", "DeformConv" -> when(second, 0);
            case "ConvTranspose" -> when(second, 1);
            case "Gemm" -> gemm(node, input);
            case "MatMul" -> matMul(input, rank, false, false);
            case "Einsum" -> einsum(node, input, rank);
            default -> OptionalInt.empty();
        };
    }

    private static OptionalInt when(boolean is, int axis) {
        return is ? OptionalInt.of(axis) : OptionalInt.empty();
    }

    private static boolean flag(NodeProto node, String attribute) {
        return ElementTypes.intAttribute(node, attribute, 0) != 0;
    }

    /** The rows of a first factor, or the columns of a second one, are the output channels. */
    private static OptionalInt matMul(int input, int rank, boolean firstTurned, boolean secondTurned) {
        return switch (input) {
            case 0 -> OptionalInt.of(firstTurned ? rank - 1 : rank - 2);
            case 1 -> OptionalInt.of(secondTurned ? rank - 2 : rank - 1);
            default -> OptionalInt.empty();
        };
    }

    private static OptionalInt gemm(NodeProto node, int input) {
        return matMul(input, 2, flag(node, "transA"), flag(node, "transB"));
    }

    /**
     * The first axis whose label the result has and no other operand has; else the first whose label the result has;
     * else axis 0. Labels may stand around one ellipsis, which is counted from both ends.
     */
    private static OptionalInt einsum(NodeProto node, int input, int rank) {
        String equation = node.getAttributeList().stream()
                .filter(a -> a.getName().equals("equation"))
                .findFirst()
                .map(a -> a.getS().toStringUtf8().replace(" ", ""))
                .orElse("");
        int arrow = equation.indexOf("->");
        List<String> terms = Arrays.asList((arrow < 0 ? equation : equation.substring(0, arrow)).split(",", -1));
        if (input >= terms.size()) {
            return OptionalInt.empty();
        }
        StringBuilder others = new StringBuilder();
        for (int i = 0; i < terms.size(); i++) {
            others.append(i == input ? "" : terms.get(i));
        }
        String term = terms.get(input);
        String all = String.join("", terms);
        // Without an arrow the result has the labels that occur once.
        String result = arrow < 0
                ? all.chars()
                        .filter(c -> all.indexOf(c) == all.lastIndexOf(c))
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                        .toString()
                : equation.substring(arrow + 2);
        List<Integer> kept = new ArrayList<>();
        int ellipsis = term.indexOf("...");
        String labels = term.replace("...", "");
        for (int i = 0; i < labels.length(); i++) {
            int axis = ellipsis >= 0 && i >= ellipsis ? rank - labels.length() + i : i;
            if (result.indexOf(labels.charAt(i)) >= 0 && axis >= 0 && axis < rank) {
                if (others.indexOf(labels.substring(i, i + 1)) < 0) {
                    return OptionalInt.of(axis);
                }
                kept.add(axis);
            }
        }
        return OptionalInt.of(kept.isEmpty() ? 0 : kept.getFirst());
    }
}
