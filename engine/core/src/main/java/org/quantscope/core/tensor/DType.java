package org.quantscope.core.tensor;

/** The storage type of an element, with the names of safetensors. */
public enum DType {
    F64(8, true),
    F32(4, true),
    F16(2, true),
    BF16(2, true),
    /** 4 exponent and 3 mantissa bits, bias 7, no infinities, NaN at S.1111.111 (onnx technical/float8.md). */
    F8_E4M3(1, true),
    /** 5 exponent and 2 mantissa bits, bias 15, IEEE infinities and NaN. */
    F8_E5M2(1, true),
    I64(8, false),
    I32(4, false),
    I16(2, false),
    I8(1, false),
    U64(8, false),
    U32(4, false),
    U16(2, false),
    U8(1, false),
    BOOL(1, false);

    private final int bytes;
    private final boolean floating;

    DType(int bytes, boolean floating) {
        this.bytes = bytes;
        this.floating = floating;
    }

    /** Bytes per element. */
    public int bytes() {
        return bytes;
    }

    public boolean isFloating() {
        return floating;
    }
}
