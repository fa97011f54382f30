package org.quantscope.core.integer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.integer.IntegerOp.Activation;
import org.quantscope.core.integer.IntegerOp.Join;
import org.quantscope.core.integer.IntegerOp.WeightOrder;
import org.quantscope.core.integer.IntegerOp.Window;
import org.quantscope.core.onnx.OnnxNode;

/** What a node of ONNX is in whole numbers. */
final class OnnxSteps {
    private OnnxSteps() {}

    /**
     * Where an operator on codes finds one of its tensors.
     *
     * @param codes the input that holds codes; −1 for the result
     * @param scale the input that holds the scale
     * @param zero the input that holds the zero point
     * @param axis of several scales
     */
    record Operand(int codes, int scale, int zero, int axis) {}

    /** An operator on codes and where its tensors stand. */
    record OnCodes(IntegerOp op, List<Operand> operands, int bias, Operand result) {}

    /**
     * The operator; empty for one that is not computed here.
     *
     * @param constants whole numbers that are stored, by name
     */
    static Optional<IntegerOp> of(OnnxNode node, Function<String, int[]> constants) {
        return Optional.ofNullable(
                switch (node.opType()) {
                    case "Conv" -> conv(node);
                    case "Gemm" -> gemm(node);
                    case "MatMul" -> new IntegerOp.Linear(false, true, Activation.NONE);
                    case "Add" -> new IntegerOp.Elementwise(Join.ADD, Activation.NONE);
                    case "Sub" -> new IntegerOp.Elementwise(Join.SUB, Activation.NONE);
                    case "Mul" -> new IntegerOp.Elementwise(Join.MUL, Activation.NONE);
                    case "MaxPool" ->
                        node.outputs().size() > 1 ? null : new IntegerOp.MaxPool(window(node), Activation.NONE);
                    case "AveragePool" ->
                        new IntegerOp.AveragePool(
                                window(node), false, node.intAttribute("count_include_pad", 0) != 0, Activation.NONE);
                    case "GlobalAveragePool" -> new IntegerOp.AveragePool(whole(false), true, false, Activation.NONE);
                    case "ReduceMean" -> mean(node, constants);
                    case "Sigmoid" -> new IntegerOp.Pointwise(IntegerOp.Function.LOGISTIC, 0, 0);
                    case "Tanh" -> new IntegerOp.Pointwise(IntegerOp.Function.TANH, 0, 0);
                    case "Erf" -> new IntegerOp.Pointwise(IntegerOp.Function.ERF, 0, 0);
                    case "Gelu" ->
                        node.textAttribute("approximate", "none").equals("none")
                                ? new IntegerOp.Pointwise(IntegerOp.Function.GELU, 0, 0)
                                : null;
                    case "HardSwish" -> new IntegerOp.Pointwise(IntegerOp.Function.HARD_SWISH, 0, 0);
                    case "HardSigmoid" ->
                        new IntegerOp.Pointwise(
                                IntegerOp.Function.HARD_SIGMOID,
                                node.floatAttribute("alpha", 0.2f),
                                node.floatAttribute("beta", 0.5f));
                    case "LeakyRelu" ->
                        new IntegerOp.Pointwise(IntegerOp.Function.LEAKY_RELU, node.floatAttribute("alpha", 0.01f), 0);
                    case "Softmax" -> new IntegerOp.Softmax(1, (int) node.intAttribute("axis", -1));
                    case "Concat" -> new IntegerOp.Concat((int) node.intAttribute("axis", 0));
                    default -> moved(node, constants);
                });
    }

    private static @Nullable IntegerOp moved(OnnxNode node, Function<String, int[]> constants) {
        return switch (node.opType()) {
            case "Reshape" -> {
                int[] target = node.input(1).map(constants).orElseThrow(() -> new IllegalArgumentException("no shape"));
                boolean zeroIsZero = node.intAttribute("allowzero", 0) != 0;
                yield new IntegerOp.Reshape(from -> {
                    int[] shape = target.clone();
                    for (int i = 0; i < shape.length; i++) {
                        if (shape[i] == 0 && !zeroIsZero && i < from.length) {
                            shape[i] = from[i];
                        }
                    }
                    return LiteSteps.toward(shape).of(from);
                });
            }
            case "Flatten" -> {
                int axis = (int) node.intAttribute("axis", 1);
                yield new IntegerOp.Reshape(from -> {
                    int at = axis < 0 ? axis + from.length : axis;
                    if (at < 0 || at > from.length) {
                        throw new IllegalArgumentException("axis " + axis + " of " + from.length);
                    }
                    int rows = IntegerTensor.count(Arrays.copyOf(from, at));
                    return new int[] {rows, rows == 0 ? 0 : IntegerTensor.count(from) / rows};
                });
            }
            case "Squeeze", "Unsqueeze" -> {
                int[] axes = node.input(1)
                        .map(constants)
                        .or(() -> node.intsAttribute("axes").map(OnnxSteps::ints))
                        .orElse(new int[0]);
                boolean less = node.opType().equals("Squeeze");
                yield new IntegerOp.Reshape(from -> less ? squeezed(from, axes) : unsqueezed(from, axes));
            }
            case "Transpose" ->
                node.intsAttribute("perm")
                        .map(p -> (IntegerOp) new IntegerOp.Transpose(ints(p)))
                        .orElse(null);
            case "Pad" -> pad(node, constants);
            default -> null;
        };
    }

    private static int[] ints(List<Long> of) {
        return of.stream().mapToInt(Math::toIntExact).toArray();
    }

    private static int[] squeezed(int[] from, int[] axes) {
        List<Integer> kept = new ArrayList<>();
        for (int i = 0; i < from.length; i++) {
            int at = i;
            boolean dropped = axes.length == 0
                    ? from[i] == 1
                    : Arrays.stream(axes).anyMatch(a -> (a < 0 ? a + from.length : a) == at);
            if (!dropped) {
                kept.add(from[i]);
            }
        }
        return kept.stream().mapToInt(Integer::intValue).toArray();
    }

    private static int[] unsqueezed(int[] from, int[] axes) {
        int rank = from.length + axes.length;
        int[] shape = new int[rank];
        for (int axis : axes) {
            int at = axis < 0 ? axis + rank : axis;
            if (at < 0 || at >= rank) {
                throw new IllegalArgumentException("axis " + axis + " of " + rank);
            }
            shape[at] = 1;
        }
        int next = 0;
        for (int i = 0; i < rank; i++) {
            if (shape[i] == 0 && next < from.length) {
                shape[i] = from[next++];
            }
        }
        return shape;
    }

    private static @Nullable IntegerOp pad(OnnxNode node, Function<String, int[]> constants) {
        if (!node.textAttribute("mode", "constant").equals("constant")
                || node.input(2).isPresent()) {
            return null;
        }
        int[] pads = node.input(1)
                .map(constants)
                .or(() -> node.intsAttribute("pads").map(OnnxSteps::ints))
                .orElseThrow(() -> new IllegalArgumentException("no paddings"));
        int half = pads.length / 2;
        return new IntegerOp.Pad(
                Arrays.copyOf(pads, half), Arrays.copyOfRange(pads, half, 2 * half), OptionalInt.empty());
    }

    private static int[] pair(OnnxNode node, String name, int fallback) {
        int[] given = node.intsAttribute(name).map(OnnxSteps::ints).orElse(new int[] {fallback, fallback});
        if (given.length != 2) {
            throw new IllegalArgumentException(name + " of " + given.length + " axes; two are computed");
        }
        return given;
    }

    private static Window whole(boolean channelsLast) {
        return new Window(channelsLast, false, new int[] {1, 1}, new int[] {1, 1}, new int[] {1, 1}, new int[4], false);
    }

    private static Window window(OnnxNode node) {
        int[] kernel = node.intsAttribute("kernel_shape")
                .map(OnnxSteps::ints)
                .orElseThrow(() -> new IllegalArgumentException("no kernel_shape"));
        int[] pads = node.intsAttribute("pads").map(OnnxSteps::ints).orElse(new int[4]);
        String auto = node.textAttribute("auto_pad", "NOTSET");
        if (auto.equals("SAME_LOWER")) {
            throw new IllegalArgumentException("auto_pad SAME_LOWER");
        }
        return new Window(
                false,
                auto.equals("SAME_UPPER"),
                kernel,
                pair(node, "strides", 1),
                pair(node, "dilations", 1),
                auto.equals("NOTSET") ? pads : new int[4],
                node.intAttribute("ceil_mode", 0) != 0);
    }

    private static IntegerOp conv(OnnxNode node) {
        return new IntegerOp.Conv(
                window(node), Math.toIntExact(node.intAttribute("group", 1)), WeightOrder.OIHW, Activation.NONE);
    }

    private static @Nullable IntegerOp gemm(OnnxNode node) {
        boolean plain = node.intAttribute("transA", 0) == 0
                && node.floatAttribute("alpha", 1) == 1
                && node.floatAttribute("beta", 1) == 1;
        return plain ? new IntegerOp.Linear(node.intAttribute("transB", 0) != 0, false, Activation.NONE) : null;
    }

    private static @Nullable IntegerOp mean(OnnxNode node, Function<String, int[]> constants) {
        Optional<int[]> axes =
                node.input(1).map(constants).or(() -> node.intsAttribute("axes").map(OnnxSteps::ints));
        return axes.<IntegerOp>map(a -> new IntegerOp.Mean(a, node.intAttribute("keepdims", 1) != 0))
                .orElse(null);
    }

    /** Inputs that are values and no settings. */
    static int dataInputs(OnnxNode node) {
        return switch (node.opType()) {
            case "Conv", "Gemm" -> node.input(2).isPresent() ? 3 : 2;
            case "Add", "Sub", "Mul", "MatMul" -> 2;
            case "Concat" -> node.inputs().size();
            default -> 1;
        };
    }

    /** True for what leaves codes as they are. */
    static boolean moves(IntegerOp op) {
        return op instanceof IntegerOp.Reshape
                || op instanceof IntegerOp.Transpose
                || op instanceof IntegerOp.Pad
                || op instanceof IntegerOp.MaxPool;
    }

    /** The operator with limits on its result; empty if it takes none. */
    static Optional<IntegerOp> limited(IntegerOp op, Activation activation) {
        if (activation == Activation.NONE) {
            return Optional.of(op);
        }
        return Optional.ofNullable(
                switch (op) {
                    case IntegerOp.Conv o -> new IntegerOp.Conv(o.window(), o.groups(), o.order(), activation);
                    case IntegerOp.Linear o -> new IntegerOp.Linear(o.outputsFirst(), o.keepAxes(), activation);
                    case IntegerOp.Elementwise o -> new IntegerOp.Elementwise(o.join(), activation);
                    case IntegerOp.AveragePool o ->
                        new IntegerOp.AveragePool(o.window(), o.global(), o.countPadding(), activation);
                    default -> null;
                });
    }

    /** Operators on codes (onnx.ai QLinearConv, QLinearMatMul; ONNX Runtime's docs/ContribOperators.md). */
    static Optional<OnCodes> onCodes(OnnxNode node) {
        Operand x = new Operand(0, 1, 2, 1);
        Operand y = new Operand(3, 4, 5, 1);
        return Optional.ofNullable(
                switch (node.opType()) {
                    case "QLinearConv" ->
                        new OnCodes(conv(node), List.of(x, new Operand(3, 4, 5, 0)), 8, new Operand(-1, 6, 7, 1));
                    case "QLinearMatMul" ->
                        new OnCodes(
                                new IntegerOp.Linear(false, true, Activation.NONE),
                                List.of(x, new Operand(3, 4, 5, -1)),
                                -1,
                                new Operand(-1, 6, 7, 1));
                    case "com.microsoft.QGemm" -> {
                        IntegerOp op = gemm(node);
                        yield op == null
                                ? null
                                : new OnCodes(
                                        op,
                                        List.of(x, new Operand(3, 4, 5, node.intAttribute("transB", 0) != 0 ? 0 : 1)),
                                        6,
                                        new Operand(-1, 7, 8, 1));
                    }
                    case "com.microsoft.QLinearAdd", "com.microsoft.QLinearMul" ->
                        new OnCodes(
                                new IntegerOp.Elementwise(
                                        node.opType().endsWith("Add") ? Join.ADD : Join.MUL, Activation.NONE),
                                List.of(x, y),
                                -1,
                                new Operand(-1, 6, 7, 1));
                    case "com.microsoft.QLinearSigmoid" ->
                        new OnCodes(
                                new IntegerOp.Pointwise(IntegerOp.Function.LOGISTIC, 0, 0),
                                List.of(x),
                                -1,
                                new Operand(-1, 3, 4, 1));
                    case "com.microsoft.QLinearLeakyRelu" ->
                        new OnCodes(
                                new IntegerOp.Pointwise(
                                        IntegerOp.Function.LEAKY_RELU, node.floatAttribute("alpha", 0.01f), 0),
                                List.of(x),
                                -1,
                                new Operand(-1, 3, 4, 1));
                    case "com.microsoft.QLinearSoftmax" ->
                        new OnCodes(
                                new IntegerOp.Softmax(1, (int) node.intAttribute("axis", -1)),
                                List.of(x),
                                -1,
                                new Operand(-1, 3, 4, 1));
                    case "com.microsoft.QLinearGlobalAveragePool" ->
                        new OnCodes(
                                new IntegerOp.AveragePool(
                                        whole(node.intAttribute("channels_last", 0) != 0),
                                        true,
                                        false,
                                        Activation.NONE),
                                List.of(x),
                                -1,
                                new Operand(-1, 3, 4, 1));
                    case "com.microsoft.QLinearAveragePool" ->
                        node.intAttribute("channels_last", 0) != 0
                                ? null
                                : new OnCodes(
                                        new IntegerOp.AveragePool(
                                                window(node),
                                                false,
                                                node.intAttribute("count_include_pad", 0) != 0,
                                                Activation.NONE),
                                        List.of(x),
                                        -1,
                                        new Operand(-1, 3, 4, 1));
                    case "com.microsoft.QLinearConcat" -> {
                        List<Operand> operands = new ArrayList<>();
                        for (int i = 2; i + 2 < node.inputs().size(); i += 3) {
                            operands.add(new Operand(i, i + 1, i + 2, 1));
                        }
                        yield new OnCodes(
                                new IntegerOp.Concat((int) node.intAttribute("axis", 0)),
                                operands,
                                -1,
                                new Operand(-1, 0, 1, 1));
                    }
                    default -> null;
                });
    }
}
