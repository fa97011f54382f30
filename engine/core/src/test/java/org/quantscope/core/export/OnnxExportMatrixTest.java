package org.quantscope.core.export;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.ActivationCalibration;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.Quantizers;
import org.quantscope.core.rewrite.BatchNormFolding;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorKind;
import org.quantscope.core.verify.Verification;
import org.quantscope.core.verify.Verifier;
import org.quantscope.testkit.Breadth;

/**
 * An ONNX export in every type and granularity runs in ONNX Runtime and does what was evaluated here: of a model with matrices, and in a whole
 * run of one with depthwise convolutions and of a transformer. Of the other samples one export each does, in a usual run of those that differ
 * in kind.
 */
class OnnxExportMatrixTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final int SAMPLES = 16;

    @TempDir
    private Path folder;

    /**
     * A type of codes.
     *
     * @param activations empty if they stay float
     */
    private record Type(String name, QuantSpec weights, Optional<QuantSpec> activations) {}

    private static final QuantSpec W = QuantSpec.WEIGHTS;
    private static final QuantSpec A = QuantSpec.ACTIVATIONS;
    private static final List<Type> TYPES = List.of(
            new Type("int8", W, Optional.of(A.withSigned(true))),
            new Type("uint8", W.withSigned(false).withSymmetric(false), Optional.of(A)),
            new Type("int16", W.withBits(16), Optional.of(A.withBits(16).withSigned(true))),
            new Type("int4", W.withBits(4), Optional.of(A)),
            new Type("float8", Quantizers.byId("fp8_e4m3fn").adapt(W), Optional.empty()),
            new Type("float8 beside uint8", Quantizers.byId("fp8_e5m2").adapt(W), Optional.of(A)));
    private static final List<String> GRANULARITIES = List.of("tensor", "channel", "block:32");
    private static final String SMALL = "digits_mlp.onnx";
    private static final List<String> IN_EVERY_TYPE = List.of(SMALL, "fashion_mobilenet.onnx", "fashion_vit.onnx");

    /** Depthwise convolutions, attention, a network of language. */
    private static final List<String> OTHER_KINDS =
            List.of("fashion_mobilenet.onnx", "fashion_vit.onnx", "adder_gpt.onnx");

    static Stream<String> models() {
        return Breadth.of(List.of(SMALL), IN_EVERY_TYPE).stream();
    }

    static Stream<String> otherModels() throws IOException {
        try (Stream<Path> files = Files.list(Path.of(System.getProperty("quantscope.samples")))) {
            return files
                    .map(f -> f.getFileName().toString())
                    .filter(n -> n.endsWith(".onnx"))
                    .filter(n -> Breadth.of(OTHER_KINDS.contains(n), !IN_EVERY_TYPE.contains(n)))
                    .sorted()
                    .toList()
                    .stream();
        }
    }

    private static Dataset data(String model, String kind) throws IOException {
        String name = (model.startsWith("fashion") ? "fashion_mnist" : model.split("_")[0]) + "_" + kind + ".npz";
        return Datasets.open(Path.of(System.getProperty("quantscope.samples"), name))
                .limit(SAMPLES);
    }

    @ParameterizedTest
    @MethodSource("models")
    void everyTypeAndGranularityRunsInOnnxRuntime(String name) throws IOException {
        Model model = open(name);
        Map<TensorId, MomentSketch> seen = seen(model, name);
        Dataset test = data(name, "test");
        for (Type type : TYPES) {
            for (String granularity : GRANULARITIES) {
                run("onnx-qdq", plan(model, seen, type, granularity), test, name + " " + type.name + " " + granularity);
            }
        }
        for (int bits : new int[] {2, 4, 8}) {
            List<String> blocks = List.of("tensor", "block:32:" + axis(model));
            for (String granularity :
                    bits == 4 ? List.of("channel", "block:16:" + axis(model), "block:256:" + axis(model)) : blocks) {
                QuantSpec spec = W.withBits(bits)
                        .withSymmetric(bits != 8)
                        .withSigned(bits != 2)
                        .withGranularity(Granularity.parse(granularity));
                Map<TensorId, QuantParams> weights = weights(model, spec);
                ExportPlan plan = new ExportPlan(
                        model,
                        SessionState.of(new FileRef(model.file(), "0".repeat(64)))
                                .withWeights(Optional.of(spec)),
                        weights,
                        Map.of());
                Exporter exporter = Exporters.byId("onnx-matmulnbits");
                exporter.check(plan).stream()
                        .filter(p -> p.severity() == Severity.ERROR)
                        .forEach(p -> weights.remove(new TensorId(p.tensor())));
                assertThat(weights).as(name).isNotEmpty();
                run(
                        exporter.id(),
                        new ExportPlan(model, plan.state(), weights, Map.of()),
                        test,
                        name + " " + bits + " bits " + granularity);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("otherModels")
    void everySampleRunsInOnnxRuntime(String name) throws IOException {
        Model model = open(name);
        run("onnx-qdq", plan(model, seen(model, name), TYPES.getFirst(), "channel"), data(name, "test"), name);
    }

    private static Model open(String name) throws IOException {
        return BatchNormFolding.fold(ModelLoaders.open(Path.of(System.getProperty("quantscope.samples"), name)));
    }

    private static Map<TensorId, MomentSketch> seen(Model model, String name) throws IOException {
        return ActivationCalibration.run(model, data(name, "calibration"), Progress.NONE, NEVER)
                .sketches();
    }

    private static ExportPlan plan(Model model, Map<TensorId, MomentSketch> seen, Type type, String granularity) {
        Map<TensorId, QuantParams> activations = new HashMap<>();
        type.activations.ifPresent(spec -> seen.forEach((id, sketch) ->
                activations.put(id, RangeResolver.resolve(sketch, spec, NEVER).params())));
        QuantSpec spec = type.weights.withGranularity(Granularity.parse(granularity));
        return new ExportPlan(
                model,
                SessionState.of(new FileRef(model.file(), "0".repeat(64)))
                        .withWeights(Optional.of(spec))
                        .withActivations(type.activations),
                weights(model, spec),
                activations);
    }

    /** That of the sum in the last Gemm. */
    private static int axis(Model model) {
        return model.tensors().stream()
                .filter(t ->
                        t.info().kind() == TensorKind.WEIGHT && t.info().shape().rank() == 2)
                .mapToInt(t -> 1 - t.info().defaultAxis())
                .findFirst()
                .orElse(1);
    }

    private static Map<TensorId, QuantParams> weights(Model model, QuantSpec spec) {
        Map<TensorId, QuantParams> weights = new HashMap<>();
        for (Tensor t : model.tensors()) {
            if (t.info().kind() == TensorKind.WEIGHT) {
                weights.put(t.id(), RangeResolver.resolve(t, spec, NEVER).params());
            }
        }
        return weights;
    }

    private void run(String format, ExportPlan plan, Dataset test, String what) throws IOException {
        Exporter exporter = Exporters.byId(format);
        Path file = folder.resolve("out.onnx");
        if (format.equals("onnx-qdq")) {
            assertThat(exporter.check(plan))
                    .as(what)
                    .filteredOn(p -> p.severity() == Severity.ERROR)
                    .isEmpty();
        }
        List<Path> files = Exporters.export(exporter, plan, file, NEVER);
        Verification.Ran ran =
                (Verification.Ran) Verifier.verify(exporter, plan, files, Optional.of(test), Progress.NONE, NEVER)
                        .orElseThrow();
        assertThat(ran.asWritten().liveAgreement()).as(what).hasValue(1);
        assertThat(ran.asWritten().maxAbsLogitDiff()).as(what).isLessThan(1e-4);
        // A processor whose sums saturate is named, and nothing else.
        assertThat(Verifier.problems(exporter, ran))
                .as(what)
                .hasSize(ran.saturates() ? 1 : 0)
                .allSatisfy(p -> {
                    assertThat(p.severity()).isEqualTo(Severity.WARNING);
                    assertThat(p.why()).startsWith("this processor has no VNNI");
                });
    }
}
