package org.quantscope.linalg.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.Logits;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.InstrumentedGraph;
import org.quantscope.core.rewrite.ModelRewrite;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.testkit.TinyModels;

/** Each operator: its values are those of ONNX Runtime, its gradients those of finite differences. */
class GradientsTest {
    private static final int BATCH = 3;
    private static final float STEP = 1e-2f;

    @TempDir
    Path folder;

    /**
     * An operator behind a trained layer.
     *
     * @param shape of what it reads, without the batch; 48 values in all
     */
    private record Case(
            String name, int opset, int[] shape, List<NodeProto.Builder> nodes, List<TensorProto.Builder> stored) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Case of(String name, int[] shape, NodeProto.Builder node, TensorProto.Builder... stored) {
        return new Case(name, 13, shape, List.of(node), List.of(stored));
    }

    private static NodeProto.Builder op(String type, String... inputs) {
        return TinyModels.node(type, List.of(inputs), "y");
    }

    private static AttributeProto.Builder ints(String name, long... values) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.INTS)
                .addAllInts(Arrays.stream(values).boxed().toList());
    }

    private static AttributeProto.Builder number(String name, float value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.FLOAT)
                .setF(value);
    }

    private static TensorProto.Builder some(String name, long... dims) {
        int count = (int) Arrays.stream(dims).reduce(1, (a, b) -> a * b);
        Random random = new Random(name.hashCode());
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = 0.3f + 0.5f * random.nextFloat();
        }
        return TinyModels.floats(name, dims, values);
    }

    private static TensorProto.Builder longs(String name, long... values) {
        TensorProto.Builder tensor = TinyModels.empty(name, TensorProto.DataType.INT64_VALUE, values.length);
        Arrays.stream(values).forEach(tensor::addInt64Data);
        return tensor;
    }

    static Stream<Case> operators() {
        int[] flat = {48};
        int[] picture = {3, 4, 4};
        int[] rows = {6, 8};
        List<Case> all = new ArrayList<>();
        for (String type : List.of("Relu", "LeakyRelu", "HardSigmoid", "HardSwish", "Sigmoid", "Tanh", "Erf", "Neg")) {
            all.add(new Case(type, 14, flat, List.of(op(type, "h")), List.of()));
        }
        all.add(of("Exp", flat, op("Exp", "h")));
        all.add(new Case("Gelu", 20, flat, List.of(op("Gelu", "h")), List.of()));
        all.add(of(
                "Clip",
                flat,
                op("Clip", "h", "lo", "hi"),
                TinyModels.floats("lo", new long[0], -0.4f),
                TinyModels.floats("hi", new long[0], 0.5f)));
        all.add(of("Pow", flat, op("Pow", "h", "e"), TinyModels.floats("e", new long[0], 2)));
        all.add(of("Add of a row", rows, op("Add", "h", "c"), some("c", 6, 1)));
        all.add(of("Add of itself", rows, op("Add", "h", "h")));
        all.add(of("Sub", rows, op("Sub", "c", "h"), some("c", 8)));
        all.add(of("Mul", rows, op("Mul", "h", "c"), some("c", 1, 8)));
        all.add(of("Mul by itself", rows, op("Mul", "h", "h")));
        all.add(new Case(
                "Div", 13, rows, List.of(TinyModels.node("Exp", List.of("h"), "p"), op("Div", "h", "p")), List.of()));
        all.add(new Case(
                "Sqrt and Reciprocal",
                13,
                rows,
                List.of(
                        TinyModels.node("Exp", List.of("h"), "p"),
                        TinyModels.node("Sqrt", List.of("p"), "q"),
                        op("Reciprocal", "q")),
                List.of()));
        all.add(of(
                "Softmax of the last axis", rows, op("Softmax", "h").addAttribute(TinyModels.attribute("axis", -1))));
        all.add(of("Softmax of a middle axis", rows, op("Softmax", "h").addAttribute(TinyModels.attribute("axis", 1))));
        all.add(new Case("Softmax of operator set 11", 11, rows, List.of(op("Softmax", "h")), List.of()));
        all.add(of(
                "ReduceMean",
                picture,
                op("ReduceMean", "h")
                        .addAttribute(ints("axes", 2, -1))
                        .addAttribute(TinyModels.attribute("keepdims", 0))));
        all.add(of("ReduceSum", picture, op("ReduceSum", "h", "a"), longs("a", 1)));
        all.add(of("GlobalAveragePool", picture, op("GlobalAveragePool", "h")));
        all.add(of(
                "MaxPool",
                picture,
                op("MaxPool", "h")
                        .addAttribute(ints("kernel_shape", 3, 2))
                        .addAttribute(ints("strides", 2, 1))
                        .addAttribute(ints("pads", 1, 0, 1, 1))));
        all.add(of(
                "AveragePool",
                picture,
                op("AveragePool", "h")
                        .addAttribute(ints("kernel_shape", 3, 3))
                        .addAttribute(ints("strides", 2, 2))
                        .addAttribute(ints("pads", 1, 1, 1, 1))));
        all.add(of(
                "AveragePool with its padding",
                picture,
                op("AveragePool", "h")
                        .addAttribute(ints("kernel_shape", 3, 2))
                        .addAttribute(ints("pads", 1, 0, 0, 1))
                        .addAttribute(TinyModels.attribute("count_include_pad", 1))));
        all.add(new Case(
                "LayerNormalization",
                17,
                rows,
                List.of(op("LayerNormalization", "h", "g", "c")),
                List.of(some("g", 8), some("c", 8))));
        all.add(of(
                "BatchNormalization",
                picture,
                op("BatchNormalization", "h", "g", "c", "m", "v"),
                some("g", 3),
                some("c", 3),
                some("m", 3),
                some("v", 3)));
        all.add(of("Transpose", picture, op("Transpose", "h").addAttribute(ints("perm", 0, 3, 1, 2))));
        all.add(of("Flatten", picture, op("Flatten", "h")));
        all.add(of("Concat", rows, op("Concat", "h", "h").addAttribute(TinyModels.attribute("axis", 1))));
        all.add(new Case(
                "Split",
                13,
                rows,
                List.of(
                        TinyModels.node("Split", List.of("h"), "p", "q").addAttribute(TinyModels.attribute("axis", 1)),
                        op("Mul", "p", "q")),
                List.of()));
        all.add(of(
                "Slice",
                rows,
                op("Slice", "h", "from", "to", "axis", "step"),
                longs("from", -1, 1),
                longs("to", -6, 7),
                longs("axis", 1, 2),
                longs("step", -2, 3)));
        all.add(of(
                "Gather",
                rows,
                op("Gather", "h", "i").addAttribute(TinyModels.attribute("axis", 2)),
                longs("i", 3, -1, 3)));
        all.add(of("Expand", new int[] {48, 1}, op("Expand", "h", "to"), longs("to", 1, 48, 2)));
        all.add(of("Pad", picture, op("Pad", "h", "by"), longs("by", 0, 0, 1, 2, 0, 0, 0, 1)));
        all.add(of(
                "Conv",
                picture,
                op("Conv", "h", "k", "c").addAttribute(ints("pads", 1, 0, 1, 1)).addAttribute(ints("strides", 2, 1)),
                some("k", 5, 3, 3, 3),
                some("c", 5)));
        all.add(of(
                "Conv in groups",
                new int[] {4, 4, 3},
                op("Conv", "h", "k")
                        .addAttribute(TinyModels.attribute("group", 2))
                        .addAttribute(ints("dilations", 2, 1)),
                some("k", 6, 2, 2, 2)));
        all.add(of(
                "Conv depthwise",
                picture,
                op("Conv", "h", "k", "c")
                        .addAttribute(TinyModels.attribute("group", 3))
                        .addAttribute(ints("pads", 1, 1, 1, 1))
                        .addAttribute(ints("strides", 1, 2)),
                some("k", 3, 1, 3, 3),
                some("c", 3)));
        all.add(of(
                "Conv that pads by itself",
                picture,
                op("Conv", "h", "k")
                        .addAttribute(AttributeProto.newBuilder()
                                .setName("auto_pad")
                                .setType(AttributeProto.AttributeType.STRING)
                                .setS(com.google.protobuf.ByteString.copyFromUtf8("SAME_UPPER")))
                        .addAttribute(ints("strides", 2, 2)),
                some("k", 2, 3, 3, 3)));
        all.add(of(
                "Gemm",
                flat,
                op("Gemm", "h", "k", "c")
                        .addAttribute(TinyModels.attribute("transB", 1))
                        .addAttribute(number("alpha", 0.5f))
                        .addAttribute(number("beta", 2)),
                some("k", 7, 48),
                some("c", 7)));
        all.add(of("MatMul by a matrix", rows, op("MatMul", "h", "k"), some("k", 8, 5)));
        all.add(new Case(
                "MatMul of two values",
                13,
                rows,
                List.of(
                        TinyModels.node("Transpose", List.of("h"), "t").addAttribute(ints("perm", 0, 2, 1)),
                        op("MatMul", "h", "t")),
                List.of()));
        all.add(of("MatMul from a matrix", rows, op("MatMul", "k", "h"), some("k", 2, 6)));
        return all.stream();
    }

    private Model model(Case c) throws IOException {
        long[] shape = new long[c.shape.length + 1];
        shape[0] = -1;
        for (int i = 0; i < c.shape.length; i++) {
            shape[i + 1] = c.shape[i];
        }
        Random random = new Random(1);
        float[] weight = new float[64 * 48];
        for (int i = 0; i < weight.length; i++) {
            weight[i] = (float) random.nextGaussian() * 0.06f;
        }
        var graph = TinyModels.graph(
                        TinyModels.node("Gemm", List.of("x", "w"), "flat"),
                        TinyModels.node("Reshape", List.of("flat", "shape"), "h"))
                .setInput(0, TinyModels.value("x", -1, 64))
                .addInitializer(TinyModels.floats("w", new long[] {64, 48}, weight))
                .addInitializer(longs("shape", shape));
        c.nodes.forEach(graph::addNode);
        c.stored.forEach(graph::addInitializer);
        return Engine.open(
                Files.write(
                        folder.resolve("op.onnx"),
                        TinyModels.model(c.opset, graph).build().toByteArray()),
                false);
    }

    private static Dataset digits() throws IOException {
        return Datasets.open(Path.of(System.getProperty("quantscope.samples")).resolve("digits_calibration.npz"))
                .limit(BATCH);
    }

    @ParameterizedTest
    @MethodSource("operators")
    void valuesAreThoseOfTheRuntimeAndGradientsThoseOfDifferences(Case c) throws Exception {
        Model model = model(c);
        CancelToken cancel = new CancelToken();
        SampleFeed feed = SampleFeed.of(model, digits());
        SessionState state = SessionState.of(new FileRef(model.file(), "0".repeat(64)))
                .withWeights(Optional.of(QuantSpec.WEIGHTS.withBits(8).withGranularity(Granularity.CHANNEL)));
        ResolvedSettings settings = Engine.resolve(model, state, Progress.NONE, cancel);
        Network network =
                new NetworkBuilder(model, settings, feed, BATCH, new Rates(1e-3, 1e-3, 0, 0, 0, false), cancel).build();
        int[] samples = IntStream.range(0, BATCH).toArray();
        network.feed("x", feed.values("x", samples));

        float[] got = network.forward(cancel).clone();

        ModelRewrite rounded = new ModelRewrite(model);
        settings.weights()
                .forEach((id, params) ->
                        rounded.values(id, ErrorPass.fakeQuantize(model.find(id).orElseThrow(), params, cancel)));
        try (OrtModel loaded =
                OrtModel.load(InstrumentedGraph.plain(rounded.model()), "rounded", OrtModel.Options.DEFAULT)) {
            float[] wanted = Logits.of(loaded, rounded.model(), feed, samples, Map.of(), cancel)
                    .values();
            assertThat(got).hasSameSizeAs(wanted);
            for (int i = 0; i < got.length; i++) {
                assertThat(got[i]).isCloseTo(wanted[i], within(1e-5f + 1e-5f * Math.abs(wanted[i])));
            }
        }
        assertThat(checked(network.tape, network.operations)).isPositive();
    }

    /**
     * Compares the gradients of each operation with differences of what it computes.
     *
     * @return how many gradients were compared
     */
    private static int checked(Tape tape, List<Operation> operations) {
        int compared = 0;
        for (Operation operation : operations) {
            // The slope of a rounded value is 0 or endless: straight through is held elsewhere.
            if (operation instanceof WeightRange.Rounded) {
                continue;
            }
            Random random = new Random(7);
            List<float @Nullable []> given = new ArrayList<>();
            for (int v = 0; v < tape.size(); v++) {
                float[] gradient = tape.gradient(v);
                if (gradient != null) {
                    for (int i = 0; i < gradient.length; i++) {
                        gradient[i] = (float) random.nextGaussian();
                    }
                }
                given.add(gradient == null ? null : gradient.clone());
            }
            operation.backward(tape);
            for (int v = 0; v < tape.size(); v++) {
                float[] before = given.get(v);
                if (before == null || Arrays.equals(before, tape.gradient(v))) {
                    continue;
                }
                for (int k = 0; k < 12; k++) {
                    int i = random.nextInt(before.length);
                    float back = Objects.requireNonNull(tape.gradient(v))[i] - before[i];
                    double slope = slope(tape, operation, given, v, i, STEP);
                    // At a kink the differences on both sides disagree.
                    if (Math.abs(slope - slope(tape, operation, given, v, i, STEP / 4)) < 2e-2) {
                        assertThat((double) back)
                                .as(operation.getClass().getSimpleName())
                                .isCloseTo(slope, within(2e-2 + 1e-2 * Math.abs(slope)));
                        compared++;
                    }
                }
            }
        }
        return compared;
    }

    private static double slope(
            Tape tape, Operation operation, List<float @Nullable []> given, int v, int i, float step) {
        float old = tape.value(v)[i];
        tape.value(v)[i] = old + step;
        double more = loss(tape, operation, given, v);
        tape.value(v)[i] = old - step;
        double less = loss(tape, operation, given, v);
        tape.value(v)[i] = old;
        operation.forward(tape);
        return (more - less) / (2 * (double) step);
    }

    /** Σ gradient · value over all values but the one that is moved: only what the operation computes changes. */
    private static double loss(Tape tape, Operation operation, List<float @Nullable []> given, int moved) {
        operation.forward(tape);
        double sum = 0;
        for (int v = 0; v < tape.size(); v++) {
            float[] gradient = given.get(v);
            for (int i = 0; v != moved && gradient != null && i < gradient.length; i++) {
                sum += (double) gradient[i] * tape.value(v)[i];
            }
        }
        return sum;
    }

    @ParameterizedTest
    @MethodSource("layers")
    void anOperatorWithoutAGradientIsNamed(String type) throws Exception {
        Model model = model(of(type, new int[] {48}, op(type, "h").setName("the one")));
        assertThat(new Recover().obstacle(model))
                .hasValueSatisfying(why -> assertThat(why).contains(type).contains("the one"));
        assertThat(new Recover().obstacle(model(of("Relu", new int[] {48}, op("Relu", "h")))))
                .isEmpty();
    }

    static Stream<String> layers() {
        return Stream.of("Sin", "Round");
    }

    /** Of two ranges, by hand (LSQ, equations 2 and 3). */
    @org.junit.jupiter.api.Test
    void theGradientOfAScaleIsThatOfLsq() {
        Tape tape = new Tape();
        int in = tape.add(new float[] {0.26f, -0.9f, 0.1f, -0.24f}, true);
        int out = tape.add(4, true);
        var info = new org.quantscope.core.tensor.TensorInfo(
                new TensorId("w"),
                org.quantscope.core.tensor.TensorKind.WEIGHT,
                org.quantscope.core.tensor.DType.F32,
                org.quantscope.core.tensor.Shape.of(1, 4),
                java.util.OptionalInt.of(0),
                List.of());
        WeightRange range = new WeightRange(
                info,
                new org.quantscope.core.quant.QuantParams(
                        Granularity.TENSOR, new float[] {0.25f}, new int[] {0}, -1, 1),
                1e-2);
        Operation rounded = new WeightRange.Rounded(in, out, range);
        rounded.forward(tape);
        assertThat(tape.value(out)).containsExactly(0.25f, -0.25f, 0, -0.25f);
        Arrays.fill(Objects.requireNonNull(tape.gradient(out)), 1);

        rounded.backward(tape);

        assertThat(tape.gradient(in)).containsExactly(1, 0, 1, 1);
        // 1 − 1.04, −1 beyond the range, 0 − 0.4, −1 + 0.96.
        assertThat((double) range.gradient()[0]).isCloseTo(-0.04 - 1 - 0.4 - 0.04, within(1e-5));
    }
}
