package org.quantscope.core.hdf5;

import java.nio.ByteOrder;
import java.util.Optional;
import org.quantscope.core.tensor.DType;

/**
 * The type of the elements of an array or an attribute (IV.A.2.d).
 *
 * @param dtype empty if it is none that tensors have
 * @param order of the bytes of a number
 * @param bytes of an element
 * @param text how texts are stored; empty if it is no text
 * @param said for a person
 */
record Hdf5Type(Optional<DType> dtype, ByteOrder order, long bytes, Optional<Text> text, String said) {
    enum Text {
        FIXED,
        /** In a heap of the file, found by its place there. */
        OF_ANY_LENGTH
    }

    private static final String FIELD = "hdf5 type";

    static Hdf5Type read(Hdf5Bytes bytes, long at) {
        return read(bytes, at, true);
    }

    private static Hdf5Type read(Hdf5Bytes bytes, long at, boolean outer) {
        int kind = bytes.u8(at, FIELD) & 0xf;
        int version = bytes.u8(at, FIELD) >> 4;
        int bits = (int) bytes.number(at + 1, 3, FIELD);
        long size = bytes.u32(at + 4, FIELD);
        ByteOrder order = (bits & 1) == 0 ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
        if (size == 0 || version < 1 || version > 4) {
            throw bytes.bad(FIELD, "version " + version + " with elements of " + size + " bytes is none");
        }
        return switch (kind) {
            case 0 -> {
                boolean signed = (bits & 8) != 0;
                boolean whole = bytes.u16(at + 8, FIELD) == 0 && bytes.u16(at + 10, FIELD) == size * 8;
                yield number(
                        whole ? integer(size, signed) : Optional.empty(),
                        order,
                        size,
                        "integers of " + size + " bytes");
            }
            case 1 ->
                number(floating(bytes, at, bits, size), order, size, "floating-point numbers of " + size + " bytes");
            case 3 -> new Hdf5Type(Optional.empty(), order, size, Optional.of(Text.FIXED), "texts");
            case 5 -> number(Optional.empty(), order, size, "opaque values of " + size + " bytes");
            case 8 -> {
                // Python's bool: FALSE and TRUE as one byte.
                boolean isBool = outer && size == 1 && (bits & 0xffff) == 2;
                yield number(isBool ? Optional.of(DType.BOOL) : Optional.empty(), order, size, "enumerated values");
            }
            case 9 ->
                new Hdf5Type(
                        Optional.empty(),
                        order,
                        size,
                        (bits & 0xf) == 1 ? Optional.of(Text.OF_ANY_LENGTH) : Optional.empty(),
                        (bits & 0xf) == 1 ? "texts" : "lists of any length");
            case 6 -> number(Optional.empty(), order, size, "records or complex numbers of " + size + " bytes");
            default -> number(Optional.empty(), order, size, "values of class " + kind);
        };
    }

    private static Hdf5Type number(Optional<DType> dtype, ByteOrder order, long size, String said) {
        return new Hdf5Type(dtype, order, size, Optional.empty(), said);
    }

    private static Optional<DType> integer(long size, boolean signed) {
        return switch ((int) Math.min(size, 99)) {
            case 1 -> Optional.of(signed ? DType.I8 : DType.U8);
            case 2 -> Optional.of(signed ? DType.I16 : DType.U16);
            case 4 -> Optional.of(signed ? DType.I32 : DType.U32);
            case 8 -> Optional.of(signed ? DType.I64 : DType.U64);
            default -> Optional.empty();
        };
    }

    /** IEEE types, bfloat16 and the two float8 types, told by their fields. */
    private static Optional<DType> floating(Hdf5Bytes bytes, long at, int bits, long size) {
        int precision = bytes.u16(at + 10, FIELD);
        int exponent = bytes.u8(at + 13, FIELD);
        int mantissa = bytes.u8(at + 15, FIELD);
        long bias = bytes.u32(at + 16, FIELD);
        // Bit 6 is the order of a VAX, which is neither.
        if (precision != size * 8 || 1 + exponent + mantissa != precision || (bits & 0x40) != 0) {
            return Optional.empty();
        }
        if (exponent == 11 && mantissa == 52 && bias == 1023) {
            return Optional.of(DType.F64);
        }
        if (exponent == 8 && bias == 127) {
            return mantissa == 23 ? Optional.of(DType.F32) : mantissa == 7 ? Optional.of(DType.BF16) : Optional.empty();
        }
        if (exponent == 5 && bias == 15) {
            return mantissa == 10
                    ? Optional.of(DType.F16)
                    : mantissa == 2 ? Optional.of(DType.F8_E5M2) : Optional.empty();
        }
        return exponent == 4 && mantissa == 3 && bias == 7 ? Optional.of(DType.F8_E4M3) : Optional.empty();
    }
}
