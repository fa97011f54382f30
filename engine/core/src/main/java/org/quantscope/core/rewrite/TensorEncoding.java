package org.quantscope.core.rewrite;

import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.quantscope.core.onnx.CodeType;
import org.quantscope.core.tensor.BFloat16;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorData;

/** Encodes values as {@code TensorProto} messages, always as little-endian {@code raw_data}. */
final class TensorEncoding {
    private TensorEncoding() {}

    /**
     * A tensor of floating values in the type that the graph wants.
     *
     * @param dtype F32, F64, F16 or BF16; the two short ones round to nearest, ties to even
     */
    static TensorProto floats(String name, DType dtype, Shape shape, float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(values.length, dtype.bytes()))
                .order(ByteOrder.LITTLE_ENDIAN);
        switch (dtype) {
            case F32 -> bytes.asFloatBuffer().put(values);
            case F64 -> {
                for (float v : values) {
                    bytes.putDouble(v);
                }
            }
            case F16 -> {
                for (float v : values) {
                    bytes.putShort(Float.floatToFloat16(v));
                }
            }
            case BF16 -> {
                for (float v : values) {
                    bytes.putShort(BFloat16.of(v));
                }
            }
            case F8_E4M3, F8_E5M2, I64, I32, I16, I8, U64, U32, U16, U8, BOOL ->
                throw new IllegalArgumentException("dtype: " + dtype + " holds no weights that a graph computes with");
        }
        return raw(name, dtype, shape, UnsafeByteOperations.unsafeWrap(bytes.rewind()));
    }

    /**
     * The same of values that may lie in native memory already, which is then used in place.
     *
     * @param values float32, little-endian; must not change
     */
    static TensorProto floats(String name, DType dtype, Shape shape, TensorData values) {
        if (dtype == DType.F32
                && values.dtype() == DType.F32
                && values.format().isEmpty()
                && values.order() == ByteOrder.LITTLE_ENDIAN
                && values.segment().isNative()) {
            return raw(
                    name,
                    dtype,
                    shape,
                    UnsafeByteOperations.unsafeWrap(values.segment().asByteBuffer()));
        }
        return floats(name, dtype, shape, values.toFloats());
    }

    static TensorProto scalar(String name, float value) {
        return floats(name, DType.F32, Shape.of(), new float[] {value});
    }

    static TensorProto int32(String name, Shape shape, int[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * 4).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asIntBuffer().put(values);
        return raw(name, DType.I32, shape, UnsafeByteOperations.unsafeWrap(bytes));
    }

    static TensorProto int64(String name, Shape shape, long... values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asLongBuffer().put(values);
        return raw(name, DType.I64, shape, UnsafeByteOperations.unsafeWrap(bytes));
    }

    /** A tensor of codes, packed as {@link CodeType#bytes} says. */
    static TensorProto codes(String name, CodeType type, Shape shape, byte[] packed) {
        return raw(name, type.number(), shape, UnsafeByteOperations.unsafeWrap(packed));
    }

    static TensorProto raw(String name, DType dtype, Shape shape, ByteString bytes) {
        return raw(name, typeCode(dtype), shape, bytes);
    }

    private static TensorProto raw(String name, int type, Shape shape, ByteString bytes) {
        TensorProto.Builder t =
                TensorProto.newBuilder().setName(name).setDataType(type).setRawData(bytes);
        for (long d : shape.toArray()) {
            t.addDims(d);
        }
        return t.build();
    }

    /** The ONNX number of an element type. */
    static int typeCode(DType dtype) {
        return switch (dtype) {
            case F64 -> TensorProto.DataType.DOUBLE_VALUE;
            case F32 -> TensorProto.DataType.FLOAT_VALUE;
            case F16 -> TensorProto.DataType.FLOAT16_VALUE;
            case BF16 -> TensorProto.DataType.BFLOAT16_VALUE;
            case F8_E4M3 -> TensorProto.DataType.FLOAT8E4M3FN_VALUE;
            case F8_E5M2 -> TensorProto.DataType.FLOAT8E5M2_VALUE;
            case I64 -> TensorProto.DataType.INT64_VALUE;
            case I32 -> TensorProto.DataType.INT32_VALUE;
            case I16 -> TensorProto.DataType.INT16_VALUE;
            case I8 -> TensorProto.DataType.INT8_VALUE;
            case U64 -> TensorProto.DataType.UINT64_VALUE;
            case U32 -> TensorProto.DataType.UINT32_VALUE;
            case U16 -> TensorProto.DataType.UINT16_VALUE;
            case U8 -> TensorProto.DataType.UINT8_VALUE;
            case BOOL -> TensorProto.DataType.BOOL_VALUE;
        };
    }
}
