package org.quantscope.core.tensor;

import java.util.List;
import java.util.OptionalInt;

/**
 * The description of a tensor, without its values.
 *
 * @param channelAxis the axis of output channels, which follows from the operator that reads the tensor: Conv 0,
 *     ConvTranspose 1, Gemm 0 if transB else 1, MatMul last; empty if no such operator reads it
 */
public record TensorInfo(
        TensorId id, TensorKind kind, DType dtype, Shape shape, OptionalInt channelAxis, List<Consumer> consumers) {
    public TensorInfo {
        consumers = List.copyOf(consumers);
        int rank = shape.rank();
        channelAxis.ifPresent(axis -> {
            if (axis < 0 || axis >= rank) {
                throw new IllegalArgumentException("channelAxis: " + axis + " is not an axis of " + shape);
            }
        });
    }

    /**
     * A stored tensor of a file without a graph: a floating one of rank 2 or more counts as a weight, and its readers
     * are unknown.
     */
    public static TensorInfo withoutGraph(TensorId id, DType dtype, Shape shape) {
        return withoutGraph(id, dtype, shape, 2);
    }

    /**
     * The only tensor of a file: a floating one of rank 1 or more counts as a weight, because a person who opens it
     * wants to see just this one.
     */
    public static TensorInfo alone(TensorId id, DType dtype, Shape shape) {
        return withoutGraph(id, dtype, shape, 1);
    }

    private static TensorInfo withoutGraph(TensorId id, DType dtype, Shape shape, int leastRank) {
        TensorKind kind = dtype.isFloating() && shape.rank() >= leastRank ? TensorKind.WEIGHT : TensorKind.CONSTANT;
        return new TensorInfo(id, kind, dtype, shape, OptionalInt.empty(), List.of());
    }

    /**
     * True for the weight of a depthwise convolution: rank above 2, more than one group, and one input channel in each
     * group.
     */
    public boolean isDepthwise() {
        return shape.rank() > 2 && shape.dim(1) == 1 && consumers.stream().anyMatch(c -> c.groups() > 1);
    }

    /** The axis that "per channel" means when none is given: {@link #channelAxis}, else 0. */
    public int defaultAxis() {
        return channelAxis.orElse(0);
    }
}
