package org.quantscope.core.tensor;

import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The extents of a tensor, outermost first (row-major storage). A scalar has rank 0 and count 1. */
public final class Shape {
    /** No format or runtime supports more dimensions; a file that claims more is damaged. */
    public static final int MAX_RANK = 64;

    private final long[] dims;
    private final long count;
    /** A bit for each axis of any length. */
    private final long free;

    private Shape(long[] dims, long free) {
        this.dims = dims;
        this.free = free;
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
                throw new IllegalArgumentException("shape: " + text(dims, free) + " has more than 2^63 elements", e);
            }
        }
        this.count = n;
    }

    /** @throws IllegalArgumentException if there are more than {@link #MAX_RANK} dimensions, one is negative or the number of elements does not fit a long */
    public static Shape of(long... dims) {
        return new Shape(dims.clone(), 0);
    }

    /**
     * The declared shape of a value that a graph computes. An axis of any length, such as that of the batch, is given as
     * a negative number; it counts as 1 and is shown as {@code N}.
     */
    public static Shape declared(long... dims) {
        long free = 0;
        long[] lengths = dims.clone();
        for (int i = 0; i < Math.min(dims.length, MAX_RANK); i++) {
            if (dims[i] < 0) {
                free |= 1L << i;
                lengths[i] = 1;
            }
        }
        return new Shape(lengths, free);
    }

    /** True if an axis may have any length. */
    public boolean isFree(int axis) {
        return (free >>> axis & 1) != 0;
    }

    /** True if an axis may have any length, so that {@link #count} is that of a single sample at best. */
    public boolean hasFree() {
        return free != 0;
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
        return o instanceof Shape s && free == s.free && Arrays.equals(dims, s.dims);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    /** For people: {@code 64×1×3×3}, {@code N×10} where the first axis may have any length, or {@code scalar}. */
    @Override
    public String toString() {
        return text(dims, free);
    }

    private static String text(long[] dims, long free) {
        return dims.length == 0
                ? "scalar"
                : IntStream.range(0, dims.length)
                        .mapToObj(i -> (free >>> i & 1) != 0 ? "N" : Long.toString(dims[i]))
                        .collect(Collectors.joining("×"));
    }
}
