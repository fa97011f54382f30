package org.quantscope.core.tensor;

import java.util.Arrays;
import java.util.stream.Collectors;

/** The extents of a tensor, outermost first (row-major storage). A scalar has rank 0 and count 1. */
public final class Shape {
    /** No format or runtime supports more dimensions; a file that claims more is damaged. */
    public static final int MAX_RANK = 64;

    private final long[] dims;
    private final long count;

    private Shape(long[] dims) {
        this.dims = dims;
        if (dims.length > MAX_RANK) {
            throw new IllegalArgumentException(
                    "shape: has " + dims.length + " dimensions, " + MAX_RANK + " is the limit");
        }
        long n = 1;
        for (long d : dims) {
            if (d < 0) {
                throw new IllegalArgumentException("shape: a dimension is at least 0, got " + d);
            }
            try {
                n = Math.multiplyExact(n, d);
            } catch (ArithmeticException e) {
                throw new IllegalArgumentException("shape: " + text(dims) + " has more than 2^63 elements", e);
            }
        }
        this.count = n;
    }

    /** @throws IllegalArgumentException if there are more than {@link #MAX_RANK} dimensions, one is negative or the number of elements does not fit a long */
    public static Shape of(long... dims) {
        return new Shape(dims.clone());
    }

    public int rank() {
        return dims.length;
    }

    public long dim(int axis) {
        return dims[axis];
    }

    /** The number of elements: the product of the dimensions, 1 for a scalar. */
    public long count() {
        return count;
    }

    /** The product of the dimensions before {@code axis}. */
    public long outer(int axis) {
        long n = 1;
        for (int i = 0; i < axis; i++) {
            n *= dims[i];
        }
        return n;
    }

    /** The product of the dimensions after {@code axis}: the length of a contiguous run of one channel. */
    public long inner(int axis) {
        long n = 1;
        for (int i = axis + 1; i < dims.length; i++) {
            n *= dims[i];
        }
        return n;
    }

    public long[] toArray() {
        return dims.clone();
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof Shape s && Arrays.equals(dims, s.dims);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    /** For people: {@code 64×1×3×3}, or {@code scalar}. */
    @Override
    public String toString() {
        return text(dims);
    }

    private static String text(long[] dims) {
        return dims.length == 0
                ? "scalar"
                : Arrays.stream(dims).mapToObj(Long::toString).collect(Collectors.joining("×"));
    }
}
