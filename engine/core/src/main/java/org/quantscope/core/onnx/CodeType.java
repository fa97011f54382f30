package org.quantscope.core.onnx;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.quantscope.core.quant.Minifloat;
import org.quantscope.core.quant.QuantParams;

/** The types of codes in QuantizeLinear and DequantizeLinear, smallest first (ONNX operators, DequantizeLinear-25). */
public enum CodeType {
    INT2(26, 2, true, 25),
    UINT2(25, 2, false, 25),
    INT4(22, 4, true, 21),
    UINT4(21, 4, false, 21),
    INT8(3, 8, true, 10),
    UINT8(2, 8, false, 10),
    INT16(5, 16, true, 21),
    UINT16(4, 16, false, 21),
    FLOAT8E4M3FN(17, Minifloat.E4M3FN, 19),
    FLOAT8E5M2(19, Minifloat.E5M2, 19);

    private final int number;
    private final int bits;
    private final boolean signed;
    private final Optional<Minifloat> format;
    private final int opset;

    CodeType(int number, int bits, boolean signed, int opset) {
        this(number, bits, signed, Optional.empty(), opset);
    }

    CodeType(int number, Minifloat format, int opset) {
        this(number, format.bits(), true, Optional.of(format), opset);
    }

    CodeType(int number, int bits, boolean signed, Optional<Minifloat> format, int opset) {
        this.number = number;
        this.bits = bits;
        this.signed = signed;
        this.format = format;
        this.opset = opset;
    }

    /** Its number in {@code TensorProto.DataType}. */
    public int number() {
        return number;
    }

    /** Width of a code. Two or more codes of less than 8 share a byte, the first in the lowest bits. */
    public int bits() {
        return bits;
    }

    public boolean isSigned() {
        return signed;
    }

    /** The format of codes that are small floating-point numbers. */
    public Optional<Minifloat> format() {
        return format;
    }

    /** The first operator set whose QuantizeLinear and DequantizeLinear support it. */
    public int opset() {
        return opset;
    }

    /** True if the operators of ONNX Runtime's own domain support it too, in any operator set. */
    public boolean hasContribOperator() {
        return format.isEmpty() && bits > 2;
    }

    /** The lowest integer code. */
    public int min() {
        return signed ? -(1 << (bits - 1)) : 0;
    }

    /** The highest integer code. */
    public int max() {
        return signed ? (1 << (bits - 1)) - 1 : (1 << bits) - 1;
    }

    /** The number of bytes that {@code count} codes take. */
    public long bytes(long count) {
        return Math.ceilDiv(count * bits, Byte.SIZE);
    }

    /** The name that ONNX gives it, in lower case. */
    public String id() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }

    /** The type of that number in {@code TensorProto.DataType}. */
    public static Optional<CodeType> ofNumber(int number) {
        return Arrays.stream(values()).filter(t -> t.number == number).findFirst();
    }

    /**
     * The smallest type that holds all codes.
     *
     * @param narrowest the fewest bits that the type may have
     * @return empty if there is none: the codes are too wide, or the levels are a codebook that no type has
     */
    public static Optional<CodeType> of(QuantParams params, int narrowest) {
        if (!params.isAffine()) {
            return Arrays.stream(values())
                    .filter(t -> t.format.isPresent()
                            && params.codebooks().equals(List.of(t.format.get().codebook())))
                    .findFirst();
        }
        return Arrays.stream(values())
                .filter(t -> t.format.isEmpty()
                        && t.bits >= narrowest
                        && t.signed == params.qmin() < 0
                        && params.qmin() >= t.min()
                        && params.qmax() <= t.max())
                .findFirst();
    }
}
