package org.quantscope.core.tensor;

import java.util.List;
import java.util.OptionalInt;

/**
 * What is known of a tensor without reading its values.
 *
 * @param channelAxis the output-channel axis by its consumer: Conv 0, ConvTranspose 1, Gemm 0 if transB else 1, MatMul last;
 *     empty if no consumer says
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

    /** A stored tensor of a file without a graph: a floating one of rank 2 or more is taken for a weight, nobody says who reads it. */
    public static TensorInfo withoutGraph(TensorId id, DType dtype, Shape shape) {
        TensorKind kind = dtype.isFloating() && shape.rank() >= 2 ? TensorKind.WEIGHT : TensorKind.CONSTANT;
        return new TensorInfo(id, kind, dtype, shape, OptionalInt.empty(), List.of());
    }

    /** True if the sole purpose of each group is one channel: a depthwise convolution weight (rank over 2, one input channel a group, more than one group). */
    public boolean isDepthwise() {
        return shape.rank() > 2 && shape.dim(1) == 1 && consumers.stream().anyMatch(c -> c.groups() > 1);
    }

    /** The axis that "per channel" means when none is given: {@link #channelAxis}, else 0. */
    public int defaultAxis() {
        return channelAxis.orElse(0);
    }
}
