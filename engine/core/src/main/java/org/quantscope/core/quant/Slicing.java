package org.quantscope.core.quant;

import java.util.OptionalInt;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorInfo;

/**
 * Which slice each element of a tensor belongs to. Seen from the axis that is cut, a row-major tensor is {@code [outer, length, inner]}:
 * element {@code e} stands at {@code e / inner % length} of the axis.
 *
 * <p>Channels are numbered along the axis. Blocks are numbered in storage order of the tensor {@code [outer, blocks, inner]} that holds one
 * number for each, as ONNX stores blocked scales; the last block of a row may be shorter than the others.
 *
 * @param granularity with a real axis
 * @param slices number of slices, at least 1
 * @param length elements along the axis that is cut, at least 1; 1 for a whole tensor
 * @param inner elements behind the axis, at least 1; all of them for a whole tensor
 */
public record Slicing(Granularity granularity, int slices, long length, long inner) {
    /**
     * @throws IllegalArgumentException if the axis is not one of the tensor's, or there are more than 2^31 − 1 slices
     */
    public static Slicing of(TensorInfo info, Granularity granularity) {
        return of(info.shape(), info.channelAxis(), granularity);
    }

    public static Slicing of(Shape shape, OptionalInt channelAxis, Granularity granularity) {
        return switch (granularity) {
            case Granularity.PerTensor t -> new Slicing(t, 1, 1, Math.max(1, shape.count()));
            case Granularity.PerChannel c -> {
                int axis = c.axis() == Granularity.PerChannel.DEFAULT_AXIS ? channelAxis.orElse(0) : c.axis();
                checkAxis(axis, shape);
                long length = Math.max(1, shape.dim(axis));
                yield new Slicing(
                        new Granularity.PerChannel(axis), count(length), length, Math.max(1, shape.inner(axis)));
            }
            case Granularity.PerBlock b -> {
                int axis = b.axis() == Granularity.PerBlock.DEFAULT_AXIS ? blockAxis(shape, channelAxis) : b.axis();
                checkAxis(axis, shape);
                long length = Math.max(1, shape.dim(axis));
                long inner = Math.max(1, shape.inner(axis));
                long outer = Math.max(1, shape.count() / length / inner);
                long slices = Math.multiplyExact(Math.multiplyExact(outer, Math.ceilDiv(length, b.size())), inner);
                yield new Slicing(new Granularity.PerBlock(axis, b.size()), count(slices), length, inner);
            }
        };
    }

    private static void checkAxis(int axis, Shape shape) {
        if (axis >= shape.rank()) {
            throw new IllegalArgumentException("granularity.axis: " + axis + " is not an axis of shape " + shape);
        }
    }

    private static int count(long slices) {
        if (slices > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "granularity: at most " + Integer.MAX_VALUE + " slices are supported, got " + slices);
        }
        return (int) slices;
    }

    /** The last axis that is not the channel axis; the only one of a vector. */
    private static int blockAxis(Shape shape, OptionalInt channelAxis) {
        int last = shape.rank() - 1;
        return last > 0 && channelAxis.isPresent() && channelAxis.getAsInt() == last ? last - 1 : Math.max(0, last);
    }

    /** True if the axis is cut into blocks: slices may then differ in length. */
    public boolean isBlocked() {
        return granularity instanceof Granularity.PerBlock;
    }

    /** Elements along the axis that lie in one slice (the last block may have fewer): the block size, 1 for channels and whole tensors. */
    public long span() {
        return granularity instanceof Granularity.PerBlock b ? Math.min(b.size(), length) : 1;
    }

    /** The most elements of one slice that lie side by side. */
    public long run() {
        return isBlocked() ? (inner == 1 ? span() : 1) : inner;
    }

    /** The slice of element {@code e}. */
    public int sliceOf(long e) {
        if (!isBlocked()) {
            return (int) (e / inner % length);
        }
        long row = e / inner;
        long blocks = Math.ceilDiv(length, span());
        return (int) ((row / length * blocks + row % length / span()) * inner + e % inner);
    }

    /** The element of the tensor that is value {@code i} of a slice, both in storage order. */
    public long element(int slice, long i) {
        if (!isBlocked()) {
            return (i / inner * length + slice) * inner + i % inner;
        }
        long region = slice / inner;
        long blocks = Math.ceilDiv(length, span());
        return (region / blocks * length + region % blocks * span() + i) * inner + slice % inner;
    }

    /**
     * The first element after {@code e} that may lie in another slice; {@code e} and all elements in between lie in the
     * same slice.
     */
    public long runEnd(long e) {
        if (!isBlocked()) {
            return e - e % inner + inner;
        } else if (inner > 1) {
            return e + 1;
        }
        long at = e % length;
        return e - at + Math.min(length, at - at % span() + span());
    }
}
