package org.quantscope.core.tflite;

import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.tensor.DType;

/** The element types of TensorFlow Lite, with the numbers and names of its schema. */
public enum LiteType {
    FLOAT32(0, 32, DType.F32),
    FLOAT16(1, 16, DType.F16),
    INT32(2, 32, DType.I32),
    UINT8(3, 8, DType.U8),
    INT64(4, 64, DType.I64),
    STRING(5, 0, null),
    BOOL(6, 8, DType.BOOL),
    INT16(7, 16, DType.I16),
    COMPLEX64(8, 64, null),
    INT8(9, 8, DType.I8),
    FLOAT64(10, 64, DType.F64),
    COMPLEX128(11, 128, null),
    UINT64(12, 64, DType.U64),
    RESOURCE(13, 0, null),
    VARIANT(14, 0, null),
    UINT32(15, 32, DType.U32),
    UINT16(16, 16, DType.U16),
    /** Two in a byte, the first in its low half. */
    INT4(17, 4, null),
    BFLOAT16(18, 16, DType.BF16);

    private final int number;
    private final int bits;
    private final @Nullable DType dtype;

    LiteType(int number, int bits, @Nullable DType dtype) {
        this.number = number;
        this.bits = bits;
        this.dtype = dtype;
    }

    static Optional<LiteType> of(int number) {
        return Arrays.stream(values()).filter(t -> t.number == number).findFirst();
    }

    /** Bits of an element; 0 where elements differ. */
    public int bits() {
        return bits;
    }

    /** The same type here; empty if elements are not whole bytes, or no numbers. */
    public Optional<DType> dtype() {
        return Optional.ofNullable(dtype);
    }

    /** True for whole numbers that can be codes of a quantized tensor. */
    public boolean isCode() {
        return this == INT4 || this == INT8 || this == UINT8 || this == INT16 || this == UINT16;
    }

    /** The lowest code. */
    public int least() {
        return this == UINT8 || this == UINT16 ? 0 : -(1 << (bits - 1));
    }

    /** The highest code. */
    public int most() {
        return least() + (1 << bits) - 1;
    }
}
