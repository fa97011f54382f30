package org.quantscope.core.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.ActivationCalibration;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.metric.ErrorPass;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.BatchNormFolding;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorKind;
import org.quantscope.core.verify.Verification;
import org.quantscope.core.verify.Verifier;
import org.quantscope.testkit.Breadth;

class OnnxQdqExporterTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final Exporter EXPORTER = Exporters.byId("onnx-qdq");

    @TempDir
    private Path folder;

    private static Path sample(String name) {
        return Path.of(System.getProperty("quantscope.samples"), name);
    }

    private static ExportPlan plan(
            Model model, Map<TensorId, QuantParams> weights, Map<TensorId, QuantParams> activations) {
        SessionState state = SessionState.of(new FileRef(model.file(), "0123abcd"))
                .withActivations(Optional.of(QuantSpec.ACTIVATIONS));
        return new ExportPlan(model, state, weights, activations);
    }

    private static QuantParams tensor(float scale, int zeroPoint, int qmin, int qmax) {
        return new QuantParams(Granularity.TENSOR, new float[] {scale}, new int[] {zeroPoint}, qmin, qmax);
    }

    private static TensorId id(String name) {
        return new TensorId(name);
    }

    private ModelProto written(ExportPlan plan) throws IOException {
        Path file = folder.resolve("out.onnx");
        EXPORTER.write(plan, file, NEVER);
        return ModelProto.parseFrom(Files.readAllBytes(file));
    }

    private Model gemm(int opset, float... bias) throws IOException {
        return new TinyOnnx(opset)
                .input("x", -1, 2)
                .output("y", -1, 2)
                .weight("w", Shape.of(2, 2), 1, -0.5f, 0.25f, 2)
                .weight("b", Shape.of(2), bias)
                .node("Gemm", List.of("x", "w", "b"), List.of("g"))
                .node("Relu", List.of("g"), List.of("y"))
                .open(folder);
    }

    /** Name and granularity. */
    static Stream<Arguments> exported() {
        List<Arguments> few = List.of(arguments("fashion_lenet", "tensor"));
        List<Arguments> others = List.of(
                arguments("fashion_resnet", "channel"),
                arguments("fashion_mobilenet", "channel"),
                arguments("fashion_vit", "tensor"));
        return Stream.concat(few.stream(), Breadth.of(List.<Arguments>of(), others).stream());
    }

    @ParameterizedTest
    @MethodSource("exported")
    void theExportedFileDoesInOnnxRuntimeWhatTheLiveEvaluationDoes(String name, String granularity) throws IOException {
        Model model = BatchNormFolding.fold(ModelLoaders.open(sample(name + ".onnx")));
        Dataset calibration =
                Datasets.open(sample("fashion_mnist_calibration.npz")).limit(100);
        Map<TensorId, QuantParams> activations = new HashMap<>();
        ActivationCalibration.run(model, calibration, Progress.NONE, NEVER)
                .sketches()
                .forEach((id, sketch) -> activations.put(
                        id,
                        RangeResolver.resolve(sketch, QuantSpec.ACTIVATIONS, NEVER)
                                .params()));
        Map<TensorId, QuantParams> weights = new HashMap<>();
        for (Tensor t : model.tensors()) {
            if (t.info().kind() == TensorKind.WEIGHT) {
                weights.put(
                        t.id(),
                        RangeResolver.resolve(
                                        t, QuantSpec.WEIGHTS.withGranularity(Granularity.parse(granularity)), NEVER)
                                .params());
            }
        }
        ExportPlan plan = plan(model, weights, activations);
        Path file = folder.resolve("out.onnx");

        assertThat(EXPORTER.check(plan)).isEmpty();
        assertThat(Exporters.export(EXPORTER, plan, file, NEVER)).containsExactly(file);
        Verification.Ran ran = (Verification.Ran) Verifier.verify(
                        EXPORTER,
                        plan,
                        List.of(file),
                        Optional.of(
                                Datasets.open(sample("fashion_mnist_test.npz")).limit(500)),
                        Progress.NONE,
                        NEVER)
                .orElseThrow();

        Verification.Run verified = (Verification.Run) ran.judged();
        assertThat(verified.agrees()).isTrue();
        assertThat(ran.asWritten().agrees()).isTrue();
        assertThat(verified.samples()).isEqualTo(500);
        assertThat(verified.liveAgreement().orElseThrow()).isGreaterThanOrEqualTo(0.998);
        assertThat(verified.floatAgreement().orElseThrow()).isGreaterThan(0.98);
        assertThat(verified.accuracy().orElseThrow()).isGreaterThan(0.88);
        assertThat(verified.maxAbsLogitDiff()).isLessThan(0.5);
        // It also loads with the integer kernels that the nodes are there for.
        OrtModel.load(Files.readAllBytes(file), "out.onnx", OrtModel.Options.DEFAULT)
                .close();
    }

    @Test
    void valuesAreStoredUnderTheNamesThatOnnxRuntimeUses() throws IOException {
        QuantParams w =
                new QuantParams(new Granularity.PerChannel(1), new float[] {0.25f, 0.5f}, new int[] {0, 0}, -127, 127);
        ModelProto out = written(plan(
                gemm(13, 1, -2),
                Map.of(id("w"), w),
                Map.of(id("x"), tensor(0.5f, 128, 0, 255), id("y"), tensor(0.25f, 0, 0, 255))));

        Map<String, TensorProto> stored =
                out.getGraph().getInitializerList().stream().collect(Collectors.toMap(TensorProto::getName, t -> t));
        assertThat(stored)
                .containsOnlyKeys(
                        "w_quantized",
                        "w_scale",
                        "w_zero_point",
                        "b_quantized",
                        "b_scale",
                        "b_zero_point",
                        "x_scale",
                        "x_zero_point",
                        "y_scale",
                        "y_zero_point");
        assertThat(stored.get("w_quantized").getDataType()).isEqualTo(TensorProto.DataType.INT8_VALUE);
        assertThat(stored.get("w_quantized").getRawData().toByteArray()).containsExactly(4, -1, 1, 4);
        // Units of the bias: 0.5·0.25 and 0.5·0.5.
        assertThat(stored.get("b_quantized").getDataType()).isEqualTo(TensorProto.DataType.INT32_VALUE);
        assertThat(stored.get("b_quantized").getRawData().toByteArray()).containsExactly(8, 0, 0, 0, -8, -1, -1, -1);
        assertThat(stored.get("x_zero_point").getRawData().toByteArray()).containsExactly((byte) 128);
        assertThat(out.getGraph().getNodeList())
                .extracting(NodeProto::getName)
                .contains(
                        "w_DequantizeLinear",
                        "b_DequantizeLinear",
                        "x_QuantizeLinear",
                        "x_DequantizeLinear",
                        "y_QuantizeLinear",
                        "y_DequantizeLinear")
                .doesNotContain("w_QuantizeLinear", "g_QuantizeLinear");
        assertThat(out.getGraph().getOutput(0).getName()).isEqualTo("y");
        assertThat(out.getMetadataPropsList()).anySatisfy(p -> {
            assertThat(p.getKey()).isEqualTo("quantscope.model_sha256");
            assertThat(p.getValue()).isEqualTo("0123abcd");
        });
        assertThat(out.getMetadataPropsList())
                .anyMatch(p ->
                        p.getKey().equals("quantscope.version") && !p.getValue().isEmpty());
    }

    @Test
    void aBiasStaysFloatUnlessInputAndWeightAreQuantized() throws IOException {
        ModelProto out = written(plan(gemm(13, 1, -2), Map.of(id("w"), tensor(0.02f, 0, -127, 127)), Map.of()));

        assertThat(out.getGraph().getInitializerList())
                .extracting(TensorProto::getName)
                .containsExactlyInAnyOrder("b", "w_quantized", "w_scale", "w_zero_point");
    }

    @Test
    void aBiasThatNeedsMoreThan32BitsStaysFloat() throws IOException {
        QuantParams w = tensor(1e-4f, 0, -127, 127);
        ExportPlan free = plan(gemm(13, 1e6f, 1), Map.of(id("w"), w), Map.of(id("x"), tensor(1e-4f, 0, 0, 255)));
        // As it is, so that no scale is raised for the bias.
        ExportPlan plan = new ExportPlan(
                free.model(),
                free.state().withOverrides(Map.of(id("w"), QuantSpec.WEIGHTS.withClip(new Clip.Fixed(w)))),
                Map.of(id("w"), w),
                free.activations());

        assertThat(EXPORTER.check(plan)).isEmpty();
        assertThat(written(plan).getGraph().getInitializerList())
                .extracting(TensorProto::getName)
                .contains("b")
                .doesNotContain("b_quantized");
    }

    @Test
    void widthsThatNoTypeHasAreErrorsAndStayFloat() throws IOException {
        ExportPlan plan = plan(
                gemm(13, 1, 1), Map.of(id("w"), tensor(0.3f, 0, -4, 3)), Map.of(id("x"), tensor(0.1f, 0, 0, 1023)));

        assertThat(EXPORTER.check(plan)).singleElement().satisfies(p -> {
            assertThat(p.tensor()).isEqualTo("x");
            assertThat(p.severity()).isEqualTo(ExportProblem.Severity.ERROR);
            assertThat(p.why()).contains("10 bits");
            assertThat(p.fix()).isPresent();
        });
        ModelProto out = written(plan);
        assertThat(out.getGraph().getNodeList())
                .extracting(NodeProto::getOpType)
                .containsExactly("DequantizeLinear", "Sum", "Gemm", "Relu");
        assertThat(out.getGraph().getInitializerList()).anySatisfy(t -> {
            assertThat(t.getName()).isEqualTo("w_quantized");
            assertThat(t.getDataType()).as("INT4").isEqualTo(22);
            // 1, -0.5, 0.25 and 2 in steps of 0.3: 3, -2, 1 and 3 after clipping, the first in the low half of the
            // byte.
            assertThat(t.getRawData().toByteArray()).containsExactly(0xe3, 0x31);
        });
        assertThat(out.getOpsetImport(0).getVersion()).isEqualTo(21);
        assertThat(out.getIrVersion()).isGreaterThanOrEqualTo(10);
    }

    @Test
    void codebooksThatOnnxHasNoTypeForAreErrorsAndStayFloat() throws IOException {
        QuantParams codebook = QuantParams.ofCodebook(Granularity.TENSOR, new float[] {1}, new CodebookGrid(-1, 0, 1));
        ExportPlan plan = plan(gemm(13, 1, 1), Map.of(id("w"), codebook), Map.of());

        assertThat(EXPORTER.check(plan))
                .singleElement()
                .extracting(ExportProblem::severity)
                .isEqualTo(ExportProblem.Severity.ERROR);
        assertThat(written(plan).getGraph().getNodeList())
                .extracting(NodeProto::getOpType)
                .containsExactly("Gemm", "Relu");
    }

    @Test
    void blocksHaveTheirScalesInTheShapeOfTheWeight() throws IOException {
        QuantParams blocks =
                new QuantParams(new Granularity.PerBlock(0, 2), new float[] {1, 2}, new int[] {0, 3}, -127, 127);
        ModelProto out = written(plan(gemm(13, 1, 1), Map.of(id("w"), blocks), Map.of()));

        Map<String, TensorProto> stored =
                out.getGraph().getInitializerList().stream().collect(Collectors.toMap(TensorProto::getName, t -> t));
        assertThat(stored.get("w_scale").getDimsList()).containsExactly(1L, 2L);
        assertThat(stored.get("w_zero_point").getDimsList()).containsExactly(1L, 2L);
        NodeProto node = out.getGraph().getNode(0);
        assertThat(node.getAttributeList())
                .extracting(a -> a.getName() + "=" + a.getI())
                .containsExactly("axis=0", "block_size=2");
        assertThat(out.getOpsetImport(0).getVersion()).isEqualTo(21);
    }

    @Test
    void anOperatorThatKeepsTheOperatorSetFromBeingRaisedIsNamed() throws IOException {
        Model model = new TinyOnnx(11)
                .input("x", -1, 2)
                .output("y", -1, 2)
                .weight("w", Shape.of(2, 2), 1, -0.5f, 0.25f, 2)
                .node("MatMul", List.of("x", "w"), List.of("m"))
                .node("Softmax", List.of("m"), List.of("y"))
                .open(folder);
        QuantParams blocks = new QuantParams(new Granularity.PerBlock(0, 2), new float[] {1, 2}, new int[2], -8, 7);
        assertThat(EXPORTER.check(plan(model, Map.of(id("w"), blocks), Map.of())))
                .singleElement()
                .satisfies(p -> {
                    assertThat(p.severity()).isEqualTo(ExportProblem.Severity.ERROR);
                    assertThat(p.why()).contains("Softmax").contains("21");
                });

        ExportPlan perTensor =
                plan(model, Map.of(id("w"), tensor(0.3f, 0, -8, 7)), Map.of(id("x"), tensor(0.001f, 0, -32768, 32767)));
        assertThat(EXPORTER.check(perTensor))
                .as("ONNX Runtime's own operators can say it")
                .isEmpty();
        ModelProto out = written(perTensor);
        assertThat(out.getGraph().getNodeList())
                .extracting(n -> n.getDomain() + ":" + n.getOpType())
                .containsExactlyInAnyOrder(
                        "com.microsoft:DequantizeLinear",
                        "com.microsoft:QuantizeLinear",
                        "com.microsoft:DequantizeLinear",
                        ":MatMul",
                        ":Softmax",
                        ":Sum");
        OrtModel.load(Files.readAllBytes(folder.resolve("out.onnx")), "out.onnx", OrtModel.Options.DEFAULT)
                .close();
    }

    private static AttributeProto axes(long axis) {
        return AttributeProto.newBuilder()
                .setName("axes")
                .setType(AttributeProto.AttributeType.INTS)
                .addInts(axis)
                .build();
    }

    @Test
    void whatOldOperatorSetsSayInAttributesBecomesInputs() throws IOException {
        Model model = new TinyOnnx(10)
                .input("x", -1, 2, 1)
                .output("y", -1)
                .weight("w", Shape.of(2, 4), 1, -0.5f, 0.25f, 2, -3, 0.1f, 0.7f, 1)
                .node("Squeeze", List.of("x"), List.of("s"), axes(2))
                .node("MatMul", List.of("s", "w"), List.of("m"))
                .node("Clip", List.of("m"), List.of("c"), TinyOnnx.attribute("min", -1f), TinyOnnx.attribute("max", 1f))
                .node("Split", List.of("c"), List.of("left", "right"), TinyOnnx.attribute("axis", 1))
                .node("Sub", List.of("left", "right"), List.of("d"))
                .node("Dropout", List.of("d"), List.of("e"), TinyOnnx.attribute("ratio", 0.9f))
                .node("ReduceMean", List.of("e"), List.of("y"), axes(1), TinyOnnx.attribute("keepdims", 0))
                .open(folder);
        QuantParams blocks = new QuantParams(
                new Granularity.PerBlock(1, 2), new float[] {0.25f, 0.25f, 0.125f, 0.5f}, new int[4], -16, 15);
        ExportPlan plan = plan(model, Map.of(id("w"), blocks), Map.of());
        assertThat(EXPORTER.check(plan)).isEmpty();
        ModelProto out = written(plan);
        assertThat(out.getOpsetImport(0).getVersion()).isEqualTo(21);

        Tensor w = model.find(id("w")).orElseThrow();
        float[] quantized = ErrorPass.fakeQuantize(w, blocks, NEVER);
        float[] fed = {0.3f, -0.2f};
        try (OrtModel file = OrtModel.load(out.toByteArray(), "out.onnx", OrtModel.Options.DEFAULT);
                NativeTensor x = NativeTensor.of(fed, Shape.of(1, 2, 1), DType.F32)) {
            float[] m = new float[4];
            for (int i = 0; i < 4; i++) {
                m[i] = Math.clamp(fed[0] * quantized[i] + fed[1] * quantized[4 + i], -1f, 1f);
            }
            assertThat(file.run(Map.of("x", x), List.of("y"), NEVER).getFirst().values())
                    .containsExactly(new float[] {((m[0] - m[2]) + (m[1] - m[3])) / 2}, within(1e-6f));
        }
    }

    @Test
    void operatorSetsBeforeQuantizeLinearAreErrors() throws IOException {
        ExportPlan plan = plan(gemm(9, 1, 1), Map.of(id("w"), tensor(0.02f, 0, -127, 127)), Map.of());

        assertThat(EXPORTER.check(plan)).singleElement().satisfies(p -> {
            assertThat(p.tensor()).isEmpty();
            assertThat(p.severity()).isEqualTo(ExportProblem.Severity.ERROR);
            assertThat(p.why()).contains("operator set 9");
        });
    }

    @Test
    void operatorSetTenCarriesScalesPerTensor() throws IOException {
        ExportPlan plan = plan(
                gemm(10, 1, 1), Map.of(id("w"), tensor(0.02f, 0, -127, 127)), Map.of(id("x"), tensor(0.1f, 0, 0, 255)));

        assertThat(EXPORTER.check(plan)).isEmpty();
        written(plan);
        OrtModel.load(Files.readAllBytes(folder.resolve("out.onnx")), "out.onnx", OrtModel.Options.DEFAULT)
                .close();
    }

    @Test
    void anActivationWhoseCodesEndBeforeTheTypeIsWarnedOf() throws IOException {
        assertThat(EXPORTER.check(plan(gemm(13, 1, 1), Map.of(), Map.of(id("x"), tensor(0.1f, 127, 0, 254)))))
                .singleElement()
                .satisfies(p -> assertThat(p.severity()).isEqualTo(ExportProblem.Severity.WARNING));
    }
}
