package org.quantscope.core.export;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.ActivationCalibration;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.model.ModelLoaders;
import org.quantscope.core.onnx.BatchNormFolding;
import org.quantscope.core.onnx.TinyOnnx;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorKind;

class OnnxQdqExporterTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final Exporter EXPORTER = Exporters.byId("onnx-qdq");

    @TempDir
    private Path folder;

    private static Path sample(String name) {
        return Path.of(System.getProperty("quantscope.samples"), name);
    }

    private static ExportPlan plan(Model model, Map<TensorId, QuantParams> weights, Map<TensorId, QuantParams> activations) {
        return new ExportPlan(model, SessionState.of(new FileRef(model.file(), "0123abcd")), weights, activations);
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

    @ParameterizedTest
    @CsvSource({"fashion_lenet, tensor", "fashion_mobilenet, channel", "fashion_resnet, channel", "fashion_vit, tensor"})
    void theExportedFileDoesInOnnxRuntimeWhatTheLiveEvaluationDoes(String name, String granularity) throws IOException {
        Model model = BatchNormFolding.fold(ModelLoaders.open(sample(name + ".onnx")));
        Dataset calibration = Datasets.open(sample("fashion_mnist_calibration.npz")).limit(100);
        Map<TensorId, QuantParams> activations = new HashMap<>();
        ActivationCalibration.run(model, calibration, Progress.NONE, NEVER).sketches()
                .forEach((id, sketch) -> activations.put(id, RangeResolver.resolve(sketch, QuantSpec.ACTIVATIONS, NEVER).params()));
        Map<TensorId, QuantParams> weights = new HashMap<>();
        for (Tensor t : model.tensors()) {
            if (t.info().kind() == TensorKind.WEIGHT) {
                weights.put(t.id(), RangeResolver.resolve(t, QuantSpec.WEIGHTS.withGranularity(Granularity.parse(granularity)), NEVER).params());
            }
        }
        ExportPlan plan = plan(model, weights, activations);
        Path file = folder.resolve("out.onnx");

        assertThat(EXPORTER.check(plan)).isEmpty();
        assertThat(Exporters.export(EXPORTER, plan, file, NEVER)).containsExactly(file);
        QdqVerification.Verified verified = QdqVerification.verify(file, plan, Datasets.open(sample("fashion_mnist_test.npz")).limit(500), Progress.NONE, NEVER);

        assertThat(verified.samples()).isEqualTo(500);
        assertThat(verified.liveAgreement()).isGreaterThanOrEqualTo(0.998);
        assertThat(verified.floatAgreement()).isGreaterThan(0.98);
        assertThat(verified.accuracy().orElseThrow()).isGreaterThan(0.88);
        assertThat(verified.maxAbsLogitDiff()).isLessThan(0.5);
        // It also loads with the integer kernels that the nodes are there for.
        OrtModel.load(Files.readAllBytes(file), "out.onnx", OrtModel.Options.DEFAULT).close();
    }

    @Test
    void valuesAreStoredUnderTheNamesThatOnnxRuntimeUses() throws IOException {
        QuantParams w = new QuantParams(new Granularity.PerChannel(1), new float[] {0.25f, 0.5f}, new int[] {0, 0}, -127, 127);
        ModelProto out = written(plan(gemm(13, 1, -2), Map.of(id("w"), w), Map.of(id("x"), tensor(0.5f, 128, 0, 255), id("y"), tensor(0.25f, 0, 0, 255))));

        Map<String, TensorProto> stored = out.getGraph().getInitializerList().stream().collect(Collectors.toMap(TensorProto::getName, t -> t));
        assertThat(stored).containsOnlyKeys(
                "w_quantized", "w_scale", "w_zero_point", "b_quantized", "b_scale", "b_zero_point", "x_scale", "x_zero_point", "y_scale", "y_zero_point");
        assertThat(stored.get("w_quantized").getDataType()).isEqualTo(TensorProto.DataType.INT8_VALUE);
        assertThat(stored.get("w_quantized").getRawData().toByteArray()).containsExactly(4, -1, 1, 4);
        // Units of the bias: 0.5·0.25 and 0.5·0.5.
        assertThat(stored.get("b_quantized").getDataType()).isEqualTo(TensorProto.DataType.INT32_VALUE);
        assertThat(stored.get("b_quantized").getRawData().toByteArray()).containsExactly(8, 0, 0, 0, -8, -1, -1, -1);
        assertThat(stored.get("x_zero_point").getRawData().toByteArray()).containsExactly((byte) 128);
        assertThat(out.getGraph().getNodeList()).extracting(NodeProto::getName)
                .contains("w_DequantizeLinear", "b_DequantizeLinear", "x_QuantizeLinear", "x_DequantizeLinear", "y_QuantizeLinear", "y_DequantizeLinear")
                .doesNotContain("w_QuantizeLinear", "g_QuantizeLinear");
        assertThat(out.getGraph().getOutput(0).getName()).isEqualTo("y");
        assertThat(out.getMetadataPropsList()).anySatisfy(p -> {
            assertThat(p.getKey()).isEqualTo("quantscope.model_sha256");
            assertThat(p.getValue()).isEqualTo("0123abcd");
        });
        assertThat(out.getMetadataPropsList()).anyMatch(p -> p.getKey().equals("quantscope.version") && !p.getValue().isEmpty());
    }

    @Test
    void aBiasStaysFloatUnlessInputAndWeightAreQuantized() throws IOException {
        ModelProto out = written(plan(gemm(13, 1, -2), Map.of(id("w"), tensor(0.02f, 0, -127, 127)), Map.of()));

        assertThat(out.getGraph().getInitializerList()).extracting(TensorProto::getName).containsExactlyInAnyOrder("b", "w_quantized", "w_scale", "w_zero_point");
    }

    @Test
    void aBiasThatNeedsMoreThan32BitsStaysFloatWithAWarning() throws IOException {
        ExportPlan plan = plan(gemm(13, 1e6f, 1), Map.of(id("w"), tensor(1e-4f, 0, -127, 127)), Map.of(id("x"), tensor(1e-4f, 0, 0, 255)));

        assertThat(EXPORTER.check(plan)).singleElement().satisfies(p -> {
            assertThat(p.tensor()).isEqualTo("b");
            assertThat(p.severity()).isEqualTo(ExportProblem.Severity.WARNING);
            assertThat(p.why()).contains("32 bits");
        });
        assertThat(written(plan).getGraph().getInitializerList()).extracting(TensorProto::getName).contains("b").doesNotContain("b_quantized");
    }

    @Test
    void otherWidthsAreErrorsAndStayFloat() throws IOException {
        ExportPlan plan = plan(gemm(13, 1, 1), Map.of(id("w"), tensor(0.3f, 0, -7, 7)), Map.of(id("x"), tensor(0.1f, 0, 0, 65535)));

        assertThat(EXPORTER.check(plan)).extracting(ExportProblem::tensor).containsExactly("w", "x");
        assertThat(EXPORTER.check(plan)).extracting(ExportProblem::severity).containsOnly(ExportProblem.Severity.ERROR);
        assertThat(EXPORTER.check(plan).getFirst().why()).contains("4 bits");
        assertThat(written(plan).getGraph().getNodeList()).extracting(NodeProto::getOpType).containsExactly("Gemm", "Relu");
    }

    @Test
    void codebooksAndBlocksAreErrorsAndStayFloat() throws IOException {
        QuantParams codebook = QuantParams.ofCodebook(Granularity.TENSOR, new float[] {1}, new CodebookGrid(-1, 0, 1));
        QuantParams blocks = new QuantParams(new Granularity.PerBlock(0, 1), new float[] {1, 2, 3, 4}, new int[4], -127, 127);
        for (QuantParams params : List.of(codebook, blocks)) {
            ExportPlan plan = plan(gemm(13, 1, 1), Map.of(id("w"), params), Map.of());

            assertThat(EXPORTER.check(plan)).singleElement().extracting(ExportProblem::severity).isEqualTo(ExportProblem.Severity.ERROR);
            assertThat(written(plan).getGraph().getNodeList()).extracting(NodeProto::getOpType).containsExactly("Gemm", "Relu");
        }
    }

    @ParameterizedTest
    @CsvSource({"9, '', operator set 9", "10, w, axis 1"})
    void operatorSetsThatCannotSayItAreErrors(int opset, String tensor, String why) throws IOException {
        QuantParams perChannel = new QuantParams(new Granularity.PerChannel(1), new float[] {0.25f, 0.5f}, new int[] {0, 0}, -127, 127);

        assertThat(EXPORTER.check(plan(gemm(opset, 1, 1), Map.of(id("w"), perChannel), Map.of()))).singleElement().satisfies(p -> {
            assertThat(p.tensor()).isEqualTo(tensor);
            assertThat(p.severity()).isEqualTo(ExportProblem.Severity.ERROR);
            assertThat(p.why()).contains(why);
        });
    }

    @Test
    void operatorSetTenCarriesScalesPerTensor() throws IOException {
        ExportPlan plan = plan(gemm(10, 1, 1), Map.of(id("w"), tensor(0.02f, 0, -127, 127)), Map.of(id("x"), tensor(0.1f, 0, 0, 255)));

        assertThat(EXPORTER.check(plan)).isEmpty();
        written(plan);
        OrtModel.load(Files.readAllBytes(folder.resolve("out.onnx")), "out.onnx", OrtModel.Options.DEFAULT).close();
    }

    @Test
    void anActivationWhoseCodesEndBeforeTheTypeIsWarnedOf() throws IOException {
        assertThat(EXPORTER.check(plan(gemm(13, 1, 1), Map.of(), Map.of(id("x"), tensor(0.1f, 127, 0, 254)))))
                .singleElement()
                .satisfies(p -> assertThat(p.severity()).isEqualTo(ExportProblem.Severity.WARNING));
    }
}
