package org.quantscope.core.tflite;

import com.google.flatbuffers.FlatBufferBuilder;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * TensorFlow Lite models of a few tensors, written with Google's own library for FlatBuffers and the field numbers of the
 * schema.
 */
public final class TinyTflite {
    private final FlatBufferBuilder out = new FlatBufferBuilder();
    private final List<byte[]> buffers = new ArrayList<>(List.of(new byte[0]));
    private final List<Integer> tensors = new ArrayList<>();
    private final List<Integer> codes = new ArrayList<>();
    private final List<Integer> operators = new ArrayList<>();
    private int[] fed = {};
    private int[] results = {};

    /** The little-endian bytes of floats. */
    public static byte[] floats(float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return bytes.array();
    }

    public static byte[] ints(int... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asIntBuffer().put(values);
        return bytes.array();
    }

    /** A tensor that is computed; an axis of −1 is open. */
    public int computed(String name, int type, int... shape) {
        return tensor(name, type, 0, shape, 0);
    }

    /** A stored tensor. */
    public int stored(String name, int type, byte[] bytes, int... shape) {
        buffers.add(bytes);
        return tensor(name, type, buffers.size() - 1, shape, 0);
    }

    /** A computed tensor with a scale and a zero point. */
    public int grid(String name, int type, float scale, long zeroPoint, int... shape) {
        return tensor(name, type, 0, shape, quantization(new float[] {scale}, new long[] {zeroPoint}, 0));
    }

    /** A stored tensor with scales and zero points. */
    public int quantized(
            String name, int type, byte[] bytes, float[] scales, long[] zeroPoints, int axis, int... shape) {
        buffers.add(bytes);
        return tensor(name, type, buffers.size() - 1, shape, quantization(scales, zeroPoints, axis));
    }

    private int quantization(float[] scales, long[] zeroPoints, int axis) {
        out.startVector(4, scales.length, 4);
        for (int i = scales.length - 1; i >= 0; i--) {
            out.addFloat(scales[i]);
        }
        int scale = out.endVector();
        out.startVector(8, zeroPoints.length, 8);
        for (int i = zeroPoints.length - 1; i >= 0; i--) {
            out.addLong(zeroPoints[i]);
        }
        int zero = out.endVector();
        out.startTable(7);
        out.addOffset(2, scale, 0);
        out.addOffset(3, zero, 0);
        out.addInt(6, axis, 0);
        return out.endTable();
    }

    private int tensor(String name, int type, int buffer, int[] shape, int quantization) {
        int text = out.createString(name);
        int signature = vector(shape);
        int dims = vector(Arrays.stream(shape).map(Math::abs).toArray());
        out.startTable(8);
        out.addOffset(7, signature, 0);
        out.addOffset(0, dims, 0);
        out.addByte(1, (byte) type, 0);
        out.addInt(2, buffer, 0);
        out.addOffset(3, text, 0);
        out.addOffset(4, quantization, 0);
        tensors.add(out.endTable());
        return tensors.size() - 1;
    }

    private int vector(int... values) {
        out.startVector(4, values.length, 4);
        for (int i = values.length - 1; i >= 0; i--) {
            out.addInt(values[i]);
        }
        return out.endVector();
    }

    private int tables(List<Integer> offsets) {
        return out.createVectorOfTables(
                offsets.stream().mapToInt(Integer::intValue).toArray());
    }

    /** An operator with one output and no options. */
    public TinyTflite operator(int builtin, int output, int... inputs) {
        return operator(builtin, 0, _ -> {}, output, inputs);
    }

    /**
     * An operator with one output.
     *
     * @param kind the number of its options in the union
     * @param options adds the fields of its options
     */
    public TinyTflite operator(int builtin, int kind, Consumer<FlatBufferBuilder> options, int output, int... inputs) {
        return operator(builtin, kind, options, new int[] {output}, inputs);
    }

    /** The same with several outputs. */
    public TinyTflite operator(
            int builtin, int kind, Consumer<FlatBufferBuilder> options, int[] outputs, int... inputs) {
        int told = 0;
        if (kind != 0) {
            out.startTable(10);
            options.accept(out);
            told = out.endTable();
        }
        out.startTable(4);
        out.addByte(0, (byte) Math.min(builtin, 127), 0);
        out.addInt(3, builtin, 0);
        codes.add(out.endTable());
        int in = vector(inputs);
        int result = vector(outputs);
        out.startTable(5);
        out.addInt(0, codes.size() - 1, 0);
        out.addOffset(1, in, 0);
        out.addOffset(2, result, 0);
        out.addByte(3, (byte) kind, 0);
        out.addOffset(4, told, 0);
        operators.add(out.endTable());
        return this;
    }

    /** The tensors that are fed. */
    public TinyTflite inputs(int... indices) {
        fed = indices;
        return this;
    }

    /** The tensors that are the result. */
    public TinyTflite outputs(int... indices) {
        results = indices;
        return this;
    }

    public byte[] build() {
        List<Integer> all = new ArrayList<>();
        for (byte[] bytes : buffers) {
            int data = bytes.length == 0 ? 0 : out.createByteVector(bytes);
            out.startTable(3);
            out.addOffset(0, data, 0);
            all.add(out.endTable());
        }
        int stored = tables(all);
        int graph = graph();
        int subgraphs = tables(List.of(graph));
        int opcodes = tables(codes);
        int description = out.createString("tiny");
        out.startTable(8);
        out.addInt(0, 3, 0);
        out.addOffset(1, opcodes, 0);
        out.addOffset(2, subgraphs, 0);
        out.addOffset(3, description, 0);
        out.addOffset(4, stored, 0);
        out.finish(out.endTable(), "TFL3");
        return Arrays.copyOf(out.sizedByteArray(), out.sizedByteArray().length);
    }

    private int graph() {
        int list = tables(tensors);
        int run = tables(operators);
        int in = vector(fed);
        int result = vector(results);
        out.startTable(5);
        out.addOffset(0, list, 0);
        out.addOffset(1, in, 0);
        out.addOffset(2, result, 0);
        out.addOffset(3, run, 0);
        return out.endTable();
    }
}
