package org.quantscope.core.ort;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxTensorLike;
import ai.onnxruntime.OrtException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.quantscope.core.rewrite.RunnableGraph;
import org.quantscope.core.tensor.DType;

/**
 * Values of initializers, handed over to a native session, which must be freed before them. Values in native memory,
 * such as slices of a mapped file, are used in place; others are copied there.
 */
final class Initializers implements AutoCloseable {
    private static final long ALIGNMENT = 64;

    private final Arena copies = Arena.ofShared();
    private final Map<String, OnnxTensorLike> tensors = new LinkedHashMap<>();

    private Initializers() {}

    /** The session is freed by whichever thread returns it last, so the memory belongs to none. */
    static Initializers of(List<RunnableGraph.Values> values) throws OrtException {
        Initializers all = new Initializers();
        try {
            for (RunnableGraph.Values v : values) {
                // The tensor keeps its buffer, and the buffer the mapping.
                all.tensors.put(
                        v.name(),
                        OnnxTensor.createTensor(
                                OrtRuntime.environment(),
                                all.inPlace(v),
                                v.shape().toArray(),
                                type(v.dtype())));
            }
            return all;
        } catch (OrtException | RuntimeException | Error e) {
            all.close();
            throw e;
        }
    }

    /** The values in native memory, each at a multiple of its own size. */
    private ByteBuffer inPlace(RunnableGraph.Values v) {
        ByteBuffer bytes = v.bytes();
        MemorySegment given = MemorySegment.ofBuffer(bytes);
        if (!given.isNative() || given.address() % v.dtype().bytes() != 0) {
            MemorySegment copy = copies.allocate(given.byteSize(), ALIGNMENT);
            copy.copyFrom(given);
            bytes = copy.asByteBuffer();
        }
        return bytes.order(ByteOrder.nativeOrder());
    }

    private static OnnxJavaType type(DType type) {
        return switch (type) {
            case F64 -> OnnxJavaType.DOUBLE;
            case F32 -> OnnxJavaType.FLOAT;
            case F16 -> OnnxJavaType.FLOAT16;
            case BF16 -> OnnxJavaType.BFLOAT16;
            case I64 -> OnnxJavaType.INT64;
            case I32 -> OnnxJavaType.INT32;
            case I16 -> OnnxJavaType.INT16;
            case I8 -> OnnxJavaType.INT8;
            case U8 -> OnnxJavaType.UINT8;
            case BOOL -> OnnxJavaType.BOOL;
            case F8_E4M3, F8_E5M2, U64, U32, U16 ->
                throw new IllegalArgumentException("type: ONNX Runtime's Java API makes no tensors of " + type);
        };
    }

    /** The tensors by the name of their initializer. */
    Map<String, OnnxTensorLike> tensors() {
        return tensors;
    }

    @Override
    public void close() {
        tensors.values().forEach(OnnxTensorLike::close);
        tensors.clear();
        copies.close();
    }
}
