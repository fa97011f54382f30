package org.quantscope.core.departure;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.quantscope.core.tensor.Shape;

/**
 * The values of one tensor for one batch.
 *
 * @param values row-major; not copied, must not change
 */
@SuppressWarnings("ArrayRecordComponent") // handed on and never compared
record Values(Shape shape, float[] values) {
    Values {
        if (shape.count() != values.length) {
            throw new IllegalArgumentException("values: " + values.length + " for " + shape);
        }
    }

    /**
     * How one tensor's values stand in another one's shape.
     *
     * @param axes for each axis of the result the axis that it is taken from
     * @param squeezed true if there are axes of size 1 more or less
     */
    @SuppressWarnings("ArrayRecordComponent") // handed on and never compared
    record Layout(int[] axes, boolean squeezed) {
        static final Layout SAME = new Layout(new int[0], false);

        boolean isSame() {
            return axes.length == 0 && !squeezed;
        }

        /** For a person: how the deployed axes stand, such as {@code NHWC}. */
        String said() {
            return isSame() ? "same" : axes.length == 0 ? "reshaped" : "axes " + Arrays.toString(axes);
        }
    }

    /**
     * How values of {@code from} stand in {@code to}: unchanged, with axes of size 1 more or less, or with the channels
     * moved from the last axis to the second, or with any other order of axes that fits; empty if none does. The first
     * axis stays where it is.
     */
    static Optional<Layout> layout(Shape from, Shape to) {
        if (from.count() != to.count() || (from.rank() > 0 && to.rank() > 0 && from.dim(0) != to.dim(0))) {
            return Optional.empty();
        }
        if (from.equals(to)) {
            return Optional.of(Layout.SAME);
        }
        if (Arrays.equals(squeezed(from), squeezed(to))) {
            return Optional.of(new Layout(new int[0], true));
        }
        if (from.rank() != to.rank() || from.rank() > 5) {
            return Optional.empty();
        }
        Optional<Layout> moved = channelsMoved(from, to);
        return moved.isPresent()
                ? moved
                : orders(from.rank(), true)
                        .filter(axes -> fits(from, to, axes))
                        .findFirst()
                        .map(axes -> new Layout(axes, false));
    }

    /** With the channels moved from the last axis to the second, if that fits. */
    static Optional<Layout> channelsMoved(Shape from, Shape to) {
        int n = from.rank();
        int[] channelsSecond = new int[n];
        for (int i = 1; i < n; i++) {
            channelsSecond[i] = i == 1 ? n - 1 : i - 1;
        }
        return fits(from, to, channelsSecond) ? Optional.of(new Layout(channelsSecond, false)) : Optional.empty();
    }

    private static boolean fits(Shape from, Shape to, int[] axes) {
        for (int i = 0; i < axes.length; i++) {
            if (from.dim(axes[i]) != to.dim(i)) {
                return false;
            }
        }
        return true;
    }

    private static long[] squeezed(Shape shape) {
        return Arrays.stream(shape.toArray()).filter(d -> d != 1).toArray();
    }

    /** All orders of {@code n} axes but the one that they have. */
    static Stream<int[]> orders(int n, boolean firstStays) {
        List<int[]> all = new ArrayList<>();
        permute(new int[n], 0, 0, firstStays, all);
        return all.stream().filter(axes -> {
            for (int i = 0; i < n; i++) {
                if (axes[i] != i) {
                    return true;
                }
            }
            return false;
        });
    }

    private static void permute(int[] axes, int at, int used, boolean firstStays, List<int[]> into) {
        if (at == axes.length) {
            into.add(axes.clone());
            return;
        }
        for (int i = 0; i < axes.length; i++) {
            if ((used >> i & 1) == 0 && (at > 0 || !firstStays || i == 0)) {
                axes[at] = i;
                permute(axes, at + 1, used | 1 << i, firstStays, into);
            }
        }
    }

    /** These values in another shape. */
    Values in(Layout layout, Shape to) {
        if (layout.isSame()) {
            return this;
        }
        return layout.axes().length == 0 ? new Values(to, values) : transposed(layout.axes());
    }

    /** These values with the axes in another order: axis i of the result is axis {@code axes[i]} of these. */
    Values transposed(int[] axes) {
        int n = axes.length;
        long[] dims = new long[n];
        int[] strides = new int[n];
        for (int i = 0; i < n; i++) {
            dims[i] = shape.dim(axes[i]);
            strides[i] = (int) shape.inner(axes[i]);
        }
        float[] out = new float[values.length];
        int[] at = new int[n];
        int from = 0;
        for (int e = 0; e < out.length; e++) {
            out[e] = values[from];
            for (int i = n - 1; i >= 0; i--) {
                from += strides[i];
                if (++at[i] < dims[i]) {
                    break;
                }
                from -= strides[i] * (int) dims[i];
                at[i] = 0;
            }
        }
        return new Values(Shape.of(dims), out);
    }
}
