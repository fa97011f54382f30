package org.quantscope.core.export;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.core.eval.MemoryData;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.verify.Verification;
import org.quantscope.core.verify.Verifier;

/** A QDQ model for TensorRT holds what its ONNX parser takes; the rest is told, with what to do. */
class TensorRtQdqTest {
    private static final Exporter EXPORTER = Exporters.byId("onnx-qdq");
    private static final Map<String, String> TENSORRT = Map.of("runtime", "tensorrt");
    private static final QuantSpec W = QuantSpec.WEIGHTS;
    private static final QuantSpec A = QuantSpec.ACTIVATIONS
            .withSigned(true)
            .withSymmetric(true)
            .withClip(new Clip.Manual(ClipRange.symmetric(1)));

    @TempDir
    private Path folder;

    private ExportPlan plan(QuantSpec weight, QuantSpec activation, Shape shape) throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", -1, shape.dim(0))
                .randomWeight("w", shape, -1, 1)
                .randomWeight("b", Shape.of(shape.dim(1)), -1, 1)
                .node("Gemm", List.of("x", "w", "b"), List.of("y"))
                .output("y", -1, shape.dim(1))
                .open(folder);
        SessionState state = SessionState.of(new FileRef(model.file(), "0".repeat(64)))
                .withActivations(Optional.of(activation))
                .withOverrides(Map.of(new TensorId("w"), weight));
        return TinyPlan.of(model, state);
    }

    static Stream<Arguments> refused() {
        Shape square = Shape.of(32, 32);
        return Stream.of(
                Arguments.of(
                        "unsigned codes", W, A.withSigned(false).withSymmetric(false), square, TENSORRT, "unsigned"),
                Arguments.of(
                        "a zero point",
                        W,
                        A.withSymmetric(false).withClip(new Clip.Manual(new ClipRange(0, 1))),
                        square,
                        TENSORRT,
                        "zero point is -128"),
                Arguments.of(
                        "a zero point of a weight",
                        W.withSymmetric(false).withClip(new Clip.Manual(new ClipRange(-8, 1))),
                        A,
                        square,
                        TENSORRT,
                        "zero point is 99"),
                Arguments.of("16 bits of an activation", W, A.withBits(16), square, TENSORRT, "16 bits"),
                Arguments.of("4 bits of an activation", W, A.withBits(4), square, TENSORRT, "4 bits"),
                Arguments.of("16 bits of a weight", W.withBits(16), A, square, TENSORRT, "16 bits"),
                Arguments.of("the other float8", Quantizers.byId("fp8_e5m2").adapt(W), A, square, TENSORRT, "fp8_e5m2"),
                Arguments.of(
                        "blocks of 8 bits",
                        W.withGranularity(new Granularity.PerBlock(0, 16)),
                        A,
                        square,
                        TENSORRT,
                        "blocks of 4 bits only"),
                Arguments.of(
                        "a part of a block",
                        W.withBits(4).withGranularity(new Granularity.PerBlock(0, 12)),
                        A,
                        square,
                        TENSORRT,
                        "not whole blocks of 12"),
                Arguments.of("an odd number of 4 bits", W.withBits(4), A, Shape.of(3, 3), TENSORRT, "even number"),
                Arguments.of(
                        "2 bits stored in 2",
                        W.withBits(2),
                        A,
                        square,
                        Map.of("runtime", "tensorrt", "two-bits", "int2"),
                        "stored in 2 bits"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("refused")
    void whatTheParserDoesNotTakeIsAnErrorAndItsRemedyHelps(
            String what, QuantSpec weight, QuantSpec activation, Shape shape, Map<String, String> options, String why)
            throws IOException {
        ExportPlan plan = plan(weight, activation, shape).withOptions(options);
        List<ExportProblem> problems = EXPORTER.check(plan);

        assertThat(problems).as(what).anySatisfy(p -> {
            assertThat(p.severity()).isEqualTo(Severity.ERROR);
            assertThat(p.why()).contains(why);
            assertThat(p.fix().isPresent() || p.remedy().contains("two-bits=int4"))
                    .isTrue();
        });
        ExportProblem first =
                problems.stream().filter(p -> p.why().contains(why)).findFirst().orElseThrow();
        first.fix().ifPresent(fix -> {
            ExportPlan fixed =
                    TinyPlan.of(plan.model(), fix.apply(plan.state())).withOptions(options);
            assertThat(EXPORTER.check(fixed))
                    .noneMatch(p -> p.tensor().equals(first.tensor()) && p.severity() == Severity.ERROR);
        });
        assertThat(EXPORTER.check(plan.withOptions(Map.of())))
                .as("ONNX Runtime takes it")
                .noneMatch(p -> p.severity() == Severity.ERROR);
    }

    static Stream<Arguments> taken() {
        return Stream.of(
                Arguments.of("int8", W),
                Arguments.of("int8 per channel", W.withGranularity(Granularity.CHANNEL)),
                Arguments.of("5 bits in 8", W.withBits(5)),
                Arguments.of("3 bits in 4", W.withBits(3)),
                Arguments.of("blocks of int4", W.withBits(4).withGranularity(new Granularity.PerBlock(0, 16))),
                Arguments.of("E4M3", Quantizers.byId("fp8_e4m3fn").adapt(W)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("taken")
    void aFileWithoutProblemsHasNothingThatTheParserRefuses(String what, QuantSpec weight) throws IOException {
        ExportPlan plan = plan(weight, A, Shape.of(32, 32)).withOptions(TENSORRT);
        Path file = folder.resolve("out.onnx");

        assertThat(EXPORTER.check(plan)).as(what).isEmpty();
        Exporters.export(EXPORTER, plan, file, new CancelToken());
        ModelProto model = ModelProto.parseFrom(Files.readAllBytes(file));
        assertThat(model.getOpsetImportList())
                .extracting(OperatorSetIdProto::getDomain)
                .doesNotContain("com.microsoft");
        assertThat(model.getGraph().getNodeList())
                .filteredOn(n -> n.getOpType().equals("DequantizeLinear"))
                .hasSize(3);
        for (TensorProto t : model.getGraph().getInitializerList()) {
            assertThat(TensorProto.DataType.forNumber(t.getDataType()))
                    .as(t.getName())
                    .isIn(
                            TensorProto.DataType.FLOAT,
                            TensorProto.DataType.INT8,
                            TensorProto.DataType.INT4,
                            TensorProto.DataType.FLOAT8E4M3FN);
            if (t.getName().endsWith("_zero_point")) {
                assertThat(t.getRawData().toByteArray()).as(t.getName()).containsOnly(0);
            }
        }
        OrtModel.load(Files.readAllBytes(file), what, new OrtModel.Options(1, false))
                .close();
    }

    /**
     * Averages of four codes that end halfway between two levels: which way they go must not depend on the order in which a
     * kernel adds. Any program that computes the nodes gives what was evaluated.
     */
    @Test
    void averagesAreMovedOffTheMiddleForTensorRtToo() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", -1, 1, 8, 8)
                .weight("w", Shape.of(1, 1, 1, 1), 0.5f)
                .node("Conv", List.of("x", "w"), List.of("c"))
                .node(
                        "AveragePool",
                        List.of("c"),
                        List.of("y"),
                        TinyOnnx.attribute("kernel_shape", 2, 2),
                        TinyOnnx.attribute("strides", 2, 2))
                .output("y", -1, 1, 4, 4)
                .open(folder);
        SessionState state = SessionState.of(new FileRef(model.file(), "0".repeat(64)))
                .withActivations(Optional.of(A.withBits(8).withClip(new Clip.Manual(ClipRange.symmetric(127f / 128)))));
        ExportPlan plan = TinyPlan.of(model, state).withOptions(TENSORRT);

        Verifier.Exported exported = Verifier.export(
                EXPORTER,
                plan,
                folder.resolve("out.onnx"),
                Optional.of(MemoryData.unlabelled(40, Shape.of(1, 8, 8))),
                Progress.NONE,
                new CancelToken());

        Verification.Ran ran = (Verification.Ran) exported.verified().orElseThrow();
        assertThat(Verifier.problems(EXPORTER, ran)).isEmpty();
        assertThat(ran.asWritten().maxAbsLogitDiff()).isZero();
        assertThat(ran.run().maxAbsLogitDiff()).isZero();
        assertThat(ModelProto.parseFrom(Files.readAllBytes(exported.files().getFirst()))
                        .getGraph()
                        .getNodeList())
                .filteredOn(n -> n.getOpType().equals("Sum"))
                .singleElement()
                .satisfies(n -> assertThat(n.getInputList()).hasSize(2));
    }

    @Test
    void theBiasThatOnnxRuntimeGetsInIntegersStaysFloat() throws IOException {
        ExportPlan plan = plan(W, A, Shape.of(4, 4));
        Path file = folder.resolve("out.onnx");
        Exporters.export(EXPORTER, plan, file, new CancelToken());
        assertThat(ModelProto.parseFrom(Files.readAllBytes(file)).getGraph().getInitializerList())
                .anyMatch(t -> t.getDataType() == TensorProto.DataType.INT32_VALUE);

        Exporters.export(EXPORTER, plan.withOptions(TENSORRT), file, new CancelToken());
        assertThat(ModelProto.parseFrom(Files.readAllBytes(file)).getGraph().getInitializerList())
                .anyMatch(t -> t.getName().equals("b") && t.getDataType() == TensorProto.DataType.FLOAT_VALUE);
    }
}
