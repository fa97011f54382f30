package org.quantscope.core.ort;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.ShortBuffer;
import org.quantscope.core.tensor.BFloat16;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;

/**
 * Values in native memory, to be fed to a model. Closing frees the memory at once: a weight that is fed anew while a
 * handle is dragged must not wait for the garbage collector. The thread that made it closes it; any thread may close
 * the output of a run.
 */
public final class NativeTensor implements AutoCloseable {
    private static final long ALIGNMENT = 64;

    private final OnnxTensor tensor;
    private final Arena arena;

    private NativeTensor(OnnxTensor tensor, Arena arena) {
        this.tensor = tensor;
        this.arena = arena;
    }

    OnnxTensor tensor() {
        return tensor;
    }

    /** A float32 scalar. */
    public static NativeTensor scalar(float value) {
        return of(new float[] {value}, Shape.of(), DType.F32);
    }

    /** True if {@link #of} supports that type. */
    public static boolean canHold(DType type) {
        return switch (type) {
            case F64, F32, F16, BF16, I64, I32, I16, I8, U8 -> true;
            case F8_E4M3, F8_E5M2, U64, U32, U16, BOOL -> false;
        };
    }

    /**
     * A tensor with a copy of values.
     *
     * @param values the first {@code shape.count()} are taken, row-major
     * @param type the type of the model's input; F16 and BF16 round to nearest even, integers drop the fraction and
     *     saturate
     * @throws IllegalArgumentException if {@link #canHold} is false for the type
     */
    @SuppressWarnings("MustBeClosedChecker") // the result owns the memory and frees it when it is closed
    public static NativeTensor of(float[] values, Shape shape, DType type) {
        OrtEnvironment environment = OrtRuntime.environment();
        int n = Math.toIntExact(shape.count());
        long[] dims = shape.toArray();
        Arena arena = Arena.ofConfined();
        try {
            return new NativeTensor(
                    switch (type) {
                        case F32 -> {
                            FloatBuffer out = direct(arena, n, 4).asFloatBuffer();
                            out.put(0, values, 0, n);
                            yield OnnxTensor.createTensor(environment, out, dims);
                        }
                        case F64 -> {
                            DoubleBuffer out = direct(arena, n, 8).asDoubleBuffer();
                            for (int i = 0; i < n; i++) {
                                out.put(i, values[i]);
                            }
                            yield OnnxTensor.createTensor(environment, out, dims);
                        }
                        case F16, BF16 -> {
                            ShortBuffer out = direct(arena, n, 2).asShortBuffer();
                            for (int i = 0; i < n; i++) {
                                out.put(
                                        i,
                                        type == DType.F16 ? Float.floatToFloat16(values[i]) : BFloat16.of(values[i]));
                            }
                            yield OnnxTensor.createTensor(
                                    environment,
                                    out,
                                    dims,
                                    type == DType.F16 ? OnnxJavaType.FLOAT16 : OnnxJavaType.BFLOAT16);
                        }
                        case I64 -> {
                            LongBuffer out = direct(arena, n, 8).asLongBuffer();
                            for (int i = 0; i < n; i++) {
                                out.put(i, (long) values[i]);
                            }
                            yield OnnxTensor.createTensor(environment, out, dims);
                        }
                        case I32 -> {
                            var out = direct(arena, n, 4).asIntBuffer();
                            for (int i = 0; i < n; i++) {
                                out.put(i, (int) values[i]);
                            }
                            yield OnnxTensor.createTensor(environment, out, dims);
                        }
                        case I16 -> {
                            ShortBuffer out = direct(arena, n, 2).asShortBuffer();
                            for (int i = 0; i < n; i++) {
                                out.put(i, (short) Math.clamp((int) values[i], Short.MIN_VALUE, Short.MAX_VALUE));
                            }
                            yield OnnxTensor.createTensor(environment, out, dims);
                        }
                        case I8, U8 -> {
                            ByteBuffer out = direct(arena, n, 1);
                            int lo = type == DType.I8 ? Byte.MIN_VALUE : 0;
                            for (int i = 0; i < n; i++) {
                                out.put(i, (byte) Math.clamp((int) values[i], lo, lo + 255));
                            }
                            yield OnnxTensor.createTensor(
                                    environment, out, dims, type == DType.I8 ? OnnxJavaType.INT8 : OnnxJavaType.UINT8);
                        }
                        case F8_E4M3, F8_E5M2, U64, U32, U16, BOOL ->
                            throw new IllegalArgumentException(
                                    "type: ONNX Runtime's Java API makes no tensors of " + type);
                    },
                    arena);
        } catch (OrtException e) {
            arena.close();
            throw new IllegalStateException("ONNX Runtime makes no tensor of " + shape + " " + type, e);
        }
    }

    /** A boolean scalar. */
    @SuppressWarnings("MustBeClosedChecker") // the result owns the memory and frees it when it is closed
    public static NativeTensor flag(boolean value) {
        Arena arena = Arena.ofConfined();
        try {
            ByteBuffer out = direct(arena, 1, 1);
            out.put(0, (byte) (value ? 1 : 0));
            return new NativeTensor(
                    OnnxTensor.createTensor(OrtRuntime.environment(), out, new long[0], OnnxJavaType.BOOL), arena);
        } catch (OrtException e) {
            arena.close();
            throw new IllegalStateException("ONNX Runtime makes no tensor of a truth value", e);
        }
    }

    /** A copy of the same type and shape, in memory of its own. */
    @SuppressWarnings("MustBeClosedChecker") // the result owns the memory and frees it when it is closed
    static NativeTensor copyOf(OnnxTensor tensor) {
        ByteBuffer from = tensor.getByteBuffer();
        Arena arena = Arena.ofShared();
        try {
            ByteBuffer out = direct(arena, from.remaining(), 1);
            out.put(0, from, from.position(), from.remaining());
            return new NativeTensor(
                    OnnxTensor.createTensor(
                            OrtRuntime.environment(), out, tensor.getInfo().getShape(), tensor.getInfo().type),
                    arena);
        } catch (OrtException e) {
            arena.close();
            throw new IllegalStateException("ONNX Runtime makes no tensor of " + tensor.getInfo(), e);
        }
    }

    /** A tensor that ONNX Runtime made and that the result owns from now on; nothing is copied. */
    @SuppressWarnings("MustBeClosedChecker") // the result owns the memory and frees it when it is closed
    static NativeTensor takingOver(OnnxTensor tensor) {
        return new NativeTensor(tensor, Arena.ofShared());
    }

    /**
     * A copy of the values as floats.
     *
     * @param name what the copy is called
     */
    public FloatOutput floats(String name) {
        return FloatOutput.of(name, tensor);
    }

    /** The size of the values in bytes. */
    public long bytes() {
        return tensor.getInfo().getNumElements() * tensor.getInfo().type.size;
    }

    private static ByteBuffer direct(Arena arena, int n, int width) {
        return arena.allocate((long) n * width, ALIGNMENT).asByteBuffer().order(ByteOrder.nativeOrder());
    }

    /** @throws IllegalStateException if it is closed already, which means that it had two owners */
    @Override
    public void close() {
        if (!arena.scope().isAlive()) {
            throw new IllegalStateException("closed twice");
        }
        tensor.close();
        arena.close();
    }
}
