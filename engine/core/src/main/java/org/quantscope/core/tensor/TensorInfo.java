package org.quantscope.core.tensor;

import java.util.List;
import java.util.OptionalInt;

/**
 * What is known of a tensor without reading its values.
 *
 * @param channelAxis the output-channel axis by its consumer: Conv 0, ConvTranspose 1, Gemm 0 if transB else 1, MatMul last;
 *     empty if no consumer says
 */
public record TensorInfo(TensorId id, TensorKind kind, DType dtype, Shape shape, OptionalInt channelAxis, List<Consumer> consumers) {
    public TensorInfo {
        consumers = List.copyOf(consumers);
        int rank = shape.rank();
        channelAxis.ifPresent(axis -> {
            if (axis < 0 || axis >= rank) {
                throw new IllegalArgumentException("channelAxis: " + axis + " is not an axis of " + shape);
            }
        });
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
