package org.quantscope.core.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.quantscope.core.rewrite.TinyOnnx.attribute;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.eval.MemoryData;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.integer.Arithmetic;
import org.quantscope.core.integer.ElementTrace;
import org.quantscope.core.integer.IntegerGraph;
import org.quantscope.core.integer.IntegerNetwork;
import org.quantscope.core.integer.IntegerTensor;
import org.quantscope.core.integer.OnnxIntegers;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

/** A network with a kernel of each kind, in our own whole numbers and in ONNX Runtime's. */
class IntegerEvaluationTest {
    private static final CancelToken NEVER = new CancelToken();

    @TempDir
    private Path folder;

    private Model model;

    @BeforeEach
    void build() throws IOException {
        TinyOnnx tiny = new TinyOnnx(13).input("x", -1, 3, 8, 8).output("y", -1, 5);
        tiny.randomWeight("w1", Shape.of(6, 3, 3, 3), -0.4f, 0.4f)
                .randomWeight("b1", Shape.of(6), -0.3f, 0.3f)
                .randomWeight("w2", Shape.of(6, 1, 3, 3), -0.5f, 0.5f)
                .randomWeight("w3", Shape.of(6, 6, 1, 1), -0.6f, 0.6f)
                .randomWeight("w4", Shape.of(5, 6), -0.7f, 0.7f)
                .randomWeight("b4", Shape.of(5), -0.3f, 0.3f);
        tiny.node(
                        "Conv",
                        List.of("x", "w1", "b1"),
                        List.of("c1"),
                        attribute("kernel_shape", 3, 3),
                        attribute("pads", 1, 1, 1, 1))
                .node("Relu", List.of("c1"), List.of("r1"))
                .node(
                        "MaxPool",
                        List.of("r1"),
                        List.of("p1"),
                        attribute("kernel_shape", 2, 2),
                        attribute("strides", 2, 2))
                .node(
                        "Conv",
                        List.of("p1", "w2"),
                        List.of("c2"),
                        attribute("kernel_shape", 3, 3),
                        attribute("pads", 1, 1, 1, 1),
                        attribute("group", 6))
                .node("Conv", List.of("c2", "w3"), List.of("c3"), attribute("kernel_shape", 1, 1))
                .node("Add", List.of("p1", "c3"), List.of("s"))
                .node("GlobalAveragePool", List.of("s"), List.of("g"))
                .node("Flatten", List.of("g"), List.of("f"))
                .node("Gemm", List.of("f", "w4", "b4"), List.of("y"), attribute("transB", 1));
        model = tiny.open(folder);
    }

    private ExportPlan plan(int bits) {
        QuantSpec weights = QuantSpec.WEIGHTS.withBits(bits).withGranularity(new Granularity.PerChannel(0));
        SessionState state = SessionState.of(new FileRef(model.file(), "0".repeat(64)))
                .withWeights(Optional.of(weights))
                .withActivations(Optional.of(QuantSpec.ACTIVATIONS));
        Map<TensorId, QuantParams> stored = new HashMap<>();
        for (String name : List.of("w1", "w2", "w3", "w4")) {
            stored.put(
                    new TensorId(name),
                    RangeResolver.resolve(model.find(new TensorId(name)).orElseThrow(), weights, NEVER)
                            .params());
        }
        Map<TensorId, QuantParams> computed = new LinkedHashMap<>();
        grid(computed, "x", 0.0241f, 127);
        grid(computed, "r1", 0.0173f, 0);
        grid(computed, "c2", 0.0207f, 118);
        grid(computed, "c3", 0.0301f, 131);
        grid(computed, "s", 0.0263f, 101);
        grid(computed, "g", 0.0113f, 97);
        grid(computed, "y", 0.0191f, 125);
        return new ExportPlan(model, state, stored, computed);
    }

    private static void grid(Map<TensorId, QuantParams> of, String name, float scale, int zeroPoint) {
        of.put(
                new TensorId(name),
                new QuantParams(Granularity.TENSOR, new float[] {scale}, new int[] {zeroPoint}, 0, 255));
    }

    @Test
    void asOnnxRuntimeIsBitForBitWhatItsKernelsCompute() throws IOException {
        Path file = Exporters.export(Exporters.byId("onnx-qdq"), plan(8), folder.resolve("q.onnx"), NEVER)
                .getFirst();
        IntegerNetwork network =
                new IntegerNetwork(OnnxIntegers.read(file, Arithmetic.ONNX_RUNTIME), Arithmetic.ONNX_RUNTIME);
        Random random = new Random(1);
        int rows = 20;
        float[] values = new float[rows * 3 * 8 * 8];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }

        IntegerTensor ours = network.run(List.of(network.quantized(0, new int[] {rows, 3, 8, 8}, values)))
                .getFirst();

        try (OrtModel runtime = OrtModel.loadOwn(file, OrtModel.Options.DEFAULT.withExactSums());
                NativeTensor x = NativeTensor.of(values, Shape.of(rows, 3, 8, 8), DType.F32)) {
            assertThat(ours.values())
                    .isEqualTo(runtime.run(Map.of("x", x), List.of("y"), NEVER)
                            .getFirst()
                            .values());
        }
    }

    @Test
    void forMicrocontrollersEveryValueInsideIsACodeFromMinus128() throws IOException {
        Path file = Exporters.export(Exporters.byId("onnx-qdq"), plan(8), folder.resolve("q.onnx"), NEVER)
                .getFirst();
        for (Arithmetic arithmetic : List.of(Arithmetic.TFLITE, Arithmetic.CMSIS_NN)) {
            IntegerGraph graph = OnnxIntegers.read(file, arithmetic);
            List<DType> made = graph.steps().stream()
                    .map(s -> graph.slots().get(s.output()).type())
                    .toList();

            assertThat(made.subList(0, made.size() - 1)).containsOnly(DType.I8);
            assertThat(made.getLast()).isEqualTo(DType.F32);
        }
    }

    @Test
    void accuracyAndFlipsAreSaidBesideFloatAndBesideTheSimulation() throws IOException {
        MemoryData data = new MemoryData(120, Shape.of(3, 8, 8), i -> i % 5);
        for (Arithmetic arithmetic : Arithmetic.values()) {
            IntegerEvaluation.Result result =
                    IntegerEvaluation.of(plan(8), arithmetic, data, Optional.empty(), Progress.NONE, NEVER);

            assertThat(result.besideFloat().isComplete()).isTrue();
            assertThat(result.besideFloat().seen()).isEqualTo(120);
            assertThat(result.besideSimulation().logitSqnrDb()).isGreaterThan(20);
            assertThat(result.flips())
                    .isEqualTo(120 - result.besideSimulation().agree().orElseThrow());
        }
    }

    @Test
    void anElementOfASampleIsTracedThroughTheLayerThatMakesIt() throws IOException {
        MemoryData data = new MemoryData(5, Shape.of(3, 8, 8), i -> i % 5);
        Path file = Exporters.export(Exporters.byId("onnx-qdq"), plan(8), folder.resolve("q.onnx"), NEVER)
                .getFirst();
        float[] values = new float[3 * 8 * 8];
        data.fill(new int[] {3}, values);
        for (Arithmetic arithmetic : Arithmetic.values()) {
            IntegerNetwork network = new IntegerNetwork(OnnxIntegers.read(file, arithmetic), arithmetic);
            float[] answer = network.run(List.of(network.quantized(0, new int[] {1, 3, 8, 8}, values)))
                    .getFirst()
                    .values();
            IntegerSample sample = IntegerSample.of(plan(8), arithmetic, data, 3, NEVER);

            assertThat(sample.elements(new TensorId("y"))).isEqualTo(5);
            for (int i = 0; i < 5; i++) {
                ElementTrace trace = sample.trace(new TensorId("y"), i).orElseThrow();
                assertThat(trace.value()).isEqualTo(answer[i]);
                assertThat(trace.terms()).hasSize(6);
                assertThat(trace.channel()).isEqualTo(i);
            }
            // In the corner of the picture 5 of 9 places are padding, and the Relu holds codes at its zero point.
            ElementTrace corner = sample.trace(new TensorId("r1"), 0).orElseThrow();
            assertThat(corner.padding()).isEqualTo(15);
            assertThat(corner.terms()).hasSize(12);
            assertThat(corner.least()).isEqualTo(corner.zeroPoint());
            // An addition has no products, and an input is made by no layer.
            assertThat(sample.elements(new TensorId("s"))).isEqualTo(6 * 16);
            assertThat(sample.trace(new TensorId("s"), 0)).isEmpty();
            assertThat(sample.trace(new TensorId("x"), 0)).isEmpty();
        }
    }

    @Test
    void whatCannotBeComputedInWholeNumbersIsNamedAndCounted() {
        assertThat(IntegerEvaluation.obstacles(plan(8))).isEmpty();
        assertThat(IntegerEvaluation.obstacles(plan(4)))
                .containsExactly("weights of 4 bits where the kernels take 8: w1 and 3 more");
        MemoryData data = new MemoryData(10, Shape.of(3, 8, 8), i -> i % 5);

        assertThatThrownBy(() ->
                        IntegerEvaluation.of(plan(4), Arithmetic.TFLITE, data, Optional.empty(), Progress.NONE, NEVER))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("as TFLite's built-in kernels: these settings are not computed in whole numbers")
                .hasMessageContaining("w1 and 3 more");
    }
}
