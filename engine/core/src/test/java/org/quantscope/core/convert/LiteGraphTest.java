package org.quantscope.core.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.google.flatbuffers.FlatBufferBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.core.Engine;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.Placement;
import org.quantscope.core.ort.FloatOutput;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.rewrite.InstrumentedGraph;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorKind;
import org.quantscope.core.tflite.TfliteFile;
import org.quantscope.core.tflite.TinyTflite;

/** Operators computed as TensorFlow Lite defines them, on pictures that lie channels last. */
class LiteGraphTest {
    private static final int FLOAT32 = 0;
    private static final int INT32 = 2;
    private static final int INT8 = 9;
    private static final int CONV_2D = 3;
    private static final float CLOSE = 1e-5f;

    @TempDir
    Path folder;

    private Model open(TinyTflite tiny) throws IOException {
        Path file = Files.write(folder.resolve("m.tflite"), tiny.build());
        // For looking at them with TensorFlow Lite itself.
        String keep = System.getProperty("quantscope.keep");
        if (keep != null) {
            Files.copy(file, Path.of(keep, "m" + System.nanoTime() + ".tflite"));
        }
        return Engine.open(file, true);
    }

    /** The only result for the only input, in the order of the file; what a convolution computes lies as planes. */
    private static float[] run(Model model, int rows, float[] x) {
        FloatOutput out = result(model, rows, x);
        return channelsLast(out.values(), out.shape());
    }

    private static FloatOutput result(Model model, int rows, float[] x) {
        OnnxGraph graph = model.graph().orElseThrow(() -> new AssertionError(model.notes()));
        OnnxGraph.Input input = graph.inputs().getFirst();
        long[] dims = input.shape().orElseThrow().stream()
                .mapToLong(d -> d < 0 ? rows : d)
                .toArray();
        try (OrtModel ort = OrtModel.load(InstrumentedGraph.plain(model), "m", OrtModel.Options.DEFAULT);
                NativeTensor fed = NativeTensor.of(x, Shape.of(dims), DType.F32)) {
            return ort.runNumbers(Map.of(input.name(), fed), graph.outputNames(), new CancelToken())
                    .getFirst();
        }
    }

    private static float[] channelsLast(float[] planes, Shape shape) {
        int c = (int) shape.dim(1);
        int pixels = (int) shape.inner(1);
        float[] out = new float[planes.length];
        for (int i = 0; i < out.length; i++) {
            int sample = i / (c * pixels);
            out[(sample * pixels + i % pixels) * c + i / pixels % c] = planes[i];
        }
        return out;
    }

    private static float[] random(int n) {
        Random random = new Random(n);
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static void assertClose(float[] actual, float[] expected) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.length; i++) {
            assertThat(actual[i]).as("value " + i).isCloseTo(expected[i], within(CLOSE));
        }
    }

    /** Size, windows and how they lie: what is padded in front follows from what is missing. */
    @ParameterizedTest
    @CsvSource({
        "7, 6, 3, 1, 1, 0",
        "7, 6, 3, 2, 1, 0",
        "8, 5, 3, 2, 1, 0",
        "9, 8, 3, 1, 2, 0",
        "5, 5, 2, 2, 1, 0",
        "7, 6, 3, 2, 1, 1",
        "9, 8, 3, 1, 2, 1",
        "6, 6, 1, 3, 1, 0"
    })
    void convolutionsPadAsTheFileSays(int h, int w, int k, int stride, int dilation, int padding) throws IOException {
        int in = 2;
        for (boolean depthwise : new boolean[] {false, true}) {
            int out = depthwise ? 4 : 3;
            int reach = (k - 1) * dilation + 1;
            int oh = padding == 0 ? Math.ceilDiv(h, stride) : (h - reach) / stride + 1;
            int ow = padding == 0 ? Math.ceilDiv(w, stride) : (w - reach) / stride + 1;
            int top = padding == 0 ? Math.max((oh - 1) * stride + reach - h, 0) / 2 : 0;
            int left = padding == 0 ? Math.max((ow - 1) * stride + reach - w, 0) / 2 : 0;
            float[] kernel = random(out * k * k * (depthwise ? 1 : in));
            float[] bias = random(out);
            float[] x = random(2 * h * w * in);
            float[] expected = new float[2 * oh * ow * out];
            for (int i = 0; i < expected.length; i++) {
                int o = i % out;
                double sum = bias[o];
                for (int ky = 0; ky < k; ky++) {
                    for (int kx = 0; kx < k; kx++) {
                        int yy = i / out / ow % oh * stride - top + ky * dilation;
                        int xx = i / out % ow * stride - left + kx * dilation;
                        if (yy >= 0 && yy < h && xx >= 0 && xx < w) {
                            int at = ((i / out / ow / oh * h + yy) * w + xx) * in;
                            for (int c = 0; c < (depthwise ? 1 : in); c++) {
                                sum += depthwise
                                        ? x[at + o / 2] * kernel[(ky * k + kx) * out + o]
                                        : x[at + c] * kernel[((o * k + ky) * k + kx) * in + c];
                            }
                        }
                    }
                }
                expected[i] = (float) Math.clamp(sum, 0, 6);
            }
            TinyTflite tiny = new TinyTflite();
            int read = tiny.computed("x", FLOAT32, -1, h, w, in);
            int weight = depthwise
                    ? tiny.stored("w", FLOAT32, TinyTflite.floats(kernel), 1, k, k, out)
                    : tiny.stored("w", FLOAT32, TinyTflite.floats(kernel), out, k, k, in);
            int b = tiny.stored("b", FLOAT32, TinyTflite.floats(bias), out);
            int y = tiny.computed("y", FLOAT32, -1, oh, ow, out);
            tiny.inputs(read)
                    .outputs(y)
                    .operator(
                            depthwise ? 4 : CONV_2D,
                            depthwise ? 2 : 1,
                            o -> {
                                o.addByte(0, (byte) padding, 0);
                                o.addInt(1, stride, 0);
                                o.addInt(2, stride, 0);
                                o.addByte(depthwise ? 4 : 3, (byte) 3, 0);
                                o.addInt(depthwise ? 5 : 4, dilation, 1);
                                o.addInt(depthwise ? 6 : 5, dilation, 1);
                            },
                            y,
                            read,
                            weight,
                            b);
            Model model = open(tiny);

            assertClose(run(model, 2, x), expected);
            assertThat(model.find(new TensorId("w")).orElseThrow().info().kind())
                    .isEqualTo(TensorKind.WEIGHT);
            assertThat(model.find(new TensorId("w")).orElseThrow().info().channelAxis())
                    .hasValue(0);
            // The quantizers are those of the input and of the clamped result, by their own names.
            assertThat(model.graph().orElseThrow().placement().in(Placement.State.OWN))
                    .extracting(s -> s.id().name())
                    .containsExactly("x", "y");
        }
    }

    @ParameterizedTest
    @CsvSource({"3, 3, 2, 6, 0", "3, 3, 2, 7, 1", "4, 2, 2, 8, 1", "3, 3, 1, 3, 0", "4, 2, 3, 12, 0", "4, 2, 3, 10, 0"})
    void transposedConvolutionsGiveTheSizeThatIsAskedFor(int size, int k, int stride, int result, int padding)
            throws IOException {
        float[] x = random(size * size * 2);
        float[] kernel = random(3 * k * k * 2);
        int front = padding == 0 ? Math.max((size - 1) * stride + k - result, 0) / 2 : 0;
        float[] expected = new float[result * result * 3];
        for (int i = 0; i < size * size * 2; i++) {
            for (int o = 0; o < 3; o++) {
                for (int ky = 0; ky < k; ky++) {
                    for (int kx = 0; kx < k; kx++) {
                        int yy = i / 2 / size * stride - front + ky;
                        int xx = i / 2 % size * stride - front + kx;
                        if (yy >= 0 && yy < result && xx >= 0 && xx < result) {
                            expected[(yy * result + xx) * 3 + o] += x[i] * kernel[((o * k + ky) * k + kx) * 2 + i % 2];
                        }
                    }
                }
            }
        }
        TinyTflite tiny = new TinyTflite();
        int read = tiny.computed("x", FLOAT32, 1, size, size, 2);
        int weight = tiny.stored("w", FLOAT32, TinyTflite.floats(kernel), 3, k, k, 2);
        int shape = tiny.stored("s", INT32, TinyTflite.ints(1, result, result, 3), 4);
        int y = tiny.computed("y", FLOAT32, 1, result, result, 3);
        tiny.inputs(read)
                .outputs(y)
                .operator(
                        67,
                        49,
                        o -> {
                            o.addByte(0, (byte) padding, 0);
                            o.addInt(1, stride, 0);
                            o.addInt(2, stride, 0);
                        },
                        y,
                        shape,
                        weight,
                        read);
        Model model = open(tiny);

        assertClose(run(model, 1, x), expected);
        assertThat(model.find(new TensorId("w")).orElseThrow().info().channelAxis())
                .hasValue(1);
    }

    @ParameterizedTest
    @CsvSource({"1, 0, 5", "1, 1, 5", "17, 0, 5", "17, 1, 6"})
    void poolsLeaveOutWhatIsPadded(int builtin, int padding, int size) throws IOException {
        int k = 3;
        int made = padding == 0 ? Math.ceilDiv(size, 2) : (size - k) / 2 + 1;
        int front = padding == 0 ? Math.max((made - 1) * 2 + k - size, 0) / 2 : 0;
        float[] x = random(size * size * 2);
        float[] expected = new float[made * made * 2];
        for (int i = 0; i < expected.length; i++) {
            double sum = 0;
            double most = Double.NEGATIVE_INFINITY;
            int n = 0;
            for (int ky = 0; ky < k; ky++) {
                for (int kx = 0; kx < k; kx++) {
                    int yy = i / 2 / made * 2 - front + ky;
                    int xx = i / 2 % made * 2 - front + kx;
                    if (yy >= 0 && yy < size && xx >= 0 && xx < size) {
                        float v = x[(yy * size + xx) * 2 + i % 2];
                        sum += v;
                        most = Math.max(most, v);
                        n++;
                    }
                }
            }
            expected[i] = (float) (builtin == 1 ? sum / n : most);
        }
        TinyTflite tiny = new TinyTflite();
        int read = tiny.computed("x", FLOAT32, 1, size, size, 2);
        int y = tiny.computed("y", FLOAT32, 1, made, made, 2);
        tiny.inputs(read)
                .outputs(y)
                .operator(
                        builtin,
                        5,
                        o -> {
                            o.addByte(0, (byte) padding, 0);
                            o.addInt(1, 2, 0);
                            o.addInt(2, 2, 0);
                            o.addInt(3, k, 0);
                            o.addInt(4, k, 0);
                        },
                        y,
                        read);

        assertClose(run(open(tiny), 1, x), expected);
    }

    /** Where a pixel of the result lies in the input, as tensorflow/lite/kernels/internal/reference says. */
    @ParameterizedTest
    @CsvSource({
        "23, false, false, 4, 7", "23, true, false, 4, 7", "23, false, true, 4, 7", "23, false, true, 7, 3",
        "97, false, false, 4, 7", "97, true, false, 4, 7", "97, false, true, 4, 7", "97, false, false, 7, 3"
    })
    void resizedPicturesAreSampledWhereTheyShouldBe(int builtin, boolean align, boolean half, int from, int to)
            throws IOException {
        float[] x = random(from * from);
        double scale = align ? (from - 1.0) / (to - 1) : (double) from / to;
        float[] expected = new float[to * to];
        for (int i = 0; i < expected.length; i++) {
            double yy = half ? (i / to + 0.5) * scale : i / to * scale;
            double xx = half ? (i % to + 0.5) * scale : i % to * scale;
            if (builtin == 97) {
                int row = Math.min((int) (align ? Math.round(yy) : Math.floor(yy)), from - 1);
                int column = Math.min((int) (align ? Math.round(xx) : Math.floor(xx)), from - 1);
                expected[i] = x[row * from + column];
            } else {
                yy = Math.max(half ? yy - 0.5 : yy, 0);
                xx = Math.max(half ? xx - 0.5 : xx, 0);
                int y0 = Math.min((int) yy, from - 1);
                int x0 = Math.min((int) xx, from - 1);
                int y1 = Math.min(y0 + 1, from - 1);
                int x1 = Math.min(x0 + 1, from - 1);
                double dy = yy - y0;
                double dx = xx - x0;
                expected[i] = (float) ((1 - dy) * ((1 - dx) * x[y0 * from + x0] + dx * x[y0 * from + x1])
                        + dy * ((1 - dx) * x[y1 * from + x0] + dx * x[y1 * from + x1]));
            }
        }
        TinyTflite tiny = new TinyTflite();
        int read = tiny.computed("x", FLOAT32, 1, from, from, 1);
        int size = tiny.stored("size", INT32, TinyTflite.ints(to, to), 2);
        int y = tiny.computed("y", FLOAT32, 1, to, to, 1);
        int field = builtin == 23 ? 2 : 0;
        tiny.inputs(read)
                .outputs(y)
                .operator(
                        builtin,
                        builtin == 23 ? 15 : 74,
                        o -> {
                            o.addBoolean(field, align, false);
                            o.addBoolean(field + 1, half, false);
                        },
                        y,
                        read,
                        size);

        assertClose(run(open(tiny), 1, x), expected);
    }

    /** One operator on a picture of 2×3 pixels and 4 channels. */
    private interface Case extends BiFunction<TinyTflite, Integer, Integer> {}

    private static Case of(int builtin, int kind, Consumer<FlatBufferBuilder> options, int... shape) {
        return (t, x) -> {
            int y = t.computed("y", FLOAT32, shape);
            t.operator(builtin, kind, options, y, x);
            return y;
        };
    }

    private static Case with(
            int builtin,
            int kind,
            Consumer<FlatBufferBuilder> options,
            BiFunction<TinyTflite, Integer, int[]> inputs,
            int... shape) {
        return (t, x) -> {
            int[] in = inputs.apply(t, x);
            int y = t.computed("y", FLOAT32, shape);
            t.operator(builtin, kind, options, y, in);
            return y;
        };
    }

    private static int list(TinyTflite t, int... values) {
        return t.stored("list", INT32, TinyTflite.ints(values), values.length);
    }

    private static int constant(TinyTflite t, int... shape) {
        int n = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
        return t.stored("constant", FLOAT32, TinyTflite.floats(random(n)), shape);
    }

    private static final Consumer<FlatBufferBuilder> NONE = _ -> {};

    static Stream<Arguments> moves() {
        return Stream.of(
                arguments("RESHAPE", with(22, 0, NONE, (t, x) -> new int[] {x, list(t, 1, 24)}, 1, 24)),
                arguments("RESHAPE to 3", with(22, 0, NONE, (t, x) -> new int[] {x, list(t, 1, 6, 4)}, 1, 6, 4)),
                arguments("TRANSPOSE", with(39, 0, NONE, (t, x) -> new int[] {x, list(t, 0, 3, 1, 2)}, 1, 4, 2, 3)),
                arguments(
                        "TRANSPOSE rows", with(39, 0, NONE, (t, x) -> new int[] {x, list(t, 0, 2, 1, 3)}, 1, 3, 2, 4)),
                arguments(
                        "CONCATENATION of channels",
                        with(2, 10, o -> o.addInt(0, -1, 0), (t, x) -> new int[] {x, x}, 1, 2, 3, 8)),
                arguments(
                        "CONCATENATION of rows with a constant",
                        with(
                                2,
                                10,
                                o -> o.addInt(0, 1, 0),
                                (t, x) -> new int[] {x, constant(t, 1, 1, 3, 4)},
                                1,
                                3,
                                3,
                                4)),
                arguments(
                        "PAD",
                        with(
                                34,
                                0,
                                NONE,
                                (t, x) -> new int[] {
                                    x, t.stored("p", INT32, TinyTflite.ints(0, 0, 1, 0, 0, 2, 3, 0), 4, 2)
                                },
                                1,
                                3,
                                5,
                                7)),
                arguments(
                        "PADV2",
                        with(
                                60,
                                0,
                                NONE,
                                (t, x) -> new int[] {
                                    x,
                                    t.stored("p", INT32, TinyTflite.ints(0, 0, 1, 0, 0, 2, 0, 1), 4, 2),
                                    t.stored("v", FLOAT32, TinyTflite.floats(7), 1)
                                },
                                1,
                                3,
                                5,
                                5)),
                arguments("MEAN", with(40, 27, NONE, (t, x) -> new int[] {x, list(t, 1, 2)}, 1, 4)),
                arguments(
                        "MEAN kept",
                        with(
                                40,
                                27,
                                o -> o.addBoolean(0, true, false),
                                (t, x) -> new int[] {x, list(t, 1, 2)},
                                1,
                                1,
                                1,
                                4)),
                arguments("MEAN of channels", with(40, 27, NONE, (t, x) -> new int[] {x, list(t, -1)}, 1, 2, 3)),
                arguments("SUM of rows", with(74, 27, NONE, (t, x) -> new int[] {x, list(t, 1)}, 1, 3, 4)),
                arguments(
                        "REDUCE_MAX kept",
                        with(
                                82,
                                27,
                                o -> o.addBoolean(0, true, false),
                                (t, x) -> new int[] {x, list(t, 3)},
                                1,
                                2,
                                3,
                                1)),
                arguments(
                        "SLICE",
                        with(
                                65,
                                0,
                                NONE,
                                (t, x) -> new int[] {x, list(t, 0, 1, 0, 1), list(t, -1, 1, 2, 3)},
                                1,
                                1,
                                2,
                                3)),
                arguments(
                        "STRIDED_SLICE",
                        with(
                                45,
                                32,
                                o -> {
                                    o.addInt(0, 0b0001, 0);
                                    o.addInt(1, 0b1001, 0);
                                },
                                (t, x) ->
                                        new int[] {x, list(t, 0, 0, 2, 3), list(t, 0, 1, 0, 0), list(t, 1, 1, -1, -2)},
                                1,
                                1,
                                2,
                                2)),
                arguments(
                        "STRIDED_SLICE of one row",
                        with(
                                45,
                                32,
                                o -> {
                                    o.addInt(0, 0b0001, 0);
                                    o.addInt(1, 0b0001, 0);
                                    o.addInt(4, 0b0010, 0);
                                },
                                (t, x) -> new int[] {x, list(t, 0, -1), list(t, 0, 0), list(t, 1, 1)},
                                1,
                                3,
                                4)),
                arguments("SOFTMAX", of(25, 9, o -> o.addFloat(0, 2, 0), 1, 2, 3, 4)),
                arguments(
                        "ADD of a channel's constant",
                        with(0, 11, NONE, (t, x) -> new int[] {x, constant(t, 4)}, 1, 2, 3, 4)),
                arguments(
                        "SUB of a pixel's constant",
                        with(41, 28, NONE, (t, x) -> new int[] {x, constant(t, 3, 1)}, 1, 2, 3, 4)),
                arguments(
                        "MUL of a constant picture",
                        with(18, 21, NONE, (t, x) -> new int[] {x, constant(t, 1, 2, 3, 4)}, 1, 2, 3, 4)),
                arguments(
                        "DIV with a clamp",
                        with(
                                42,
                                29,
                                o -> o.addByte(0, (byte) 2, 0),
                                (t, x) -> new int[] {constant(t, 1), x},
                                1,
                                2,
                                3,
                                4)),
                arguments(
                        "SQUARED_DIFFERENCE",
                        with(99, 0, NONE, (t, x) -> new int[] {x, constant(t, 2, 3, 4)}, 1, 2, 3, 4)),
                arguments("PRELU", with(54, 0, NONE, (t, x) -> new int[] {x, constant(t, 1, 1, 4)}, 1, 2, 3, 4)),
                arguments("ARG_MAX", (Case) (t, x) -> {
                    int y = t.computed("y", INT32, 1, 2, 3);
                    t.operator(56, 0, NONE, y, x, list(t, -1));
                    return y;
                }),
                arguments("GELU", of(150, 116, NONE, 1, 2, 3, 4)),
                arguments("GELU by tanh", of(150, 116, o -> o.addBoolean(0, true, false), 1, 2, 3, 4)),
                arguments("HARD_SWISH", of(117, 0, NONE, 1, 2, 3, 4)),
                arguments("TANH", of(28, 0, NONE, 1, 2, 3, 4)),
                arguments("L2_NORMALIZATION", of(11, 0, NONE, 1, 2, 3, 4)),
                arguments("SPACE_TO_DEPTH", (Case) (t, x) -> {
                    int wide = t.computed("wide", FLOAT32, 1, 2, 6, 2);
                    int y = t.computed("y", FLOAT32, 1, 1, 3, 8);
                    t.operator(22, wide, x, list(t, 1, 2, 6, 2));
                    t.operator(26, 19, o -> o.addInt(0, 2, 0), y, wide);
                    return y;
                }),
                arguments(
                        "FULLY_CONNECTED of all", with(9, 8, NONE, (t, x) -> new int[] {x, constant(t, 2, 24)}, 1, 2)),
                arguments(
                        "FULLY_CONNECTED of each pixel",
                        with(
                                9,
                                8,
                                o -> o.addBoolean(2, true, false),
                                (t, x) -> new int[] {
                                    x, constant(t, 5, 4), t.stored("fb", FLOAT32, TinyTflite.floats(1, 2, 3, 4, 5), 5)
                                },
                                1,
                                2,
                                3,
                                5)),
                arguments(
                        "BATCH_MATMUL",
                        with(126, 101, o -> o.addBoolean(1, true, false), (t, x) -> new int[] {x, x}, 1, 2, 3, 3)),
                arguments("SPLIT", (Case) (t, x) -> {
                    int axis = t.stored("axis", INT32, TinyTflite.ints(3), 1);
                    int first = t.computed("first", FLOAT32, 1, 2, 3, 2);
                    int second = t.computed("second", FLOAT32, 1, 2, 3, 2);
                    int y = t.computed("y", FLOAT32, 1, 2, 3, 2);
                    t.operator(49, 35, o -> o.addInt(0, 2, 0), new int[] {first, second}, axis, x);
                    t.operator(42, 29, NONE, y, second, first);
                    return y;
                }));
    }

    /** A convolution that changes nothing makes planes of the picture; what follows must not be another for it. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("moves")
    void whatFollowsAConvolutionIsWhatItIsByItself(String name, Case made) throws IOException {
        float[] x = random(24);
        float[][] results = new float[2][];
        for (int planes = 0; planes < 2; planes++) {
            TinyTflite tiny = new TinyTflite();
            int read = tiny.computed("x", FLOAT32, 1, 2, 3, 4);
            int picture = read;
            if (planes == 1) {
                float[] same = new float[16];
                for (int i = 0; i < 4; i++) {
                    same[5 * i] = 1;
                }
                int w = tiny.stored("same", FLOAT32, TinyTflite.floats(same), 4, 1, 1, 4);
                picture = tiny.computed("picture", FLOAT32, 1, 2, 3, 4);
                tiny.operator(
                        CONV_2D,
                        1,
                        o -> {
                            o.addByte(0, (byte) 1, 0);
                            o.addInt(1, 1, 0);
                            o.addInt(2, 1, 0);
                        },
                        picture,
                        read,
                        w);
            }
            int y = made.apply(tiny, picture);
            FloatOutput out = result(open(tiny.inputs(read).outputs(y)), 1, x);
            Shape shape =
                    TfliteFile.read(folder.resolve("m.tflite")).tensors().get(y).shape();
            results[planes] = out.shape().equals(shape) ? out.values() : channelsLast(out.values(), out.shape());
        }
        assertClose(results[1], results[0]);
    }

    @Test
    void anOperatorThatIsNotKnownIsNamedAndTheModelIsWeightsOnly() throws IOException {
        TinyTflite tiny = new TinyTflite();
        int x = tiny.computed("x", FLOAT32, 1, 4);
        int w = tiny.stored("w", FLOAT32, TinyTflite.floats(new float[8]), 2, 4);
        int h = tiny.computed("h", FLOAT32, 1, 2);
        int y = tiny.computed("y", FLOAT32, 1, 2);
        tiny.operator(9, 8, NONE, h, x, w).operator(15, y, h).inputs(x).outputs(y);

        Model model = open(tiny);

        assertThat(model.graph()).isEmpty();
        assertThat(model.find(new TensorId("w")).orElseThrow().info().kind()).isEqualTo(TensorKind.WEIGHT);
        assertThat(model.notes())
                .containsExactly("this TensorFlow Lite model is not run here, so there are no activations and no"
                        + " accuracy, only weights: 1 operator is not known here: LSH_PROJECTION");
    }

    @Test
    void whatDoesNotFitTogetherIsSaidAndTheModelIsWeightsOnly() throws IOException {
        TinyTflite tiny = new TinyTflite();
        int x = tiny.computed("x", FLOAT32, 1, 4, 4, 2);
        int w = tiny.stored("w", FLOAT32, TinyTflite.floats(new float[2]), 1, 1, 1, 2);
        int y = tiny.computed("y", FLOAT32, 1, 4, 4, 1);
        tiny.operator(CONV_2D, y, x, w).inputs(x).outputs(y);

        assertThat(open(tiny).notes())
                .anySatisfy(n -> assertThat(n).endsWith("operator 0 (CONV_2D): the stride 0 is below 1"));
    }

    @Test
    void theBatchIsFreeUnlessSamplesArePutTogether() throws IOException {
        TinyTflite free = new TinyTflite();
        int x = free.computed("x", FLOAT32, 1, 6);
        int y = free.computed("y", FLOAT32, 1, 2, 3);
        free.operator(22, y, x, list(free, 1, 2, 3)).inputs(x).outputs(y);
        assertThat(open(free).graph().orElseThrow().inputs().getFirst().shape().orElseThrow())
                .containsExactly(-1L, 6L);

        TinyTflite together = new TinyTflite();
        int in = together.computed("x", FLOAT32, 1, 6);
        int rows = together.computed("rows", FLOAT32, 2, 3);
        together.operator(22, rows, in, list(together, 2, 3)).inputs(in).outputs(rows);
        assertThat(open(together)
                        .graph()
                        .orElseThrow()
                        .inputs()
                        .getFirst()
                        .shape()
                        .orElseThrow())
                .containsExactly(1L, 6L);
    }

    @Test
    void halvesBehindDequantizeAreWeightsOfTheFloatModel() throws IOException {
        TinyTflite tiny = new TinyTflite();
        int x = tiny.computed("x", FLOAT32, -1, 2);
        int half = tiny.stored("half", 1, new byte[] {0, 0x3c, 0, 0x40, 0, (byte) 0xb8, 0, 0x44}, 2, 2);
        int wide = tiny.computed("wide", FLOAT32, 2, 2);
        int y = tiny.computed("y", FLOAT32, -1, 2);
        tiny.operator(6, wide, half).operator(9, 8, NONE, y, x, wide).inputs(x).outputs(y);

        Model model = open(tiny);

        assertThat(run(model, 1, new float[] {1, 10})).containsExactly(21, 39.5f);
        assertThat(model.find(new TensorId("half")).orElseThrow().info().kind()).isEqualTo(TensorKind.WEIGHT);
        assertThat(model.find(new TensorId("half")).orElseThrow().data().toFloats())
                .containsExactly(1, 2, -0.5f, 4);
        assertThat(model.notes())
                .contains("1 tensor is stored as float16 and computed with as float32, as DEQUANTIZE does");
    }

    @Test
    void valuesOfSixteenBitsAndLayersThatRoundWhileTheyRunAreKnown() throws IOException {
        TinyTflite tiny = new TinyTflite();
        int x = tiny.grid("x", 7, 0.001f, 0, -1, 2);
        int w = tiny.quantized("w", INT8, new byte[] {100, -50}, new float[] {0.02f}, new long[1], 0, 1, 2);
        int y = tiny.grid("y", 7, 0.002f, 0, -1, 1);
        Model wide = open(tiny.operator(9, 8, NONE, y, x, w).inputs(x).outputs(y));
        assertThat(wide.own().orElseThrow().activations().get(new TensorId("y")).bits())
                .isEqualTo(16);
        assertThat(run(wide, 1, new float[] {1, 1})).containsExactly(100 * 0.02f - 50 * 0.02f);

        TinyTflite hybrid = new TinyTflite();
        int in = hybrid.computed("x", FLOAT32, -1, 2);
        int v = hybrid.quantized("w", INT8, new byte[] {100, -50}, new float[] {0.02f}, new long[1], 0, 1, 2);
        int out = hybrid.computed("y", FLOAT32, -1, 1);
        assertThat(open(hybrid.operator(9, 8, NONE, out, in, v).inputs(in).outputs(out))
                        .notes())
                .anySatisfy(n -> assertThat(n).startsWith("1 layer has weights of 8 bits and floats to multiply:"));
    }

    /** The grids of a quantized file are those that a fresh session quantizes with, for weights and for values. */
    @Test
    void gridsOfTheFileAreTakenOver() throws IOException {
        TinyTflite tiny = new TinyTflite();
        int x = tiny.computed("x", FLOAT32, -1, 3, 3, 2);
        int codes = tiny.grid("codes", INT8, 0.5f, 3, -1, 3, 3, 2);
        int depth = tiny.quantized(
                "depth",
                INT8,
                new byte[] {10, -20, 30, 40},
                new float[] {0.1f, 0.2f, 0.3f, 0.4f},
                new long[4],
                3,
                1,
                1,
                1,
                4);
        int made = tiny.grid("made", INT8, 0.25f, -128, -1, 3, 3, 4);
        int again = tiny.grid("again", INT8, 0.125f, -128, -1, 3, 3, 4);
        int y = tiny.computed("y", FLOAT32, -1, 3, 3, 4);
        tiny.operator(114, codes, x)
                .operator(
                        4,
                        2,
                        o -> {
                            o.addByte(0, (byte) 1, 0);
                            o.addInt(1, 1, 0);
                            o.addInt(2, 1, 0);
                            o.addByte(4, (byte) 1, 0);
                        },
                        made,
                        codes,
                        depth,
                        -1)
                .operator(114, again, made)
                .operator(6, y, again)
                .inputs(x)
                .outputs(y);

        Model model = open(tiny);
        SessionState state = SessionState.of(new FileRef(model.file(), "00"), model);

        assertThat(model.own().orElseThrow().activations().keySet())
                .extracting(TensorId::name)
                .containsExactlyInAnyOrder("x", "made", "again");
        assertThat(model.find(new TensorId("depth")).orElseThrow().info().shape())
                .isEqualTo(Shape.of(4, 1, 1, 1));
        assertThat(state.overrides().get(new TensorId("depth")).granularity()).isEqualTo(new Granularity.PerChannel(0));
        assertThat(state.overrides().keySet()).extracting(TensorId::name).contains("depth", "x", "made", "again");
        assertThat(run(model, 1, random(18))).hasSize(36);
    }
}
