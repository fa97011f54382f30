package org.quantscope.core.integer;

import com.google.flatbuffers.FlatBufferBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import org.quantscope.core.tflite.TinyTflite;

/**
 * Quantized TensorFlow Lite models of a few operators each: every kernel, with grids whose factors are not round, paddings,
 * strides, dilations, groups and fused limits. The main writes them, so that TensorFlow Lite can be asked what it computes.
 */
final class LiteCases {
    private static final int F32 = 0;
    private static final int I32 = 2;
    private static final int U8 = 3;
    private static final int I8 = 9;

    private final Random random = new Random(11);
    private final TinyTflite file = new TinyTflite();
    private int names;

    private LiteCases() {}

    /** All of them, by name. */
    static Map<String, byte[]> all() {
        Map<String, byte[]> all = new LinkedHashMap<>();
        all.put("convolutions", new LiteCases().convolutions());
        all.put("depthwise", new LiteCases().depthwise());
        all.put("dense", new LiteCases().dense());
        all.put("pools", new LiteCases().pools());
        all.put("pairs", new LiteCases().pairs());
        all.put("functions", new LiteCases().functions());
        all.put("moves", new LiteCases().moves());
        all.put("means", new LiteCases().means());
        all.put("grids", new LiteCases().grids());
        all.put("unsigned", new LiteCases().unsigned());
        return all;
    }

    /** Writes each into the folder that is named. */
    public static void main(String[] arguments) throws IOException {
        for (Map.Entry<String, byte[]> one : all().entrySet()) {
            Files.write(Path.of(arguments[0], one.getKey() + ".tflite"), one.getValue());
        }
    }

    private int codes(int type, float scale, int zeroPoint, int... shape) {
        return file.quantized("t" + names++, type, new byte[0], new float[] {scale}, new long[] {zeroPoint}, 0, shape);
    }

    private int code(float scale, int zeroPoint, int... shape) {
        return codes(I8, scale, zeroPoint, shape);
    }

    private static int count(int[] shape) {
        int count = 1;
        for (int length : shape) {
            count *= length;
        }
        return count;
    }

    /** Weights with a scale for each channel; one if the axis is −1. */
    private int weights(int axis, int... shape) {
        byte[] bytes = new byte[count(shape)];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (random.nextInt(255) - 127);
        }
        float[] scales = new float[axis < 0 ? 1 : shape[axis]];
        for (int i = 0; i < scales.length; i++) {
            scales[i] = 0.004f + 0.01f * random.nextFloat();
        }
        return file.quantized("w" + names++, I8, bytes, scales, new long[scales.length], Math.max(axis, 0), shape);
    }

    private int bias(int count, int most) {
        int[] values = random.ints(count, -most, most).toArray();
        return file.stored("b" + names++, I32, TinyTflite.ints(values), count);
    }

    private static Consumer<FlatBufferBuilder> conv(int padding, int stride, int activation, int dilation) {
        return o -> {
            o.addByte(0, (byte) padding, 0);
            o.addInt(1, stride, 0);
            o.addInt(2, stride, 0);
            o.addByte(3, (byte) activation, 0);
            o.addInt(4, dilation, 1);
            o.addInt(5, dilation, 1);
        };
    }

    private byte[] convolutions() {
        int x = code(0.031f, -7, 1, 7, 6, 4);
        int same = code(0.047f, 9, 1, 7, 6, 5);
        int strided = code(0.063f, -128, 1, 4, 3, 6);
        int dilated = code(0.091f, 30, 1, 3, 2, 3);
        int grouped = code(0.052f, -3, 1, 5, 4, 6);
        int pointwise = code(0.021f, 1, 1, 7, 6, 8);
        int wide = code(0.0007f, 5, 1, 7, 6, 2);
        file.operator(3, 1, conv(0, 1, 0, 1), same, x, weights(0, 5, 3, 3, 4), bias(5, 2000))
                .operator(3, 1, conv(0, 2, 3, 1), strided, x, weights(0, 6, 3, 3, 4), bias(6, 2000))
                .operator(3, 1, conv(1, 1, 0, 2), dilated, x, weights(0, 3, 3, 3, 4), bias(3, 2000))
                .operator(3, 1, conv(1, 1, 0, 1), grouped, x, weights(0, 6, 3, 3, 2), bias(6, 2000))
                .operator(3, 1, conv(0, 1, 1, 1), pointwise, x, weights(0, 8, 1, 1, 4), bias(8, 2000))
                .operator(3, 1, conv(0, 1, 0, 1), wide, x, weights(0, 2, 1, 1, 4), bias(2, 100))
                .inputs(x)
                .outputs(same, strided, dilated, grouped, pointwise, wide);
        return file.build();
    }

    private static Consumer<FlatBufferBuilder> depth(
            int padding, int stride, int multiplier, int activation, int dilation) {
        return o -> {
            o.addByte(0, (byte) padding, 0);
            o.addInt(1, stride, 0);
            o.addInt(2, stride, 0);
            o.addInt(3, multiplier, 0);
            o.addByte(4, (byte) activation, 0);
            o.addInt(5, dilation, 1);
            o.addInt(6, dilation, 1);
        };
    }

    private byte[] depthwise() {
        int x = code(0.031f, -7, 1, 9, 8, 4);
        int same = code(0.027f, 9, 1, 9, 8, 4);
        int twice = code(0.033f, -20, 1, 5, 4, 8);
        int valid = code(0.021f, -128, 1, 7, 6, 4);
        int dilated = code(0.029f, 3, 1, 5, 4, 4);
        file.operator(4, 2, depth(0, 1, 1, 0, 1), same, x, weights(3, 1, 3, 3, 4), bias(4, 2000))
                .operator(4, 2, depth(0, 2, 2, 0, 1), twice, x, weights(3, 1, 3, 3, 8), bias(8, 2000))
                .operator(4, 2, depth(1, 1, 1, 3, 1), valid, x, weights(3, 1, 3, 3, 4), bias(4, 2000))
                .operator(4, 2, depth(1, 1, 1, 0, 2), dilated, x, weights(3, 1, 3, 3, 4), bias(4, 2000))
                .inputs(x)
                .outputs(same, twice, valid, dilated);
        return file.build();
    }

    private byte[] dense() {
        int x = code(0.043f, 11, 5, 24);
        int plain = code(0.059f, -4, 5, 10);
        int limited = code(0.061f, -128, 5, 9);
        int channels = code(0.067f, 17, 5, 7);
        int none = code(0.071f, 0, 5, 3);
        file.operator(9, 8, o -> {}, plain, x, weights(-1, 10, 24), bias(10, 3000))
                .operator(9, 8, o -> o.addByte(0, (byte) 1, 0), limited, x, weights(-1, 9, 24), bias(9, 3000))
                .operator(9, 8, o -> {}, channels, x, weights(0, 7, 24), bias(7, 3000))
                .operator(9, 8, o -> {}, none, x, weights(-1, 3, 24), -1)
                .inputs(x)
                .outputs(plain, limited, channels, none);
        return file.build();
    }

    private static Consumer<FlatBufferBuilder> pool(int padding, int stride, int window, int activation) {
        return o -> {
            o.addByte(0, (byte) padding, 0);
            o.addInt(1, stride, 0);
            o.addInt(2, stride, 0);
            o.addInt(3, window, 0);
            o.addInt(4, window, 0);
            o.addByte(5, (byte) activation, 0);
        };
    }

    private byte[] pools() {
        int x = code(0.05f, -13, 1, 7, 8, 5);
        int mean = code(0.05f, -13, 1, 4, 4, 5);
        int inner = code(0.05f, -13, 1, 5, 6, 5);
        int most = code(0.05f, -13, 1, 4, 4, 5);
        int limited = code(0.05f, -13, 1, 6, 7, 5);
        file.operator(1, 5, pool(0, 2, 3, 0), mean, x)
                .operator(1, 5, pool(1, 1, 3, 1), inner, x)
                .operator(17, 5, pool(0, 2, 3, 0), most, x)
                .operator(17, 5, pool(1, 1, 2, 3), limited, x)
                .inputs(x)
                .outputs(mean, inner, most, limited);
        return file.build();
    }

    private byte[] pairs() {
        int a = code(0.031f, -7, 1, 4, 5, 6);
        int b = code(0.083f, 22, 1, 4, 5, 6);
        int row = code(0.047f, 3, 1, 1, 1, 6);
        int[] out = new int[7];
        float[] scales = {0.09f, 0.11f, 0.07f, 0.08f, 0.13f, 0.004f, 0.05f};
        int[] zeros = {5, -128, -11, 40, 2, 7, -128};
        for (int i = 0; i < out.length; i++) {
            out[i] = code(scales[i], zeros[i], 1, 4, 5, 6);
        }
        Consumer<FlatBufferBuilder> relu = o -> o.addByte(0, (byte) 1, 0);
        file.operator(0, 11, o -> {}, out[0], a, b)
                .operator(0, 11, relu, out[1], a, b)
                .operator(41, 28, o -> {}, out[2], a, b)
                .operator(0, 11, o -> {}, out[3], a, row)
                .operator(18, 21, o -> {}, out[4], a, b)
                .operator(18, 21, o -> {}, out[5], a, row)
                .operator(18, 21, relu, out[6], a, b)
                .inputs(a, b, row)
                .outputs(out);
        return file.build();
    }

    private byte[] functions() {
        int x = code(0.047f, -9, 6, 12);
        int soft = code(1 / 256f, -128, 6, 12);
        int logistic = code(1 / 256f, -128, 6, 12);
        int tanh = code(1 / 128f, 0, 6, 12);
        int relu = code(0.023f, -128, 6, 12);
        int relu6 = code(0.0236f, -128, 6, 12);
        int between = code(0.0081f, 3, 6, 12);
        int leaky = code(0.051f, 12, 6, 12);
        file.operator(25, 9, o -> o.addFloat(0, 1, 0), soft, x)
                .operator(14, logistic, x)
                .operator(28, tanh, x)
                .operator(19, relu, x)
                .operator(21, relu6, x)
                .operator(20, between, x)
                .operator(98, 75, o -> o.addFloat(0, 0.13f, 0), leaky, x)
                .inputs(x)
                .outputs(soft, logistic, tanh, relu, relu6, between, leaky);
        return file.build();
    }

    private byte[] moves() {
        int x = code(0.05f, -13, 1, 3, 4, 2);
        int y = code(0.05f, -13, 1, 3, 4, 3);
        int padded = code(0.05f, -13, 1, 5, 7, 2);
        int filled = code(0.05f, -13, 1, 5, 7, 2);
        int flat = code(0.05f, -13, 1, 24);
        int turned = code(0.05f, -13, 1, 2, 3, 4);
        int joined = code(0.05f, -13, 1, 3, 4, 5);
        int part = code(0.05f, -13, 1, 2, 2);
        int pads = file.stored("pads", I32, TinyTflite.ints(0, 0, 1, 1, 2, 1, 0, 0), 4, 2);
        int value = file.quantized("value", I8, new byte[] {77}, new float[] {0.05f}, new long[] {-13}, 0, 1);
        int target = file.stored("target", I32, TinyTflite.ints(1, 24), 2);
        int order = file.stored("order", I32, TinyTflite.ints(0, 3, 1, 2), 4);
        int begin = file.stored("begin", I32, TinyTflite.ints(0, -1, 0, 0), 4);
        int end = file.stored("end", I32, TinyTflite.ints(1, 3, 4, 2), 4);
        int step = file.stored("step", I32, TinyTflite.ints(1, 1, 2, 1), 4);
        file.operator(34, 22, o -> {}, padded, x, pads)
                .operator(60, 45, o -> {}, filled, x, pads, value)
                .operator(22, flat, x, target)
                .operator(39, 26, o -> {}, turned, x, order)
                .operator(2, 10, o -> o.addInt(0, 3, 0), joined, x, y)
                .operator(
                        45,
                        32,
                        o -> {
                            o.addInt(1, 4, 0);
                            o.addInt(4, 2, 0);
                        },
                        part,
                        x,
                        begin,
                        end,
                        step)
                .inputs(x, y)
                .outputs(padded, filled, flat, turned, joined, part);
        return file.build();
    }

    private byte[] means() {
        int x = code(0.05f, -13, 1, 5, 6, 9);
        int kept = code(0.011f, -40, 1, 1, 1, 9);
        int plain = code(0.012f, 7, 1, 9);
        int last = code(0.013f, -2, 1, 5, 6);
        int alike = code(0.05f, -13, 1, 9);
        int picture = file.stored("picture", I32, TinyTflite.ints(1, 2), 2);
        int axis = file.stored("axis", I32, TinyTflite.ints(3), 1);
        file.operator(40, 27, o -> o.addByte(0, (byte) 1, 0), kept, x, picture)
                .operator(40, 27, o -> {}, plain, x, picture)
                .operator(40, 27, o -> {}, last, x, axis)
                .operator(40, 27, o -> {}, alike, x, picture)
                .inputs(x)
                .outputs(kept, plain, last, alike);
        return file.build();
    }

    private byte[] grids() {
        int real = file.computed("real", F32, 1, 40);
        int x = code(0.021f, -9, 1, 40);
        int finer = code(0.009f, 20, 1, 40);
        int coarser = code(0.06f, -50, 1, 40);
        int unsigned = codes(U8, 0.021f, 119, 1, 40);
        int back = code(0.017f, 0, 1, 40);
        int values = file.computed("values", F32, 1, 40);
        file.operator(114, x, real)
                .operator(114, finer, x)
                .operator(114, coarser, x)
                .operator(114, unsigned, x)
                .operator(114, back, unsigned)
                .operator(6, values, finer)
                .inputs(real)
                .outputs(finer, coarser, unsigned, back, values);
        return file.build();
    }

    /** Codes from 0 to 255, as the first quantized models have them, with zero points of weights too. */
    private byte[] unsigned() {
        int x = codes(U8, 0.031f, 121, 1, 6, 5, 3);
        int conv = codes(U8, 0.04f, 100, 1, 6, 5, 4);
        int most = codes(U8, 0.04f, 100, 1, 3, 3, 4);
        int mean = codes(U8, 0.04f, 100, 1, 3, 3, 4);
        int sum = codes(U8, 0.07f, 90, 1, 6, 5, 4);
        int flat = codes(U8, 0.04f, 100, 1, 36);
        int dense = codes(U8, 0.05f, 130, 1, 5);
        int soft = codes(U8, 1 / 256f, 0, 1, 5);
        byte[] weights = new byte[4 * 9 * 3];
        random.nextBytes(weights);
        byte[] rows = new byte[5 * 36];
        random.nextBytes(rows);
        int w = file.quantized("w", U8, weights, new float[] {0.0063f}, new long[] {131}, 0, 4, 3, 3, 3);
        int r = file.quantized("r", U8, rows, new float[] {0.0041f}, new long[] {118}, 0, 5, 36);
        int target = file.stored("target", I32, TinyTflite.ints(1, 36), 2);
        file.operator(3, 1, conv(0, 1, 0, 1), conv, x, w, bias(4, 2000))
                .operator(17, 5, pool(0, 2, 2, 0), most, conv)
                .operator(1, 5, pool(0, 2, 2, 0), mean, conv)
                .operator(0, 11, o -> {}, sum, conv, conv)
                .operator(22, flat, mean, target)
                .operator(9, 8, o -> {}, dense, flat, r, bias(5, 2000))
                .operator(25, 9, o -> o.addFloat(0, 1, 0), soft, dense)
                .inputs(x)
                .outputs(most, sum, soft);
        return file.build();
    }
}
