package org.quantscope.core.npy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.LongStream;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorData;

/**
 * The header of an .npy array, versions 1.0 to 3.0 (numpy {@code doc/neps/nep-0001-npy-format.rst},
 * {@code numpy/lib/_format_impl.py}).
 *
 * @param order byte order of one element
 * @param fortran the first index varies fastest (column-major order)
 * @param start the number of bytes before the values
 */
record NpyHeader(DType dtype, ByteOrder order, boolean fortran, Shape shape, int start) {
    /** Bytes of the magic, the version and the longer of the two length fields. */
    static final int PREFIX_BYTES = 12;

    /** The longest header text we read. NumPy itself stops at 10,000 unless told otherwise; only structured types need more. */
    static final int MAX_TEXT = 65_536;

    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};

    private static final Map<String, DType> DTYPES = Map.ofEntries(
            Map.entry("f2", DType.F16),
            Map.entry("f4", DType.F32),
            Map.entry("f8", DType.F64),
            Map.entry("i1", DType.I8),
            Map.entry("i2", DType.I16),
            Map.entry("i4", DType.I32),
            Map.entry("i8", DType.I64),
            Map.entry("u1", DType.U8),
            Map.entry("u2", DType.U16),
            Map.entry("u4", DType.U32),
            Map.entry("u8", DType.U64),
            Map.entry("b1", DType.BOOL));

    static boolean isMagic(byte[] head) {
        return head.length >= MAGIC.length
                && MemorySegment.ofArray(MAGIC)
                                .mismatch(MemorySegment.ofArray(head).asSlice(0, MAGIC.length))
                        < 0;
    }

    /** The size of the values in bytes, according to the header. */
    long valueBytes() {
        return shape.count() * dtype.bytes();
    }

    /** The size of header and values together, in bytes. */
    long totalBytes() {
        return start + valueBytes();
    }

    /**
     * The number of bytes before the values.
     *
     * @param head the first bytes, {@link #PREFIX_BYTES} or all there are
     * @param field for messages
     */
    static int startOf(MemorySegment head, Path file, String field) {
        if (head.byteSize() < PREFIX_BYTES) {
            throw new BadInputException(file, field, "header is cut off after " + head.byteSize() + " bytes");
        }
        if (!isMagic(head.asSlice(0, PREFIX_BYTES).toArray(ValueLayout.JAVA_BYTE))) {
            throw new BadInputException(file, field, "does not begin as an .npy array");
        }
        int major = Byte.toUnsignedInt(head.get(ValueLayout.JAVA_BYTE, 6));
        int minor = Byte.toUnsignedInt(head.get(ValueLayout.JAVA_BYTE, 7));
        if (major < 1 || major > 3 || minor != 0) {
            throw new BadInputException(
                    file, field, "version " + major + "." + minor + " is not supported, 1.0 to 3.0 are");
        }
        long length = major == 1
                ? Short.toUnsignedLong(head.get(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 8))
                : Integer.toUnsignedLong(
                        head.get(ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 8));
        if (length > MAX_TEXT) {
            throw new BadInputException(file, field, "header length " + length + " is over the limit of " + MAX_TEXT);
        }
        return (major == 1 ? 10 : 12) + (int) length;
    }

    /**
     * Reads the header.
     *
     * @param bytes of the array from its first byte on, at least the whole header
     * @param field for messages
     */
    static NpyHeader parse(MemorySegment bytes, Path file, String field) {
        int start = wholeStart(bytes, file, field);
        NpyDict dict = dict(bytes, start, file, field);
        String descr = dict.descr();
        DType dtype = dtype(descr).orElseThrow(() -> unsupported(descr, file, field));
        Shape shape;
        try {
            shape = Shape.of(dict.shape());
            Math.addExact(Math.multiplyExact(shape.count(), (long) dtype.bytes()), start);
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new BadInputException(file, field, Objects.requireNonNullElse(e.getMessage(), "shape"), e);
        }
        return new NpyHeader(
                dtype,
                descr.startsWith(">") ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN,
                dict.fortranOrder(),
                shape,
                start);
    }

    /**
     * What an array holds, if that is no numbers.
     *
     * @param descr the type as NumPy writes it
     */
    record Other(String descr, List<Long> shape, int start) {}

    /**
     * Reads the header of an array that holds something else than numbers.
     *
     * @return empty if it holds numbers
     */
    static Optional<Other> other(MemorySegment bytes, Path file, String field) {
        int start = wholeStart(bytes, file, field);
        NpyDict dict = dict(bytes, start, file, field);
        return dtype(dict.descr()).isPresent()
                ? Optional.empty()
                : Optional.of(new Other(
                        dict.descr(), LongStream.of(dict.shape()).boxed().toList(), start));
    }

    private static int wholeStart(MemorySegment bytes, Path file, String field) {
        int start = startOf(bytes.asSlice(0, Math.min(PREFIX_BYTES, bytes.byteSize())), file, field);
        if (start > bytes.byteSize()) {
            throw new BadInputException(
                    file, field, "header of " + start + " bytes is cut off after " + bytes.byteSize());
        }
        return start;
    }

    private static NpyDict dict(MemorySegment bytes, int start, Path file, String field) {
        int major = bytes.get(ValueLayout.JAVA_BYTE, 6);
        int textStart = major == 1 ? 10 : 12;
        Charset charset = major < 3 ? StandardCharsets.ISO_8859_1 : StandardCharsets.UTF_8;
        String text;
        try {
            text = charset.newDecoder()
                    .decode(bytes.asSlice(textStart, start - textStart).asByteBuffer())
                    .toString();
        } catch (CharacterCodingException e) {
            throw new BadInputException(file, field, "header is not UTF-8", e);
        }
        return NpyDict.parse(text, file, field);
    }

    private static Optional<DType> dtype(String descr) {
        if (descr.length() != 3) {
            return Optional.empty();
        }
        DType dtype = DTYPES.get(descr.substring(1));
        char order = descr.charAt(0);
        boolean ordered = order == '<' || order == '>';
        return dtype == null || !(ordered || (order == '|' && dtype.bytes() == 1))
                ? Optional.empty()
                : Optional.of(dtype);
    }

    private static BadInputException unsupported(String descr, Path file, String field) {
        String why = descr.startsWith("[") || descr.startsWith("(")
                ? " is structured, which is not supported"
                : descr.endsWith("O") ? " holds pickled objects, which are never read" : " is not supported";
        boolean structured = why.startsWith(" is structured");
        return new BadInputException(file, field, "dtype " + (structured ? descr : "'" + descr + "'") + why);
    }

    /**
     * The values in row-major order: not copied, unless they are stored with the first index varying fastest.
     *
     * @param values exactly {@link #valueBytes()} bytes
     */
    TensorData data(MemorySegment values) {
        return new TensorData(dtype, isReordered() ? rowMajor(values) : values, order, shape.count());
    }

    /** True if the values must be copied to get row-major order. */
    boolean isReordered() {
        return fortran && shape.rank() > 1 && shape.count() > 1;
    }

    private MemorySegment rowMajor(MemorySegment values) {
        int rank = shape.rank();
        MemorySegment out = Arena.ofAuto().allocate(valueBytes());
        long[] stride = new long[rank];
        long step = 1;
        for (int i = 0; i < rank; i++) {
            stride[i] = step;
            step *= shape.dim(i);
        }
        int last = rank - 1;
        long run = shape.dim(last);
        long[] index = new long[rank];
        long from = 0;
        for (long at = 0; at < shape.count(); at += run) {
            copyRun(values, from, stride[last], out, at, run);
            // Advances the index of all dimensions but the last, from the innermost outwards.
            for (int i = last - 1; i >= 0; i--) {
                from += stride[i];
                if (++index[i] < shape.dim(i)) {
                    break;
                }
                from -= stride[i] * shape.dim(i);
                index[i] = 0;
            }
        }
        return out;
    }

    private void copyRun(MemorySegment in, long from, long stride, MemorySegment out, long at, long run) {
        for (long i = 0; i < run; i++) {
            long source = from + i * stride;
            switch (dtype.bytes()) {
                case 8 ->
                    out.set(
                            ValueLayout.JAVA_LONG_UNALIGNED,
                            (at + i) * 8,
                            in.get(ValueLayout.JAVA_LONG_UNALIGNED, source * 8));
                case 4 ->
                    out.set(
                            ValueLayout.JAVA_INT_UNALIGNED,
                            (at + i) * 4,
                            in.get(ValueLayout.JAVA_INT_UNALIGNED, source * 4));
                case 2 ->
                    out.set(
                            ValueLayout.JAVA_SHORT_UNALIGNED,
                            (at + i) * 2,
                            in.get(ValueLayout.JAVA_SHORT_UNALIGNED, source * 2));
                default -> out.set(ValueLayout.JAVA_BYTE, at + i, in.get(ValueLayout.JAVA_BYTE, source));
            }
        }
    }
}
