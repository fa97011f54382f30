package org.quantscope.core.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.metric.ErrorPass;
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

/** Graphs whose names, outputs or element types get in the way of the nodes that a quantized file needs. */
class OnnxQdqWritingTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final QuantParams WEIGHT =
            new QuantParams(Granularity.TENSOR, new float[] {0.02f}, new int[] {0}, -127, 127);
    private static final QuantParams ACTIVATION =
            new QuantParams(Granularity.TENSOR, new float[] {0.05f}, new int[] {128}, 0, 255);
    private static final float[] W = {1, -0.5f, 0.25f, 2};
    private static final float[] X = {0.3f, -0.2f};

    @TempDir
    private Path folder;

    /** Exports the weight {@code w} and the activation {@code x}, and runs the file on {@link #X}. */
    private List<float[]> run(Model model, DType type, String... outputs) throws IOException {
        ExportPlan plan = new ExportPlan(
                model,
                SessionState.of(new FileRef(model.file(), "0123abcd"))
                        .withActivations(Optional.of(QuantSpec.ACTIVATIONS)),
                Map.of(new TensorId("w"), WEIGHT),
                Map.of(new TensorId("x"), ACTIVATION));
        Exporter exporter = Exporters.byId("onnx-qdq");
        assertThat(exporter.check(plan)).isEmpty();
        Path file = folder.resolve("out.onnx");
        exporter.write(plan, file, NEVER);
        try (OrtModel loaded = OrtModel.load(Files.readAllBytes(file), "out.onnx", OrtModel.Options.DEFAULT);
                NativeTensor x = NativeTensor.of(X, Shape.of(1, 2), type)) {
            return loaded.run(Map.of("x", x), List.of(outputs), NEVER).stream()
                    .map(o -> o.values())
                    .toList();
        }
    }

    private static float[] product(Model model) {
        float[] w = ErrorPass.fakeQuantize(model.find(new TensorId("w")).orElseThrow(), WEIGHT, NEVER);
        float[] x = new float[2];
        for (int i = 0; i < 2; i++) {
            x[i] = (float) Math.rint(X[i] / 0.05f) * 0.05f;
        }
        return new float[] {x[0] * w[0] + x[1] * w[2], x[0] * w[1] + x[1] * w[3]};
    }

    @Test
    void aWeightThatIsAGraphOutputKeepsItsName() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", -1, 2)
                .output("y", -1, 2)
                .output("w", 2, 2)
                .weight("w", Shape.of(2, 2), W)
                .node("MatMul", List.of("x", "w"), List.of("y"))
                .open(folder);

        List<float[]> out = run(model, DType.F32, "y", "w");

        assertThat(out.get(0)).containsExactly(product(model), within(1e-6f));
        assertThat(out.get(1))
                .containsExactly(
                        ErrorPass.fakeQuantize(model.find(new TensorId("w")).orElseThrow(), WEIGHT, NEVER), within(0f));
    }

    @Test
    void aModelThatUsesTheNamesOfTheNewNodesIsExported() throws IOException {
        // TinyOnnx names a node by its operator and its index.
        Model model = new TinyOnnx(13)
                .input("x", -1, 2)
                .output("y", -1, 2)
                .weight("w", Shape.of(2, 2), W)
                .declared("w_quantized", DType.F32, 7)
                .declared("x_QuantizeLinear_Output", DType.F32, 7)
                .node("MatMul", List.of("x", "w"), List.of("m"))
                .named("x_QuantizeLinear", "Identity", List.of("m"), List.of("w_scale"))
                .named("w_DequantizeLinear", "Identity", List.of("w_scale"), List.of("y"))
                .open(folder);

        assertThat(run(model, DType.F32, "y").getFirst()).containsExactly(product(model), within(1e-6f));
    }

    @Test
    void aHalfPrecisionModelIsExportedWithItsValuesInHalfPrecision() throws IOException {
        Model model = new TinyOnnx(13)
                .input("x", DType.F16, -1, 2)
                .output("y", DType.F16, -1, 2)
                .weight("w", DType.F16, Shape.of(2, 2), W)
                .node("MatMul", List.of("x", "w"), List.of("y"))
                .open(folder);

        assertThat(run(model, DType.F16, "y").getFirst()).containsExactly(product(model), within(1e-3f));
    }
}
