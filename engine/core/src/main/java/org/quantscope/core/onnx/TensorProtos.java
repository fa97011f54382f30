package org.quantscope.core.onnx;

import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorData;

/** Reads and checks {@code TensorProto} messages (onnx {@code onnx.proto}, message TensorProto). */
public final class TensorProtos {
    /**
     * Element types by number, from UNDEFINED on. The last two are proposed (onnx/onnx, pull request 7145) and in no release;
     * how their codes are packed is not settled, so that they are named and not read.
     */
    private static final List<String> TYPE_NAMES = List.of(
            "UNDEFINED",
            "FLOAT",
            "UINT8",
            "INT8",
            "UINT16",
            "INT16",
            "INT32",
            "INT64",
            "STRING",
            "BOOL",
            "FLOAT16",
            "DOUBLE",
            "UINT32",
            "UINT64",
            "COMPLEX64",
            "COMPLEX128",
            "BFLOAT16",
            "FLOAT8E4M3FN",
            "FLOAT8E4M3FNUZ",
            "FLOAT8E5M2",
            "FLOAT8E5M2FNUZ",
            "UINT4",
            "INT4",
            "FLOAT4E2M1",
            "FLOAT8E8M0",
            "UINT2",
            "INT2",
            "FLOAT6E2M3",
            "FLOAT6E3M2");

    private TensorProtos() {}

    /** The name of an ONNX element type, for a person; empty if there is no such type (up to opset 26). */
    static Optional<String> typeName(int type) {
        return type <= 0 || type >= TYPE_NAMES.size() ? Optional.empty() : Optional.of(TYPE_NAMES.get(type));
    }

    /**
     * Our element type; empty if it is a {@link SmallType}, cannot be quantized (strings, complex numbers), or does not
     * exist.
     */
    public static Optional<DType> dtype(int type) {
        return switch (type) {
            case TensorProto.DataType.FLOAT_VALUE -> Optional.of(DType.F32);
            case TensorProto.DataType.UINT8_VALUE -> Optional.of(DType.U8);
            case TensorProto.DataType.INT8_VALUE -> Optional.of(DType.I8);
            case TensorProto.DataType.UINT16_VALUE -> Optional.of(DType.U16);
            case TensorProto.DataType.INT16_VALUE -> Optional.of(DType.I16);
            case TensorProto.DataType.INT32_VALUE -> Optional.of(DType.I32);
            case TensorProto.DataType.INT64_VALUE -> Optional.of(DType.I64);
            case TensorProto.DataType.BOOL_VALUE -> Optional.of(DType.BOOL);
            case TensorProto.DataType.FLOAT16_VALUE -> Optional.of(DType.F16);
            case TensorProto.DataType.DOUBLE_VALUE -> Optional.of(DType.F64);
            case TensorProto.DataType.UINT32_VALUE -> Optional.of(DType.U32);
            case TensorProto.DataType.UINT64_VALUE -> Optional.of(DType.U64);
            case TensorProto.DataType.BFLOAT16_VALUE -> Optional.of(DType.BF16);
            case TensorProto.DataType.FLOAT8E4M3FN_VALUE -> Optional.of(DType.F8_E4M3);
            case TensorProto.DataType.FLOAT8E5M2_VALUE -> Optional.of(DType.F8_E5M2);
            default -> Optional.empty();
        };
    }

    /** True if the values are in another file. */
    public static boolean isExternal(TensorProto tensor) {
        return tensor.getDataLocation() == TensorProto.DataLocation.EXTERNAL;
    }

    /**
     * The dimensions of a tensor.
     *
     * @throws BadInputException if one is negative or their product, in bytes, does not fit a long
     */
    static Shape shape(TensorProto tensor, String name, Path model) {
        long[] dims = new long[tensor.getDimsCount()];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = tensor.getDims(i);
        }
        try {
            Shape shape = Shape.of(dims);
            // The widest element has eight bytes.
            Math.multiplyExact(shape.count(), 8L);
            return shape;
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new BadInputException(model, name, "dims are not a shape: " + e.getMessage(), e);
        }
    }

    /**
     * The values of a tensor; raw bytes are not copied.
     *
     * @param dtype from {@link #dtype}
     * @param shape from {@link #shape}
     * @param name for messages
     * @throws BadInputException if the number of values is not the product of the dims, or one does not fit the type
     * @throws IOException if an external file cannot be read
     */
    static TensorData data(
            TensorProto tensor, DType dtype, Shape shape, String name, Path model, ExternalFiles external)
            throws IOException {
        long count = shape.count();
        if (isExternal(tensor)) {
            return new TensorData(
                    dtype, external.bytes(tensor, name, count * dtype.bytes()), ByteOrder.LITTLE_ENDIAN, count);
        }
        checkLength(tensor, dtype, shape, name, model);
        ByteString raw = tensor.getRawData();
        if (!raw.isEmpty()) {
            return new TensorData(
                    dtype, MemorySegment.ofBuffer(raw.asReadOnlyByteBuffer()), ByteOrder.LITTLE_ENDIAN, count);
        }
        Typed in = new Typed(tensor, name, model, (int) count);
        MemorySegment segment = switch (dtype) {
            case F32 -> MemorySegment.ofArray(in.floats());
            case F64 -> MemorySegment.ofArray(in.doubles());
            case F16, BF16 -> MemorySegment.ofArray(in.shorts(Short.MIN_VALUE, 0xffff));
            case I16 -> MemorySegment.ofArray(in.shorts(Short.MIN_VALUE, Short.MAX_VALUE));
            case U16 -> MemorySegment.ofArray(in.shorts(0, 0xffff));
            case F8_E4M3, F8_E5M2 -> MemorySegment.ofArray(in.bytes(Byte.MIN_VALUE, 0xff));
            case I8 -> MemorySegment.ofArray(in.bytes(Byte.MIN_VALUE, Byte.MAX_VALUE));
            case U8 -> MemorySegment.ofArray(in.bytes(0, 0xff));
            case BOOL -> MemorySegment.ofArray(in.bytes(0, 1));
            case I32 -> MemorySegment.ofArray(in.ints());
            case U32 -> MemorySegment.ofArray(in.unsignedInts());
            case I64 -> MemorySegment.ofArray(in.longs());
            case U64 -> MemorySegment.ofArray(in.unsignedLongs());
        };
        return new TensorData(dtype, segment, ByteOrder.nativeOrder(), count);
    }

    /** The values of a small tensor of type int64, such as a shape; empty if they lie elsewhere or do not fit. */
    static List<Long> longs(TensorProto tensor) {
        if (!tensor.hasRawData()) {
            return tensor.getInt64DataList();
        }
        ByteBuffer raw = tensor.getRawData().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        List<Long> values = new ArrayList<>();
        while (raw.remaining() >= Long.BYTES && values.size() < Shape.MAX_RANK) {
            values.add(raw.getLong());
        }
        return raw.hasRemaining() ? List.of() : List.copyOf(values);
    }

    /** Checks, without reading a value, that a tensor inside the file has as many values as its dims say. */
    static void checkLength(TensorProto tensor, DType dtype, Shape shape, String name, Path model) {
        long count = shape.count();
        int typed = tensor.getFloatDataCount()
                + tensor.getInt32DataCount()
                + tensor.getInt64DataCount()
                + tensor.getDoubleDataCount()
                + tensor.getUint64DataCount();
        if (tensor.hasSegment()) {
            throw new BadInputException(model, name, "is stored in segments, which is not supported");
        }
        if (!tensor.getRawData().isEmpty()) {
            if (tensor.getRawData().size() != count * dtype.bytes()) {
                throw new BadInputException(
                        model,
                        name,
                        "raw_data has " + tensor.getRawData().size() + " bytes, " + shape + " of " + dtype + " wants "
                                + count * dtype.bytes());
            }
            if (typed > 0) {
                throw new BadInputException(model, name, "has raw_data and " + typed + " more values besides");
            }
            return;
        }
        int own = switch (dtype) {
            case F32 -> tensor.getFloatDataCount();
            case F64 -> tensor.getDoubleDataCount();
            case I64 -> tensor.getInt64DataCount();
            case U64, U32 -> tensor.getUint64DataCount();
            case F16, BF16, F8_E4M3, F8_E5M2, I32, I16, I8, U16, U8, BOOL -> tensor.getInt32DataCount();
        };
        if (own != count || typed != own) {
            throw new BadInputException(
                    model,
                    name,
                    "has " + own + " values of its type (" + typed + " in all), its dims " + shape + " want " + count);
        }
    }

    /** The typed lists of values in a tensor, as arrays. */
    private record Typed(TensorProto tensor, String name, Path model, int count) {
        float[] floats() {
            float[] out = new float[count];
            for (int i = 0; i < count; i++) {
                out[i] = tensor.getFloatData(i);
            }
            return out;
        }

        double[] doubles() {
            double[] out = new double[count];
            for (int i = 0; i < count; i++) {
                out[i] = tensor.getDoubleData(i);
            }
            return out;
        }

        long[] longs() {
            long[] out = new long[count];
            for (int i = 0; i < count; i++) {
                out[i] = tensor.getInt64Data(i);
            }
            return out;
        }

        long[] unsignedLongs() {
            long[] out = new long[count];
            for (int i = 0; i < count; i++) {
                out[i] = tensor.getUint64Data(i);
            }
            return out;
        }

        int[] ints() {
            int[] out = new int[count];
            for (int i = 0; i < count; i++) {
                out[i] = tensor.getInt32Data(i);
            }
            return out;
        }

        int[] unsignedInts() {
            int[] out = new int[count];
            for (int i = 0; i < count; i++) {
                out[i] = (int) within(tensor.getUint64Data(i), 0, 0xffff_ffffL);
            }
            return out;
        }

        short[] shorts(int lo, int hi) {
            short[] out = new short[count];
            for (int i = 0; i < count; i++) {
                out[i] = (short) within(tensor.getInt32Data(i), lo, hi);
            }
            return out;
        }

        byte[] bytes(int lo, int hi) {
            byte[] out = new byte[count];
            for (int i = 0; i < count; i++) {
                out[i] = (byte) within(tensor.getInt32Data(i), lo, hi);
            }
            return out;
        }

        private long within(long value, long lo, long hi) {
            if (value < lo || value > hi) {
                throw new BadInputException(
                        model, name, "value " + value + " does not fit its type (" + lo + " to " + hi + ")");
            }
            return value;
        }
    }
}
