package org.quantscope.core.onnx;

import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorData;

/**
 * Element types that are read as wider types, which represent each of their values exactly (onnx technical/int4.md,
 * float4.md and float8.md). Codes of less than a byte are packed from the lowest bit up, in {@code raw_data} and in
 * each entry of {@code int32_data} alike.
 */
public enum SmallType {
    UINT4(TensorProto.DataType.UINT4_VALUE, 4, DType.U8),
    INT4(TensorProto.DataType.INT4_VALUE, 4, DType.I8),
    UINT2(25, 2, DType.U8),
    INT2(26, 2, DType.I8),
    /** A sign, two exponent bits of bias 1 and one mantissa bit; no infinity and no NaN. */
    FLOAT4E2M1(23, 4, DType.F32),
    /** Exponent bias 8; one zero; the code that would be the negative zero is NaN. */
    FLOAT8E4M3FNUZ(TensorProto.DataType.FLOAT8E4M3FNUZ_VALUE, 8, DType.F32),
    /** Exponent bias 16, likewise. */
    FLOAT8E5M2FNUZ(TensorProto.DataType.FLOAT8E5M2FNUZ_VALUE, 8, DType.F32),
    /** 2^(code − 127); 255 is NaN. */
    FLOAT8E8M0(24, 8, DType.F32);

    private static final int E8M0_BIAS = 127;
    private static final int NAN_CODE = 0x80;

    private final int code;
    private final int bits;
    private final DType readAs;

    SmallType(int code, int bits, DType readAs) {
        this.code = code;
        this.bits = bits;
        this.readAs = readAs;
    }

    /** The type with an ONNX number; empty if it is not one of these. */
    public static Optional<SmallType> of(int type) {
        return Arrays.stream(values()).filter(t -> t.code == type).findFirst();
    }

    /** The type in which the values are read. */
    DType readAs() {
        return readAs;
    }

    /**
     * The values of a tensor.
     *
     * @throws BadInputException if the number of bytes does not match the dims
     * @throws IOException if an external file cannot be read
     */
    TensorData data(TensorProto tensor, Shape shape, String name, Path model, ExternalFiles external, boolean withData)
            throws IOException {
        long count = shape.count();
        long bytes = (count * bits + Byte.SIZE - 1) / Byte.SIZE;
        boolean raw = !tensor.getRawData().isEmpty();
        long given = TensorProtos.isExternal(tensor)
                ? bytes
                : raw ? tensor.getRawData().size() : tensor.getInt32DataCount();
        if (given != bytes || (raw && tensor.getInt32DataCount() > 0) || tensor.hasSegment()) {
            throw new BadInputException(
                    model, name, "has " + given + " bytes of " + this + ", its dims " + shape + " want " + bytes);
        }
        if (!withData) {
            if (TensorProtos.isExternal(tensor)) {
                external.place(tensor, name);
            }
            return TensorData.unread(readAs, count);
        }
        byte[] packed = new byte[Math.toIntExact(bytes)];
        if (TensorProtos.isExternal(tensor)) {
            MemorySegment.copy(external.bytes(tensor, name, bytes), ValueLayout.JAVA_BYTE, 0, packed, 0, packed.length);
        } else if (raw) {
            tensor.getRawData().copyTo(packed, 0);
        } else {
            for (int i = 0; i < packed.length; i++) {
                packed[i] = (byte) tensor.getInt32Data(i);
            }
        }
        int n = Math.toIntExact(count);
        if (readAs == DType.F32) {
            float[] values = new float[n];
            for (int i = 0; i < n; i++) {
                values[i] = floating(codeAt(packed, i));
            }
            return TensorData.of(values);
        }
        byte[] values = new byte[n];
        int unused = Integer.SIZE - bits;
        for (int i = 0; i < n; i++) {
            int c = codeAt(packed, i);
            values[i] = (byte) (readAs == DType.I8 ? (c << unused) >> unused : c);
        }
        return new TensorData(readAs, MemorySegment.ofArray(values), ByteOrder.nativeOrder(), count);
    }

    /**
     * A tensor of such a type in another file, with its packed codes in the message.
     *
     * @param external a tensor that was read, so that its dims fit its bytes
     * @throws IOException if the file cannot be read
     */
    public static TensorProto inside(TensorProto external, String name, Path model) throws IOException {
        SmallType type = of(external.getDataType()).orElseThrow();
        long count = TensorProtos.shape(external, name, model).count();
        long bytes = (count * type.bits + Byte.SIZE - 1) / Byte.SIZE;
        byte[] packed = new ExternalFiles(model).bytes(external, name, bytes).toArray(ValueLayout.JAVA_BYTE);
        return external.toBuilder()
                .clearExternalData()
                .clearDataLocation()
                .setRawData(UnsafeByteOperations.unsafeWrap(packed))
                .build();
    }

    private int codeAt(byte[] packed, int i) {
        int perByte = Byte.SIZE / bits;
        return ((packed[i / perByte] & 0xff) >> (i % perByte * bits)) & ((1 << bits) - 1);
    }

    /** The value of a code of a floating type. */
    float floating(int c) {
        return switch (this) {
            case FLOAT4E2M1 -> minifloat(c & 7, 1, 1, (c & 8) != 0);
            case FLOAT8E4M3FNUZ -> c == NAN_CODE ? Float.NaN : minifloat(c & 0x7f, 3, 8, c > NAN_CODE);
            case FLOAT8E5M2FNUZ -> c == NAN_CODE ? Float.NaN : minifloat(c & 0x7f, 2, 16, c > NAN_CODE);
            case FLOAT8E8M0 -> c == 0xff ? Float.NaN : Math.scalb(1f, c - E8M0_BIAS);
            case UINT4, INT4, UINT2, INT2 ->
                throw new IllegalStateException("type: " + this + " is not a floating type");
        };
    }

    private static float minifloat(int magnitude, int mantissaBits, int bias, boolean negative) {
        int e = magnitude >> mantissaBits;
        int m = magnitude & ((1 << mantissaBits) - 1);
        float v = e == 0
                ? Math.scalb((float) m, 1 - bias - mantissaBits)
                : Math.scalb((float) (m + (1 << mantissaBits)), e - bias - mantissaBits);
        return negative ? -v : v;
    }
}
