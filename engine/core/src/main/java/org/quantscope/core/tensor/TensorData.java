package org.quantscope.core.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The values of a stored tensor in row-major order, read straight from the (usually memory-mapped) file: each by itself, or
 * coded in blocks.
 *
 * <p>Thread safe; nothing is copied until {@link #read} is called. The segment is kept alive by this object.
 */
public final class TensorData {
    private final DType dtype;
    private final @Nullable MemorySegment segment;
    private final ByteOrder order;
    /** How the values are coded; null if each is stored by itself, as its type says. */
    private final @Nullable BlockFormat format;
    /** The number of values before the first of these in its block; 0 without a format. */
    private final int skipped;
    /** What each value is multiplied by after decoding; 1 without a format. */
    private final float factor;

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
        this(dtype, segment.asReadOnly(), order, null, 0, 1, count);
    }

    private TensorData(
            DType dtype,
            @Nullable MemorySegment segment,
            ByteOrder order,
            @Nullable BlockFormat format,
            int skipped,
            float factor,
            long count) {
        if (count < 0) {
            throw new IllegalArgumentException("count: is at least 0, got " + count);
        }
        this.dtype = dtype;
        this.segment = segment;
        this.order = order;
        this.format = format;
        this.skipped = skipped;
        this.factor = factor;
        this.count = count;
    }

    /**
     * Values that are coded in blocks. They are decoded when they are read, as float32.
     *
     * @param stored the blocks, one behind the other, from the first value on
     * @param factor what each decoded value is multiplied by, in float32
     * @param count a whole number of blocks
     * @throws IllegalArgumentException if the count is not, or the segment is shorter than the blocks
     */
    public static TensorData coded(BlockFormat format, MemorySegment stored, float factor, long count) {
        if (count < 0 || count % format.values() != 0 || format.bytesOf(count) > stored.byteSize()) {
            throw new IllegalArgumentException("count: " + count + " values of " + format.id() + " do not fit "
                    + stored.byteSize() + " bytes, or are no whole blocks");
        }
        return new TensorData(DType.F32, stored.asReadOnly(), ByteOrder.LITTLE_ENDIAN, format, 0, factor, count);
    }

    /**
     * A placeholder for values that were not read because only the header was asked for. It has a type and a count, and
     * refuses to give values.
     */
    public static TensorData unread(DType dtype, long count) {
        return new TensorData(dtype, null, ByteOrder.LITTLE_ENDIAN, null, 0, 1, count);
    }

    /** A placeholder like {@link #unread(DType, long)} for values that the file holds in blocks. */
    public static TensorData unread(BlockFormat format, long count) {
        return new TensorData(DType.F32, null, ByteOrder.LITTLE_ENDIAN, format, 0, 1, count);
    }

    /** Values that live on the heap. The array is not copied and must not change. */
    public static TensorData of(float[] values) {
        return new TensorData(DType.F32, MemorySegment.ofArray(values), ByteOrder.nativeOrder(), values.length);
    }

    /** The type that values are read as: float32 if they are coded in blocks. */
    public DType dtype() {
        return dtype;
    }

    /** How the values are coded in the file; empty if each is stored by itself. */
    public Optional<BlockFormat> format() {
        return Optional.ofNullable(format);
    }

    /**
     * The levels of the file's own grid for the group that holds a value; empty if values are not coded in blocks.
     *
     * @throws IndexOutOfBoundsException if there is no such value
     * @throws IllegalStateException if only the header was read
     */
    public Optional<float[]> levels(long index) {
        Objects.checkIndex(index, count);
        if (format == null) {
            return Optional.empty();
        }
        long at = skipped + index;
        float[] levels = format.levels(
                stored(), at / format.values() * format.bytes(), (int) (at % format.values() / format.group()));
        for (int i = 0; i < levels.length; i++) {
            levels[i] *= factor;
        }
        return Optional.of(levels);
    }

    /** The bytes that the values take as they are stored. */
    public long storedBytes() {
        return format == null ? count * dtype.bytes() : Math.ceilDiv(skipped + count, format.values()) * format.bytes();
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
     * The values as bytes of their type, read-only.
     *
     * @throws IllegalStateException if only the header was read, or the values are coded in blocks
     */
    public MemorySegment segment() {
        if (format != null) {
            throw new IllegalStateException("data: the values are coded as " + format.id());
        }
        return stored();
    }

    /**
     * The bytes as they are stored, whatever they mean, read-only.
     *
     * @throws IllegalStateException if only the header was read
     */
    public MemorySegment stored() {
        if (segment == null) {
            throw new IllegalStateException("data: only the header was read, there are no values");
        }
        return segment;
    }

    /**
     * Values {@code [from, from + length)}, without copying them.
     *
     * @throws IndexOutOfBoundsException if they are not within the tensor
     * @throws IllegalStateException if only the header was read
     */
    public TensorData part(long from, long length) {
        Objects.checkFromIndexSize(from, length, count);
        if (format == null) {
            return new TensorData(dtype, stored().asSlice(from * dtype.bytes(), length * dtype.bytes()), order, length);
        }
        long at = skipped + from;
        long first = at / format.values();
        long last = Math.ceilDiv(at + length, format.values());
        return new TensorData(
                dtype,
                stored().asSlice(first * format.bytes(), (last - first) * format.bytes()),
                order,
                format,
                (int) (at % format.values()),
                factor,
                length);
    }

    /**
     * Copies values {@code [from, from + length)} to {@code out[at ..]} as float32. F64 and integers wider than 24 bits are
     * rounded to the nearest float32 (a finite F64 beyond its range becomes an infinity); BOOL gives 0 or 1.
     *
     * @throws IndexOutOfBoundsException if the range is not within the tensor or the array
     * @throws IllegalStateException if only the header was read
     */
    public void read(long from, float[] out, int at, int length) {
        MemorySegment segment = stored();
        Objects.checkFromIndexSize(from, length, count);
        Objects.checkFromIndexSize(at, length, out.length);
        if (format != null) {
            decode(format, segment, skipped + from, out, at, length);
            return;
        }
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

    private void decode(BlockFormat format, MemorySegment segment, long from, float[] out, int at, int length) {
        int size = format.values();
        float[] block = new float[size];
        for (int done = 0; done < length; ) {
            long number = (from + done) / size;
            int begin = (int) ((from + done) % size);
            int n = Math.min(size - begin, length - done);
            if (n == size) {
                format.decode(segment, number * format.bytes(), out, at + done);
            } else {
                format.decode(segment, number * format.bytes(), block, 0);
                System.arraycopy(block, begin, out, at + done, n);
            }
            done += n;
        }
        if (factor != 1) {
            for (int i = at; i < at + length; i++) {
                out[i] *= factor;
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
