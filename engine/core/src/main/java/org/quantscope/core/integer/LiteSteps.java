package org.quantscope.core.integer;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.quantscope.core.integer.IntegerGraph.Slot;
import org.quantscope.core.integer.IntegerOp.Activation;
import org.quantscope.core.integer.IntegerOp.Function;
import org.quantscope.core.integer.IntegerOp.Join;
import org.quantscope.core.integer.IntegerOp.WeightOrder;
import org.quantscope.core.integer.IntegerOp.Window;
import org.quantscope.core.tflite.LiteOperator;
import org.quantscope.core.tflite.LiteOptions;

/** What an operator of TensorFlow Lite is in whole numbers. */
final class LiteSteps {
    private static final int[] NONE = {0, 0, 0, 0};

    private LiteSteps() {}

    /**
     * The operator; empty for one that is not computed here.
     *
     * @throws IllegalArgumentException if its options or constant inputs are not what it takes
     */
    static Optional<IntegerOp> of(LiteOperator operator, List<Slot> slots) {
        return Optional.ofNullable(
                switch (operator.options()) {
                    case LiteOptions.Conv2d o -> conv(o, shape(operator, slots, 1), shape(operator, slots, 0));
                    case LiteOptions.DepthwiseConv2d o ->
                        depthwise(o, shape(operator, slots, 1), shape(operator, slots, 0));
                    case LiteOptions.FullyConnected o -> {
                        if (o.shuffled()) {
                            throw new IllegalArgumentException("its weights are shuffled");
                        }
                        yield new IntegerOp.Linear(true, o.keepDims(), activation(o.activation()));
                    }
                    case LiteOptions.Pool2d o -> pool(operator.name(), o);
                    case LiteOptions.Arithmetic o -> join(operator.name(), activation(o.activation()));
                    case LiteOptions.Softmax o -> new IntegerOp.Softmax(o.beta(), -1);
                    case LiteOptions.Concatenation o -> {
                        if (o.activation() != LiteOptions.Activation.NONE) {
                            throw new IllegalArgumentException("a function fused to CONCATENATION");
                        }
                        yield new IntegerOp.Concat(o.axis());
                    }
                    case LiteOptions.Reducer o ->
                        operator.name().equals("MEAN")
                                ? new IntegerOp.Mean(constant(operator, slots, 1), o.keepDims())
                                : null;
                    case LiteOptions.LeakyRelu o -> new IntegerOp.Pointwise(Function.LEAKY_RELU, o.alpha(), 0);
                    case LiteOptions.StridedSlice o -> slice(operator, o, slots);
                    default -> byName(operator, slots);
                });
    }

    private static @org.jspecify.annotations.Nullable IntegerOp byName(LiteOperator operator, List<Slot> slots) {
        return switch (operator.name()) {
            case "LOGISTIC" -> new IntegerOp.Pointwise(Function.LOGISTIC, 0, 0);
            case "TANH" -> new IntegerOp.Pointwise(Function.TANH, 0, 0);
            case "RELU" -> new IntegerOp.Clamp(Activation.RELU);
            case "RELU6" -> new IntegerOp.Clamp(Activation.RELU6);
            case "RELU_N1_TO_1" -> new IntegerOp.Clamp(Activation.RELU_N1_TO_1);
            case "QUANTIZE", "DEQUANTIZE" -> new IntegerOp.Convert();
            case "RESHAPE", "SQUEEZE", "EXPAND_DIMS" -> new IntegerOp.Reshape(toward(target(operator, slots)));
            case "TRANSPOSE" -> new IntegerOp.Transpose(constant(operator, slots, 1));
            case "PAD", "PADV2" -> pad(operator, slots);
            default -> null;
        };
    }

    private static int[] shape(LiteOperator operator, List<Slot> slots, int input) {
        int number = operator.input(input);
        if (number < 0) {
            throw new IllegalArgumentException("input " + input + " is missing");
        }
        return slots.get(number)
                .shape()
                .orElseThrow(() -> new IllegalArgumentException("input " + input + " has no shape"));
    }

    /** An input that must stand in the file. */
    private static int[] constant(LiteOperator operator, List<Slot> slots, int input) {
        int number = operator.input(input);
        if (number < 0 || slots.get(number).stored().isEmpty()) {
            throw new IllegalArgumentException("input " + input + " is not stored in the file");
        }
        return slots.get(number).stored().get().codes();
    }

    private static Activation activation(LiteOptions.Activation of) {
        return switch (of) {
            case NONE -> Activation.NONE;
            case RELU -> Activation.RELU;
            case RELU6 -> Activation.RELU6;
            case RELU_N1_TO_1 -> Activation.RELU_N1_TO_1;
            case TANH, SIGN_BIT -> throw new IllegalArgumentException("the fused function " + of);
        };
    }

    private static Window window(LiteOptions.Padding padding, int[] kernel, int[] strides, int[] dilations) {
        return new Window(true, padding == LiteOptions.Padding.SAME, kernel, strides, dilations, NONE, false);
    }

    private static int[] fourAxes(int[] weights) {
        if (weights.length != 4) {
            throw new IllegalArgumentException("weights of " + weights.length + " axes");
        }
        return weights;
    }

    private static IntegerOp conv(LiteOptions.Conv2d o, int[] weights, int[] picture) {
        int[] w = fourAxes(weights);
        int channels = picture.length == 4 ? picture[3] : 0;
        if (channels <= 0 || w[3] <= 0 || channels % w[3] != 0) {
            throw new IllegalArgumentException(channels + " channels under weights for " + w[3]);
        }
        Window window = window(o.padding(), new int[] {w[1], w[2]}, new int[] {o.strideH(), o.strideW()}, new int[] {
            o.dilationH(), o.dilationW()
        });
        return new IntegerOp.Conv(window, channels / w[3], WeightOrder.OHWI, activation(o.activation()));
    }

    private static IntegerOp depthwise(LiteOptions.DepthwiseConv2d o, int[] weights, int[] picture) {
        int[] w = fourAxes(weights);
        int channels = picture.length == 4 ? picture[3] : 0;
        if (channels <= 0 || w[3] % channels != 0) {
            throw new IllegalArgumentException(channels + " channels under depthwise weights for " + w[3]);
        }
        Window window = window(o.padding(), new int[] {w[1], w[2]}, new int[] {o.strideH(), o.strideW()}, new int[] {
            o.dilationH(), o.dilationW()
        });
        return new IntegerOp.Conv(window, channels, WeightOrder.ONE_HWO, activation(o.activation()));
    }

    private static @org.jspecify.annotations.Nullable IntegerOp pool(String name, LiteOptions.Pool2d o) {
        Window window = window(
                o.padding(), new int[] {o.height(), o.width()}, new int[] {o.strideH(), o.strideW()}, new int[] {1, 1});
        return switch (name) {
            case "AVERAGE_POOL_2D" -> new IntegerOp.AveragePool(window, false, false, activation(o.activation()));
            case "MAX_POOL_2D" -> new IntegerOp.MaxPool(window, activation(o.activation()));
            default -> null;
        };
    }

    private static @org.jspecify.annotations.Nullable IntegerOp join(String name, Activation activation) {
        return switch (name) {
            case "ADD" -> new IntegerOp.Elementwise(Join.ADD, activation);
            case "SUB" -> new IntegerOp.Elementwise(Join.SUB, activation);
            case "MUL" -> new IntegerOp.Elementwise(Join.MUL, activation);
            default -> null;
        };
    }

    /** The shape that the file gives the result: a signature with an open length leaves it to the run. */
    private static int[] target(LiteOperator operator, List<Slot> slots) {
        return slots.get(operator.outputs().getFirst())
                .shape()
                .orElseThrow(() -> new IllegalArgumentException("the result has no shape"));
    }

    /** One open length follows from the others; so does the first where more samples are fed than the file was made for. */
    static IntegerOp.Shapes toward(int[] target) {
        return from -> {
            int count = IntegerTensor.count(from);
            int open = -1;
            long known = 1;
            for (int i = 0; i < target.length; i++) {
                if (target[i] < 0) {
                    if (open >= 0) {
                        throw new IllegalArgumentException("a shape with two open lengths " + Arrays.toString(target));
                    }
                    open = i;
                } else {
                    known *= target[i];
                }
            }
            int[] shape = target.clone();
            if (open < 0 && known != count && target.length > 0 && target[0] == 1) {
                open = 0;
            }
            if (open >= 0) {
                if (known == 0 || count % known != 0) {
                    throw new IllegalArgumentException(
                            Arrays.toString(from) + " does not fill " + Arrays.toString(target));
                }
                shape[open] = (int) (count / known);
            }
            return shape;
        };
    }

    private static IntegerOp pad(LiteOperator operator, List<Slot> slots) {
        int[] pads = constant(operator, slots, 1);
        int[] before = new int[pads.length / 2];
        int[] after = new int[pads.length / 2];
        for (int i = 0; i < before.length; i++) {
            before[i] = pads[2 * i];
            after[i] = pads[2 * i + 1];
        }
        OptionalInt code = OptionalInt.empty();
        if (operator.name().equals("PADV2")) {
            int[] value = constant(operator, slots, 2);
            if (value.length != 1) {
                throw new IllegalArgumentException("a padding value of " + value.length + " elements");
            }
            code = OptionalInt.of(value[0]);
        }
        return new IntegerOp.Pad(before, after, code);
    }

    private static IntegerOp slice(LiteOperator operator, LiteOptions.StridedSlice o, List<Slot> slots) {
        if (o.ellipsisMask() != 0 || o.newAxisMask() != 0 || o.offset()) {
            throw new IllegalArgumentException("a slice with an ellipsis, a new axis or an offset");
        }
        int[] shape = shape(operator, slots, 0);
        int[] begin = constant(operator, slots, 1).clone();
        int[] end = constant(operator, slots, 2).clone();
        int[] step = constant(operator, slots, 3).clone();
        int rank = shape.length;
        if (begin.length > rank || end.length != begin.length || step.length != begin.length) {
            throw new IllegalArgumentException("a slice over " + begin.length + " axes of " + rank);
        }
        int given = begin.length;
        begin = Arrays.copyOf(begin, rank);
        end = Arrays.copyOf(end, rank);
        step = Arrays.copyOf(step, rank);
        int[] dropped = new int[0];
        for (int i = 0; i < rank; i++) {
            int length = shape[i];
            boolean free = i >= given;
            step[i] = free ? 1 : step[i];
            boolean up = step[i] > 0;
            begin[i] = free || (o.beginMask() >> i & 1) != 0
                    ? (up ? 0 : length - 1)
                    : Math.clamp(begin[i] < 0 ? begin[i] + length : begin[i], 0, up ? length : length - 1);
            end[i] = free || (o.endMask() >> i & 1) != 0
                    ? (up ? length : -1)
                    : Math.clamp(end[i] < 0 ? end[i] + length : end[i], up ? 0 : -1, length);
            if (!free && (o.shrinkAxisMask() >> i & 1) != 0) {
                end[i] = begin[i] + 1;
                step[i] = 1;
                dropped = Arrays.copyOf(dropped, dropped.length + 1);
                dropped[dropped.length - 1] = i;
            }
        }
        return new IntegerOp.Slice(begin, end, step, dropped);
    }
}
