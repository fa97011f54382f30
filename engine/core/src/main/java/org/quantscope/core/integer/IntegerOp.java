package org.quantscope.core.integer;

/**
 * An operator of a quantized network. Its tensors are inputs and outputs of the {@link IntegerGraph.Step}; what the codes
 * mean stands with the tensors.
 */
@SuppressWarnings("ArrayRecordComponent") // read from a file once, never compared
public sealed interface IntegerOp {
    /** A function that an operator applies to its result, by limits on its codes. */
    enum Activation {
        NONE,
        RELU,
        RELU6,
        /** Between −1 and 1. */
        RELU_N1_TO_1
    }

    /**
     * How a window lies on a picture. Where padding is {@code same} it follows the size of the picture.
     *
     * @param channelsLast N·H·W·C, else N·C·H·W
     * @param same ⌈size / stride⌉ windows, the odd one more of padding at the end
     * @param pads top, left, bottom, right, where it is not {@code same}
     * @param ceil the last window may begin inside and end outside
     */
    record Window(
            boolean channelsLast,
            boolean same,
            int[] kernel,
            int[] strides,
            int[] dilations,
            int[] pads,
            boolean ceil) {
        public Window {
            check("kernel", kernel, 1);
            check("strides", strides, 1);
            check("dilations", dilations, 1);
            if (pads.length != 4) {
                throw new IllegalArgumentException(pads.length + " paddings");
            }
            for (int pad : pads) {
                if (pad < 0 || pad > 1 << 20) {
                    throw new IllegalArgumentException("padding of " + pad);
                }
            }
        }

        private static void check(String what, int[] of, int least) {
            if (of.length != 2) {
                throw new IllegalArgumentException(what + " of " + of.length + " axes");
            }
            for (int value : of) {
                if (value < least || value > 1 << 20) {
                    throw new IllegalArgumentException(what + " of " + value);
                }
            }
        }

        int effective(int axis) {
            return (kernel[axis] - 1) * dilations[axis] + 1;
        }

        /** Windows along an axis (0 height, 1 width). */
        int windows(int axis, int size) {
            int wide = effective(axis);
            if (same) {
                return Math.ceilDiv(size, strides[axis]);
            }
            int room = size + pads[axis] + pads[axis + 2] - wide;
            if (room < 0) {
                throw new IllegalArgumentException("a window of " + wide + " on " + size);
            }
            int windows = (ceil ? Math.ceilDiv(room, strides[axis]) : room / strides[axis]) + 1;
            // One that would begin in the padding behind is none.
            return ceil && (windows - 1) * strides[axis] >= size + pads[axis] ? windows - 1 : windows;
        }

        /** Padding before an axis. */
        int before(int axis, int size) {
            if (!same) {
                return pads[axis];
            }
            return Math.max(0, (windows(axis, size) - 1) * strides[axis] + effective(axis) - size) / 2;
        }
    }

    /** How the weights of a convolution lie. */
    enum WeightOrder {
        /** Output channels · height · width · input channels of the group. */
        OHWI,
        /** 1 · height · width · output channels; as many groups as input channels. */
        ONE_HWO,
        /** Output channels · input channels of the group · height · width. */
        OIHW
    }

    /** Inputs: picture, weights, bias or nothing. */
    record Conv(Window window, int groups, WeightOrder order, Activation activation) implements IntegerOp {}

    /**
     * x · wᵀ + bias of the rows of x. Inputs: x, weights, bias or nothing.
     *
     * @param outputsFirst weights are outputs · inputs, else inputs · outputs
     * @param keepAxes the result has the axes of x but the last; else it is a matrix
     */
    record Linear(boolean outputsFirst, boolean keepAxes, Activation activation) implements IntegerOp {}

    /** A product of two tensors that are both computed, matrix by matrix. */
    record MatMul(boolean transposeA, boolean transposeB) implements IntegerOp {}

    /**
     * The mean of each window. Inputs: picture.
     *
     * @param global the window is the whole picture
     * @param countPadding the padding counts as zeros
     */
    record AveragePool(Window window, boolean global, boolean countPadding, Activation activation)
            implements IntegerOp {}

    /** The greatest of each window. */
    record MaxPool(Window window, Activation activation) implements IntegerOp {}

    /** What two tensors are joined by. */
    enum Join {
        ADD,
        SUB,
        MUL
    }

    /** Element by element; the smaller is repeated. */
    record Elementwise(Join join, Activation activation) implements IntegerOp {}

    /** Over one axis. */
    record Softmax(float beta, int axis) implements IntegerOp {}

    /** A function of single values. */
    enum Function {
        LOGISTIC,
        TANH,
        LEAKY_RELU,
        HARD_SWISH,
        HARD_SIGMOID,
        GELU,
        ELU,
        EXP,
        SQRT,
        RSQRT,
        ERF
    }

    /** A function of single values, with up to two numbers of its own. */
    record Pointwise(Function function, float alpha, float beta) implements IntegerOp {}

    /** Limits, as an operator of its own. */
    record Clamp(Activation activation) implements IntegerOp {}

    /** The mean over axes. */
    record Mean(int[] axes, boolean keepAxes) implements IntegerOp {}

    /** Float to codes, codes to float, or codes to codes of another grid: whatever the types of its tensors say. */
    record Convert() implements IntegerOp {}

    /** The same elements in a shape that is worked out when it runs; see {@link Shapes}. */
    record Reshape(Shapes shape) implements IntegerOp {}

    /** From the shape of what comes in to that of what goes out. */
    @FunctionalInterface
    interface Shapes {
        int[] of(int[] shape);
    }

    /** Axes in another order. */
    record Transpose(int[] order) implements IntegerOp {}

    /** Padding with a value: the zero of the grid, or a code. */
    record Pad(int[] before, int[] after, java.util.OptionalInt code) implements IntegerOp {}

    /** Tensors one behind the other. */
    record Concat(int axis) implements IntegerOp {}

    /** A part: begins and steps by axis, of which count are taken. */
    record Slice(int[] begin, int[] end, int[] step, int[] dropAxes) implements IntegerOp {}
}
