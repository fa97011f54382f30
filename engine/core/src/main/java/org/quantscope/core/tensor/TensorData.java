package org.quantscope.core.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The values of a stored tensor in row-major order, read straight from the (usually memory-mapped) file.
 *
 * <p>Thread safe; nothing is copied until {@link #read} is called. The segment is kept alive by this object.
 */
public final class TensorData {
    private final DType dtype;
    private final @Nullable MemorySegment segment;
    private final ByteOrder order;
    private final long count;

    /**
     * @param segment at least {@code count * dtype.bytes()} bytes; no alignment is assumed
     * @throws IllegalArgumentException if the segment is shorter than that
     */
    public TensorData(DType dtype, MemorySegment segment, ByteOrder order, long count) {
        if (count < 0 || Math.multiplyExact(count, dtype.bytes()) > segment.byteSize()) {
            throw new IllegalArgumentException(
                    "count: " + count + " values of " + dtype + " do not fit " + segment.byteSize() + " bytes");
        }
        this.dtype = dtype;
        this.segment = segment.asReadOnly();
        this.order = order;
        this.count = count;
    }

    private TensorData(DType dtype, long count) {
        if (count < 0) {
            throw new IllegalArgumentException("count: is at least 0, got " + count);
        }
        this.dtype = dtype;
        this.segment = null;
        this.order = ByteOrder.LITTLE_ENDIAN;
        this.count = count;
    }

    /**
     * A placeholder for values that were not read because only the header was asked for. It has a type and a count, and
     * refuses to give values.
     */
    public static TensorData unread(DType dtype, long count) {
        return new TensorData(dtype, count);
    }

    /** Values that live on the heap. The array is not copied and must not change. */
    public static TensorData of(float[] values) {
        return new TensorData(DType.F32, MemorySegment.ofArray(values), ByteOrder.nativeOrder(), values.length);
    }

    public DType dtype() {
        return dtype;
    }

    public ByteOrder order() {
        return order;
    }

    public long count() {
        return count;
    }

    /** False if only the header was read. */
    public boolean isRead() {
        return segment != null;
    }

    /**
     * The raw bytes, read-only.
     *
     * @throws IllegalStateException if only the header was read
     */
    public MemorySegment segment() {
        if (segment == null) {
            throw new IllegalStateException("data: only the header was read, there are no values");
        }
        return segment;
    }

    /**
     * Copies values {@code [from, from + length)} to {@code out[at ..]} as float32. F64 and integers wider than 24 bits are
     * rounded to the nearest float32 (a finite F64 beyond its range becomes an infinity); BOOL gives 0 or 1.
     *
     * @throws IndexOutOfBoundsException if the range is not within the tensor or the array
     * @throws IllegalStateException if only the header was read
     */
    public void read(long from, float[] out, int at, int length) {
        MemorySegment segment = segment();
        Objects.checkFromIndexSize(from, length, count);
        Objects.checkFromIndexSize(at, length, out.length);
        switch (dtype) {
            case F32 ->
                MemorySegment.copy(
                        segment, ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(order), from * 4, out, at, length);
            case F64 -> {
                var layout = ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(order);
                for (int i = 0; i < length; i++) {
                    out[at + i] = (float) segment.get(layout, (from + i) * 8);
                }
            }
            case F16 -> {
                var layout = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(order);
                for (int i = 0; i < length; i++) {
                    out[at + i] = Float.float16ToFloat(segment.get(layout, (from + i) * 2));
                }
            }
            case BF16 -> {
                var layout = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(order);
                for (int i = 0; i < length; i++) {
                    out[at + i] = Float.intBitsToFloat(segment.get(layout, (from + i) * 2) << 16);
                }
            }
            case F8_E4M3 -> {
                for (int i = 0; i < length; i++) {
                    out[at + i] = Float8.e4m3(segment.get(ValueLayout.JAVA_BYTE, from + i));
                }
            }
            case F8_E5M2 -> {
                for (int i = 0; i < length; i++) {
                    out[at + i] = Float8.e5m2(segment.get(ValueLayout.JAVA_BYTE, from + i));
                }
            }
            case I64, U64 -> {
                var layout = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(order);
                for (int i = 0; i < length; i++) {
                    long v = segment.get(layout, (from + i) * 8);
                    // Halving an unsigned value, while keeping its lowest bit set if it was, leaves the rounding exact.
                    out[at + i] = dtype == DType.I64 || v >= 0 ? (float) v : (float) ((v >>> 1) | (v & 1)) * 2;
                }
            }
            case I32, U32 -> {
                var layout = ValueLayout.JAVA_INT_UNALIGNED.withOrder(order);
                for (int i = 0; i < length; i++) {
                    int v = segment.get(layout, (from + i) * 4);
                    out[at + i] = dtype == DType.I32 ? (float) v : (float) Integer.toUnsignedLong(v);
                }
            }
            case I16, U16 -> {
                var layout = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(order);
                for (int i = 0; i < length; i++) {
                    short v = segment.get(layout, (from + i) * 2);
                    out[at + i] = dtype == DType.I16 ? v : Short.toUnsignedInt(v);
                }
            }
            case I8, U8, BOOL -> {
                for (int i = 0; i < length; i++) {
                    byte v = segment.get(ValueLayout.JAVA_BYTE, from + i);
                    out[at + i] = switch (dtype) {
                        case I8 -> v;
                        case BOOL -> v == 0 ? 0 : 1;
                        default -> Byte.toUnsignedInt(v);
                    };
                }
            }
        }
    }

    /**
     * The exact value of one element of an integer type. U64 beyond the largest long comes out negative; BOOL gives 0
     * or 1.
     *
     * @throws IndexOutOfBoundsException if there is no such element
     * @throws IllegalStateException if the type is floating or only the header was read
     */
    public long integer(long index) {
        MemorySegment segment = segment();
        Objects.checkIndex(index, count);
        return switch (dtype) {
            case I64, U64 -> segment.get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(order), index * 8);
            case I32 -> segment.get(ValueLayout.JAVA_INT_UNALIGNED.withOrder(order), index * 4);
            case U32 -> Integer.toUnsignedLong(segment.get(ValueLayout.JAVA_INT_UNALIGNED.withOrder(order), index * 4));
            case I16 -> segment.get(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(order), index * 2);
            case U16 -> Short.toUnsignedLong(segment.get(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(order), index * 2));
            case I8 -> segment.get(ValueLayout.JAVA_BYTE, index);
            case U8 -> Byte.toUnsignedLong(segment.get(ValueLayout.JAVA_BYTE, index));
            case BOOL -> segment.get(ValueLayout.JAVA_BYTE, index) == 0 ? 0 : 1;
            case F64, F32, F16, BF16, F8_E4M3, F8_E5M2 ->
                throw new IllegalStateException("dtype: " + dtype + " is not an integer type");
        };
    }

    /**
     * All values as float32.
     *
     * @throws ArithmeticException if there are more than 2^31 - 1
     * @throws IllegalStateException if only the header was read
     */
    public float[] toFloats() {
        float[] out = new float[Math.toIntExact(count)];
        read(0, out, 0, out.length);
        return out;
    }
}
