package org.quantscope.core.tflite;

import java.util.List;

/**
 * What an operator is told beside its inputs, as the tables of the schema have it (union BuiltinOptions). Where a file
 * leaves a field out, it has the schema's default. Numbers are as in the file: a stride may be 0 or negative.
 */
public sealed interface LiteOptions {
    /** How a window is laid over the edges of a picture. */
    enum Padding {
        /** ⌈size / stride⌉ windows; where the padding is odd, the one more is at the end. */
        SAME,
        /** No padding. */
        VALID
    }

    /** A function that an operator applies to its result. */
    enum Activation {
        NONE,
        RELU,
        RELU_N1_TO_1,
        RELU6,
        TANH,
        SIGN_BIT
    }

    /** An operator without options, or one whose options are not read here. */
    record None() implements LiteOptions {}

    /** CONV_2D. */
    record Conv2d(Padding padding, int strideW, int strideH, Activation activation, int dilationW, int dilationH)
            implements LiteOptions {}

    /**
     * DEPTHWISE_CONV_2D.
     *
     * @param multiplier output channels for each input channel; 0 where the file leaves it to the shapes
     */
    record DepthwiseConv2d(
            Padding padding,
            int strideW,
            int strideH,
            int multiplier,
            Activation activation,
            int dilationW,
            int dilationH)
            implements LiteOptions {}

    /** CONV_3D and CONV_3D_TRANSPOSE. */
    record Conv3d(
            Padding padding,
            int strideD,
            int strideW,
            int strideH,
            Activation activation,
            int dilationD,
            int dilationW,
            int dilationH)
            implements LiteOptions {}

    /** TRANSPOSE_CONV. */
    record TransposeConv(Padding padding, int strideW, int strideH, Activation activation) implements LiteOptions {}

    /** AVERAGE_POOL_2D, MAX_POOL_2D, L2_POOL_2D. */
    record Pool2d(Padding padding, int strideW, int strideH, int width, int height, Activation activation)
            implements LiteOptions {}

    /**
     * FULLY_CONNECTED.
     *
     * @param shuffled the weights are stored in an order of their own (SHUFFLED4x16INT8)
     * @param keepDims all axes of the input but the last are kept
     */
    record FullyConnected(Activation activation, boolean shuffled, boolean keepDims) implements LiteOptions {}

    /** SOFTMAX: of beta · x. */
    record Softmax(float beta) implements LiteOptions {}

    /** CONCATENATION. */
    record Concatenation(int axis, Activation activation) implements LiteOptions {}

    /** ADD, SUB, MUL, DIV. */
    record Arithmetic(Activation activation) implements LiteOptions {}

    /** MEAN, SUM, REDUCE_MAX, REDUCE_MIN, REDUCE_PROD, REDUCE_ANY, REDUCE_ALL; the axes are the second input. */
    record Reducer(boolean keepDims) implements LiteOptions {}

    /** RESHAPE; the second input, if there is one, counts instead. */
    record Reshape(List<Integer> shape) implements LiteOptions {
        public Reshape {
            shape = List.copyOf(shape);
        }
    }

    /** SQUEEZE; no axes mean all of length 1. */
    record Squeeze(List<Integer> axes) implements LiteOptions {
        public Squeeze {
            axes = List.copyOf(axes);
        }
    }

    /** RESIZE_BILINEAR, RESIZE_NEAREST_NEIGHBOR. */
    record Resize(boolean alignCorners, boolean halfPixelCenters) implements LiteOptions {}

    /**
     * STRIDED_SLICE. Bit i of a mask is about axis i.
     *
     * @param offset the second list of places is counted from the first
     */
    record StridedSlice(
            int beginMask, int endMask, int ellipsisMask, int newAxisMask, int shrinkAxisMask, boolean offset)
            implements LiteOptions {}

    /** BATCH_MATMUL: which sides are transposed. */
    record BatchMatMul(boolean adjointX, boolean adjointY) implements LiteOptions {}

    /** LEAKY_RELU. */
    record LeakyRelu(float alpha) implements LiteOptions {}

    /** GATHER. */
    record Gather(int axis, int batchDims) implements LiteOptions {}

    /** SPLIT and SPLIT_V. */
    record Split(int count) implements LiteOptions {}

    /** SPACE_TO_DEPTH and DEPTH_TO_SPACE. */
    record Blocks(int size) implements LiteOptions {}

    /** MIRROR_PAD; the edge is repeated if symmetric. */
    record MirrorPad(boolean symmetric) implements LiteOptions {}

    /** PACK and UNPACK. */
    record Pack(int count, int axis) implements LiteOptions {}

    /** CAST: numbers of types, as {@link LiteType} has them. */
    record Cast(int from, int to) implements LiteOptions {}

    /** GELU. */
    record Gelu(boolean approximate) implements LiteOptions {}

    /** CUMSUM. */
    record Cumsum(boolean exclusive, boolean reverse) implements LiteOptions {}

    /** LOCAL_RESPONSE_NORMALIZATION: over 2 · radius + 1 channels. */
    record LocalResponse(int radius, float bias, float alpha, float beta) implements LiteOptions {}
}
