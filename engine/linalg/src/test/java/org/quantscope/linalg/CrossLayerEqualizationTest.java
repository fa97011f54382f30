package org.quantscope.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.Engine;
import org.quantscope.core.correction.Correction;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.LogitChange;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.rewrite.ModelRewrite;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.testkit.TinyModels;

class CrossLayerEqualizationTest {
    @TempDir
    Path folder;

    @Test
    void oneClickTakesTheRescaledLenetFromCollapseToWithinHalfAPointOfFloat() throws Exception {
        Model model = SampleRun.open("fashion_lenet_unequalized");
        Dataset test = SampleRun.data("fashion_mnist_test", 10_000);
        Dataset none = SampleRun.data("fashion_mnist_calibration", 1);
        assertThat(SampleRun.evaluate(model, SampleRun.settings(model, 8, false, 0, none), test)
                        .score())
                .isCloseTo(0.10, within(0.001));

        Model equalized = SampleRun.equalize(model).model();

        var after = SampleRun.evaluate(equalized, SampleRun.settings(equalized, 8, false, 0, none), test);
        assertThat(after.total()).isEqualTo(10_000);
        assertThat(after.floatScore()).isCloseTo(0.9010, within(0.0002));
        assertThat(after.delta()).isGreaterThanOrEqualTo(-0.005);
    }

    @Test
    void whatJavaHasNoMemoryForIsSaidBeforeTheWork() throws Exception {
        Model model = SampleRun.open("fashion_lenet_unequalized");
        Correction.Input input = new Correction.Input(model, Map.of(), Optional.empty(), Optional.empty());

        assertThatThrownBy(
                        () -> new CrossLayerEqualization(() -> 100_000).apply(input, Progress.NONE, new CancelToken()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("memory: equalization of ")
                .hasMessageContaining("QUANTSCOPE_JAVA_OPTS=-Xmx");
    }

    static Stream<String> models() {
        return SampleRun.models().stream();
    }

    @ParameterizedTest
    @MethodSource("models")
    void theFloatFunctionOfEverySampleModelStaysTheSame(String name) throws Exception {
        Model model = SampleRun.open(name);
        Correction.Output output = SampleRun.equalize(model);
        assertThat(SampleRun.change(model, output.model(), SampleRun.data("fashion_mnist_test", 200)))
                .isLessThan(1e-4);
        assertThat(output.changed().isEmpty()).isEqualTo(name.equals("fashion_vit"));
    }

    @Test
    void afterwardsBothSidesOfEachChannelHaveTheSameRange() throws Exception {
        Model equalized =
                SampleRun.equalize(SampleRun.open("fashion_lenet_unequalized")).model();
        Tensor first = tensor(equalized, "c1.weight");
        Tensor second = tensor(equalized, "c2.weight");
        int channels = (int) first.info().shape().dim(0);
        float[] w1 = first.data().toFloats();
        float[] w2 = second.data().toFloats();
        int perOutput = w1.length / channels;
        int kernel = (int) second.info().shape().inner(1);
        for (int c = 0; c < channels; c++) {
            double r1 = 0;
            for (int i = 0; i < perOutput; i++) {
                r1 = Math.max(r1, Math.abs(w1[c * perOutput + i]));
            }
            double r2 = 0;
            for (int i = 0; i < w2.length; i++) {
                r2 = i / kernel % channels == c ? Math.max(r2, Math.abs(w2[i])) : r2;
            }
            assertThat(r1).isCloseTo(r2, within(0.03 * r2));
        }
    }

    @Test
    void theSameModelComesOutEveryTime() throws Exception {
        Model model = SampleRun.open("fashion_mobilenet");
        List<Tensor> a = SampleRun.equalize(model).model().tensors();
        List<Tensor> b = SampleRun.equalize(model).model().tensors();
        assertThat(b).hasSameSizeAs(a);
        for (int i = 0; i < a.size(); i++) {
            if (a.get(i).info().dtype().isFloating()) {
                assertThat(b.get(i).data().toFloats()).isEqualTo(a.get(i).data().toFloats());
            }
        }
    }

    @Test
    void aReluSixBecomesLimitsForEachChannel() throws Exception {
        Model model = SampleRun.open("fashion_mobilenet");
        Correction.Output output = SampleRun.equalize(model);
        assertThat(output.model().graph().orElseThrow().nodes())
                .noneMatch(n -> n.opType().equals("Clip"))
                .anyMatch(n -> n.opType().equals("Min"));
        Correction.Output skipped = new CrossLayerEqualization()
                .apply(
                        new Correction.Input(model, Map.of("clip", "skip"), Optional.empty(), Optional.empty()),
                        Progress.NONE,
                        new CancelToken());
        assertThat(skipped.kept()).anyMatch(s -> s.contains("clamps to the same range in every channel"));
        // The quantizer after such a layer stays after its last clamp.
        assertThat(output.model().graph().orElseThrow().activations())
                .hasSameSizeAs(model.graph().orElseThrow().activations());
    }

    /**
     * A network of layers of every kind with random weights, in which each channel is scaled by a random power of 2.
     */
    private static final class Net {
        private final GraphProto.Builder graph;
        private final Random random = new Random(7);

        Net(long[] input, long[] output, NodeProto.Builder... nodes) {
            graph = TinyModels.graph(nodes);
            graph.setInput(0, TinyModels.value("x", input)).setOutput(0, TinyModels.value("y", output));
        }

        Net weight(String name, long... dims) {
            float[] values = new float[(int) Arrays.stream(dims).reduce(1, (a, b) -> a * b)];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (random.nextGaussian() * Math.pow(2, (i * 7 % 11) - 5));
            }
            graph.addInitializer(TinyModels.floats(name, dims, values));
            return this;
        }

        Net values(String name, long[] dims, float... values) {
            graph.addInitializer(TinyModels.floats(name, dims, values));
            return this;
        }

        Net longs(String name, long... values) {
            ByteBuffer raw = ByteBuffer.allocate(values.length * 8).order(ByteOrder.LITTLE_ENDIAN);
            raw.asLongBuffer().put(values);
            graph.addInitializer(TinyModels.raw(name, 7, new long[] {values.length}, raw.array()));
            return this;
        }

        Model open(Path folder, int opset) throws Exception {
            Path file = folder.resolve("net.onnx");
            Files.write(file, TinyModels.model(opset, graph).build().toByteArray());
            return Engine.open(file, true);
        }
    }

    private static NodeProto.Builder node(String op, String out, String... in) {
        return TinyModels.node(op, List.of(in), out);
    }

    private static void assertSameFunctionAndChanged(Model model, String... weights) {
        Correction.Output output = SampleRun.equalize(model);
        assertThat(output.changed())
                .contains(Arrays.stream(weights).map(TensorId::new).toArray(TensorId[]::new));
        assertThat(LogitChange.largest(model, output.model(), Optional.empty(), Progress.NONE, new CancelToken())
                        .orElseThrow())
                .isLessThan(1e-5);
        assertThat(tensor(output.model(), weights[0]).data().toFloats())
                .isNotEqualTo(tensor(model, weights[0]).data().toFloats());
    }

    private static Tensor tensor(Model model, String name) {
        return model.find(new TensorId(name)).orElseThrow();
    }

    @Test
    void goesThroughPoolsAndAFlattenIntoAGemmWithOneFactorForEachGroupOfInputs() throws Exception {
        Model model = new Net(
                        new long[] {-1, 2, 8, 8},
                        new long[] {-1, 3},
                        node("Conv", "a", "x", "w1", "b1"),
                        node("Relu", "b", "a"),
                        node("MaxPool", "c", "b")
                                .addAttribute(ints("kernel_shape", 2, 2))
                                .addAttribute(ints("strides", 2, 2)),
                        node("Dropout", "d", "c"),
                        node("Reshape", "e", "d", "shape"),
                        node("Gemm", "y", "e", "w2", "b2").addAttribute(TinyModels.attribute("transB", 1)))
                .weight("w1", 4, 2, 3, 3)
                .weight("b1", 4)
                .weight("w2", 3, 36)
                .weight("b2", 3)
                .longs("shape", 0, -1)
                .open(folder, 13);
        assertSameFunctionAndChanged(model, "w1", "b1", "w2");
    }

    /**
     * Four channels of nine positions each: the constant added after the Flatten and the rows or columns of the Gemm
     * have the same factor for nine values in succession.
     */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void eachChannelsFactorIsThatOfItsRunOfFlattenedValues(boolean transposed) throws Exception {
        Model model = new Net(
                        new long[] {-1, 2, 5, 5},
                        new long[] {-1, 3},
                        node("Conv", "a", "x", "w1", "b1"),
                        node("Relu", "b", "a"),
                        node("Flatten", "c", "b"),
                        node("Add", "d", "c", "k"),
                        node("Relu", "e", "d"),
                        node("Gemm", "y", "e", "w2").addAttribute(TinyModels.attribute("transB", transposed ? 1 : 0)))
                .weight("w1", 4, 2, 3, 3)
                .weight("b1", 4)
                .weight("k", 36)
                .weight("w2", transposed ? 3 : 36, transposed ? 36 : 3)
                .open(folder, 13);
        assertSameFunctionAndChanged(model, "w1", "b1", "k", "w2");

        Model equalized = SampleRun.equalize(model).model();
        float[] before = tensor(model, "w1").data().toFloats();
        float[] w1 = tensor(equalized, "w1").data().toFloats();
        float[] w2 = tensor(equalized, "w2").data().toFloats();
        for (int c = 0; c < 4; c++) {
            double factor = (double) before[18 * c] / w1[18 * c];
            assertThat(factor).isNotCloseTo(1, within(0.01));
            double r1 = 0;
            for (int i = 18 * c; i < 18 * c + 18; i++) {
                assertThat((double) w1[i]).isCloseTo(before[i] / factor, within(1e-5 * Math.abs(before[i] / factor)));
                r1 = Math.max(r1, Math.abs(w1[i]));
            }
            double r2 = 0;
            for (int i = 9 * c; i < 9 * c + 9; i++) {
                for (int o = 0; o < 3; o++) {
                    r2 = Math.max(r2, Math.abs(w2[transposed ? 36 * o + i : 3 * i + o]));
                }
                double k = tensor(model, "k").data().toFloats()[i] / factor;
                assertThat((double) tensor(equalized, "k").data().toFloats()[i])
                        .as("k %d", i)
                        .isCloseTo(k, within(1e-5 * Math.abs(k)));
            }
            assertThat(r1).as("range of channel %d", c).isCloseTo(r2, within(0.03 * r2));
        }
    }

    @Test
    void goesThroughGroupedTransposedAndDepthwiseConvolutions() throws Exception {
        Model model = new Net(
                        new long[] {-1, 4, 6, 6},
                        new long[] {-1, 6},
                        node("Conv", "a", "x", "w1"),
                        node("Clip", "b", "a", "lo", "hi"),
                        node("Conv", "c", "b", "dw", "db").addAttribute(TinyModels.attribute("group", 4)),
                        node("LeakyRelu", "d", "c"),
                        node("ConvTranspose", "e", "d", "w2").addAttribute(TinyModels.attribute("group", 2)),
                        node("Relu", "f", "e"),
                        node("Conv", "g", "f", "w3").addAttribute(TinyModels.attribute("group", 2)),
                        node("Add", "h", "g", "k"),
                        node("GlobalAveragePool", "i", "h"),
                        node("Flatten", "j", "i"),
                        node("Gemm", "y", "j", "w4"))
                .weight("w1", 4, 4, 1, 1)
                .weight("dw", 4, 1, 3, 3)
                .weight("db", 4)
                .weight("w2", 4, 3, 3, 3)
                .weight("w3", 8, 3, 1, 1)
                .weight("k", 8, 1, 1)
                .weight("w4", 8, 6)
                .values("lo", new long[0], -1)
                .values("hi", new long[0], 3)
                .open(folder, 13);
        assertSameFunctionAndChanged(model, "w1", "dw", "db", "w2", "w3", "k", "w4");
    }

    @Test
    void goesThroughMatMulWithItsBiasBehindAndAClampOfAnOldOperatorSet() throws Exception {
        Model model = new Net(
                        new long[] {-1, 5},
                        new long[] {-1, 2},
                        node("MatMul", "a", "x", "w1"),
                        node("Add", "b", "k", "a"),
                        node("Clip", "c", "b").addAttribute(floating("min", 0)).addAttribute(floating("max", 6)),
                        node("MatMul", "d", "c", "w2"),
                        node("Relu", "e", "d"),
                        node("Gemm", "y", "e", "w3", "b3"))
                .weight("w1", 5, 6)
                .weight("k", 6)
                .weight("w2", 6, 4)
                .weight("w3", 4, 2)
                .weight("b3", 2)
                .open(folder, 9);
        assertSameFunctionAndChanged(model, "w1", "k", "w2", "w3");
    }

    @Test
    void aDeadChannelStaysAsItIs() throws Exception {
        Model model = new Net(
                        new long[] {-1, 2},
                        new long[] {-1, 1},
                        node("Gemm", "a", "x", "w1"),
                        node("Relu", "b", "a"),
                        node("Gemm", "y", "b", "w2"))
                .values("w1", new long[] {2, 3}, 0, 4, 1, 0, 2, 1)
                .values("w2", new long[] {3, 1}, 5, 1, 0)
                .open(folder, 13);
        Model equalized = SampleRun.equalize(model).model();
        assertThat(tensor(equalized, "w1").data().toFloats()).containsExactly(0, 2, 1, 0, 1, 1);
        assertThat(tensor(equalized, "w2").data().toFloats()).containsExactly(5, 2, 0);
    }

    @Test
    void saysWhyAPairIsNone() throws Exception {
        Model model = new Net(
                        new long[] {-1, 4},
                        new long[] {-1, 4},
                        node("Gemm", "a", "x", "w1"),
                        node("Relu", "b", "a"),
                        node("Gemm", "c", "b", "w2"),
                        node("Add", "d", "c", "b"),
                        node("Softmax", "e", "d"),
                        node("Gemm", "f", "x", "w3"),
                        node("Sigmoid", "g", "f"),
                        node("Mul", "h", "e", "g"),
                        node("Gemm", "y", "h", "w4"))
                .weight("w1", 4, 4)
                .weight("w2", 4, 4)
                .weight("w3", 4, 4)
                .weight("w4", 4, 4)
                .open(folder, 13);
        Correction.Output output = SampleRun.equalize(model);
        assertThat(output.changed()).isEmpty();
        assertThat(output.kept()).hasSize(4);
        assertThat(output.kept().get(0)).startsWith("w1: b is read by 2 nodes");
        assertThat(output.kept().get(1)).startsWith("w2: Add").contains("residual");
        assertThat(output.kept().get(2)).startsWith("w3: Sigmoid").contains("not linear");
        assertThat(output.kept().get(3)).startsWith("w4: y is an output of the model");
    }

    /**
     * After a MatMul the channels are the last dimension, where a pool expects positions. A Gemm with transposed input
     * reads samples as channels.
     */
    @Test
    void whatReadsAnotherAxisThanThatOfTheChannelsEndsAPair() throws Exception {
        Model pooled = new Net(
                        new long[] {2, 3, 5},
                        new long[] {2, 3, 2},
                        node("MatMul", "a", "x", "w1"),
                        node("MaxPool", "b", "a")
                                .addAttribute(ints("kernel_shape", 3))
                                .addAttribute(ints("pads", 1, 1)),
                        node("MatMul", "y", "b", "w2"))
                .weight("w1", 5, 4)
                .weight("w2", 4, 2)
                .open(folder, 13);
        Correction.Output output = SampleRun.equalize(pooled);
        assertThat(output.changed()).isEmpty();
        assertThat(output.kept().getFirst()).startsWith("w1: MaxPool").contains("mixes channels");

        Model turned = new Net(
                        new long[] {4, 5},
                        new long[] {4, 3},
                        node("Gemm", "a", "x", "w1"),
                        node("Relu", "b", "a"),
                        node("Gemm", "y", "b", "w2").addAttribute(TinyModels.attribute("transA", 1)))
                .weight("w1", 5, 4)
                .weight("w2", 4, 3)
                .open(folder, 13);
        output = SampleRun.equalize(turned);
        assertThat(output.changed()).isEmpty();
        assertThat(output.kept().getFirst()).isEqualTo("w1: w2 transposes what it reads");
    }

    @Test
    void aCancelledRunEndsAsCancelled() throws Exception {
        Model model = SampleRun.open("fashion_lenet");
        CancelToken cancel = new CancelToken();
        cancel.cancel();
        var input = new Correction.Input(model, Map.of(), Optional.empty(), Optional.empty());
        assertThatThrownBy(() -> new CrossLayerEqualization().apply(input, Progress.NONE, cancel))
                .isInstanceOf(CancellationException.class);
    }

    @Test
    void anOptionOutOfRangeIsNamed() throws Exception {
        var input = new Correction.Input(
                SampleRun.open("fashion_lenet"), Map.of("sweeps", "0"), Optional.empty(), Optional.empty());
        assertThatThrownBy(() -> new CrossLayerEqualization().apply(input, Progress.NONE, new CancelToken()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("cross-layer-equalization.sweeps")
                .hasMessageContaining("got 0");
    }

    @Test
    void aWrittenModelReadsBackWithTheCorrectedWeightsAndSaysWhereItIsFrom() throws Exception {
        Model equalized =
                SampleRun.equalize(SampleRun.open("fashion_mobilenet")).model();
        Path file = folder.resolve("equalized.onnx");
        ModelRewrite.write(
                equalized, Map.of("quantscope.corrections", "cross-layer-equalization"), file, new CancelToken());
        Model read = Engine.open(file, false);
        for (Tensor t : equalized.tensors()) {
            assertThat(tensor(read, t.id().name()).data().toFloats())
                    .isEqualTo(t.data().toFloats());
        }
        assertThat(Files.readString(file, StandardCharsets.ISO_8859_1))
                .contains("quantscope.corrections")
                .contains("cross-layer-equalization");
    }

    private static AttributeProto.Builder ints(String name, long... values) {
        var a = AttributeProto.newBuilder().setName(name).setType(AttributeProto.AttributeType.INTS);
        for (long v : values) {
            a.addInts(v);
        }
        return a;
    }

    private static AttributeProto.Builder floating(String name, float value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.FLOAT)
                .setF(value);
    }
}
