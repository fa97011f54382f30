package org.quantscope.core.quant;

import java.util.OptionalInt;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorInfo;

/**
 * Which slice each element of a tensor belongs to, as runs of contiguous elements: element {@code e} (row-major) lies in
 * slice {@code (e / run) % slices} for tensors and channels.
 *
 * @param granularity with a real axis
 * @param slices number of slices, at least 1
 * @param run length of a contiguous run of one slice, in elements
 */
public record Slicing(Granularity granularity, int slices, long run) {
    /**
     * @throws IllegalArgumentException if the axis is not one of the tensor's, or for a block granularity (not supported yet)
     */
    public static Slicing of(TensorInfo info, Granularity granularity) {
        return of(info.shape(), info.channelAxis(), granularity);
    }

    public static Slicing of(Shape shape, OptionalInt channelAxis, Granularity granularity) {
        return switch (granularity) {
            case Granularity.PerTensor t -> new Slicing(t, 1, Math.max(1, shape.count()));
            case Granularity.PerChannel c -> {
                int axis = c.axis() == Granularity.PerChannel.DEFAULT_AXIS ? channelAxis.orElse(0) : c.axis();
                if (axis >= shape.rank()) {
                    throw new IllegalArgumentException("granularity.axis: " + axis + " is not an axis of shape " + shape);
                }
                yield new Slicing(new Granularity.PerChannel(axis), (int) Math.max(1, Math.min(Integer.MAX_VALUE, shape.dim(axis))), Math.max(1, shape.inner(axis)));
            }
            case Granularity.PerBlock b -> throw new IllegalArgumentException("granularity: " + b + " is not supported yet");
        };
    }

    /** The slice of element {@code e}. */
    public int sliceOf(long e) {
        return (int) (e / run % slices);
    }
}
