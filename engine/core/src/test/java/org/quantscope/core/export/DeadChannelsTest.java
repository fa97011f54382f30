package org.quantscope.core.export;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.verify.Verification;
import org.quantscope.core.verify.Verifier;
import org.quantscope.testkit.ArrayFiles;

/** A network of which training has left some channels dead, as pruning and weight decay do. */
class DeadChannelsTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final TensorId CONV = new TensorId("conv");
    private static final int CHANNELS = 8;
    private static final int SAMPLES = 32;
    /** What each channel of the first layer is multiplied with. */
    private static final float[] DEAD = {1, 1e-34f, 0, 1, 1e-9f, 1e-20f, 0.5f, 1};

    private static final float[] ALIVE = {1, 1, 1, 1, 1, 1, 1, 1};

    @TempDir
    private Path folder;

    private ExportPlan plan(float[] factors, Granularity granularity) throws IOException {
        var random = new Random(5);
        float[] conv = new float[CHANNELS * 2 * 3 * 3];
        for (int i = 0; i < conv.length; i++) {
            conv[i] = (float) random.nextGaussian() * factors[i / 18];
        }
        Model model = new TinyOnnx(13)
                .input("x", -1, 2, 5, 5)
                .output("y", -1, 4)
                .weight("conv", Shape.of(CHANNELS, 2, 3, 3), conv)
                .weight("bias", Shape.of(CHANNELS), 0.5f, 1, -1, 0, 1.5f, 2, 0, 0.25f)
                .randomWeight("fc", Shape.of(4, CHANNELS), -1, 1)
                .weight("fc.bias", Shape.of(4), 0.1f, -0.2f, 0.3f, 0)
                .node("Conv", List.of("x", "conv", "bias"), List.of("c"))
                .node("Relu", List.of("c"), List.of("r"))
                .node("GlobalAveragePool", List.of("r"), List.of("p"))
                .node("Flatten", List.of("p"), List.of("f"))
                .node("Gemm", List.of("f", "fc", "fc.bias"), List.of("y"), TinyOnnx.attribute("transB", 1L))
                .open(folder);
        Calibration seen = Calibration.of(Engine.observe(model, data(), (a, b, c) -> {}, NEVER));
        SessionState state = SessionState.of(new FileRef(model.file(), "0".repeat(64)))
                .withWeights(Optional.of(QuantSpec.WEIGHTS.withGranularity(granularity)))
                .withActivations(Optional.of(QuantSpec.ACTIVATIONS));
        ResolvedSettings resolved = Engine.resolve(model, state, seen, (a, b, c) -> {}, NEVER);
        return new ExportPlan(model, new Session(state, new Resolver().ranges(state, seen, NEVER)), resolved);
    }

    private Dataset data() throws IOException {
        var random = new Random(6);
        float[] x = new float[SAMPLES * 50];
        for (int i = 0; i < x.length; i++) {
            x[i] = random.nextFloat() * 2 - 0.5f;
        }
        Path file = folder.resolve("x.npz");
        Files.write(
                file,
                ArrayFiles.zip(
                        false, Map.of("x.npy", ArrayFiles.npy("<f4", "(" + SAMPLES + ", 2, 5, 5)", ArrayFiles.f4(x)))));
        return Datasets.open(file);
    }

    @Test
    void theirScalesAreTheSmallestThatEveryTargetTakes() throws IOException {
        ExportPlan plan = plan(DEAD, Granularity.CHANNEL);
        QuantParams p = plan.resolved().weights().get(CONV);

        assertThat(plan.resolved().raisedScales()).isEqualTo(Map.of(CONV, 4));
        for (int i = 0; i < CHANNELS; i++) {
            boolean dead = DEAD[i] < 0.1f;
            assertThat(p.scale(i)).as("channel " + i).isBetween(dead ? 3.9e-7f : 0.001f, dead ? 4e-7f : 0.1f);
        }
        assertThat(plan.encodings())
                .filteredOn(e -> e.id().equals(CONV))
                .singleElement()
                .satisfies(e -> assertThat(e.params()).isEqualTo(p));
        // Tensors that have them already, as the window measures them, are counted and left as they are.
        ResolvedSettings again =
                ResolvedSettings.of(plan.model(), plan.resolved().own());
        assertThat(again).isEqualTo(plan.resolved());
        assertThat(again.raisedScales()).isEqualTo(Map.of(CONV, 4));
        // A preview of the weight has them too.
        ResolvedSettings preview = plan.resolved()
                .with(
                        CONV,
                        new QuantParams(
                                p.granularity(),
                                new float[] {0.1f, 1e-36f, 1, 0.1f, 1e-11f, 1e-22f, 0.1f, 0.1f},
                                p.zeroPoints(),
                                p.qmin(),
                                p.qmax()));
        assertThat(preview.weights().get(CONV).scales())
                .containsExactly(0.1f, p.scale(1), p.scale(2), 0.1f, p.scale(4), p.scale(5), 0.1f, 0.1f);
    }

    /** Every format that is written takes them, and says that scales were raised. */
    @Test
    void noExportHasAnErrorForThem() throws IOException {
        ExportPlan dead = plan(DEAD, Granularity.CHANNEL);
        ExportPlan alive = plan(ALIVE, Granularity.CHANNEL);
        for (Exporter exporter : Exporters.all()) {
            List<ExportProblem> problems = Exporters.problems(exporter, dead);
            assertThat(errors(problems)).as(exporter.id()).isEqualTo(errors(Exporters.problems(exporter, alive)));
            boolean scales = !exporter.loses().contains(Exporter.Field.WEIGHTS)
                    && !exporter.loses().contains(Exporter.Field.SCALE);
            assertThat(problems.stream().anyMatch(p -> p.why().startsWith("4 scales of dead channels are raised")))
                    .as(exporter.id())
                    .isEqualTo(scales);
            if (errors(problems) == 0) {
                Path file = folder.resolve("out-" + exporter.id() + exporter.extension());
                Verifier.Exported exported =
                        Verifier.export(exporter, dead, file, Optional.of(data()), (a, b, c) -> {}, NEVER);
                assertThat(errors(exported.problems())).as(exporter.id()).isZero();
            }
        }
    }

    private static long errors(List<ExportProblem> problems) {
        return problems.stream().filter(p -> p.severity() == Severity.ERROR).count();
    }

    @Test
    void theExportedModelComputesWhatWasEvaluated() throws IOException {
        ExportPlan plan = plan(DEAD, Granularity.CHANNEL);
        Verifier.Exported exported = Verifier.export(
                Exporters.byId("onnx-qdq"),
                plan,
                folder.resolve("out.onnx"),
                Optional.of(data()),
                (a, b, c) -> {},
                NEVER);
        Verification.Ran ran = (Verification.Ran) exported.verified().orElseThrow();
        assertThat(ran.asWritten().agrees()).isTrue();
        assertThat(ran.judged())
                .isInstanceOfSatisfying(
                        Verification.Run.class, run -> assertThat(run.agrees()).isTrue());
        try (LiveEvaluator evaluator = Engine.evaluator(plan.model(), data())) {
            assertThat(evaluator
                            .evaluate(
                                    new EvalRequest(Optional.empty(), plan.weights(), plan.activations()),
                                    NEVER,
                                    e -> {})
                            .logitSqnrDb())
                    .isGreaterThan(30);
        }
    }

    /** A channel that is small and alive keeps its scale, unless a bias needs more. */
    @Test
    void smallChannelsKeepTheirScale() throws IOException {
        float[] small = {1, 1e-4f, 1e-5f, 1, 1, 1, 1, 1};
        ExportPlan plan = plan(small, Granularity.CHANNEL);

        assertThat(plan.resolved().raisedScales()).isEmpty();
        assertThat(plan.resolved().weights().get(CONV).scale(1)).isBetween(1e-7f, 1e-5f);
        // QNN widens ranges below 1e-4 by itself: the file has what it will use.
        List<ExportProblem> qnn = Exporters.problems(Exporters.byId("qnn-overrides"), plan);
        assertThat(qnn)
                .filteredOn(p -> p.why().contains("narrower"))
                .singleElement()
                .satisfies(p -> {
                    assertThat(p.severity()).isEqualTo(Severity.WARNING);
                    assertThat(p.why()).startsWith("1 of its 8 ranges is narrower than the 1.0E-4");
                    assertThat(p.fix()).isPresent();
                });
    }

    /** One scale for a tensor of next to nothing beside a bias of ordinary size. */
    @Test
    void aDeadTensorLeavesRoomForItsBias() throws IOException {
        float[] nothing = new float[CHANNELS];
        Arrays.fill(nothing, 1e-30f);
        ExportPlan plan = plan(nothing, Granularity.TENSOR);

        assertThat(plan.resolved().raisedScales()).isEqualTo(Map.of(CONV, 1));
        assertThat(errors(Exporters.problems(Exporters.byId("c-header"), plan))).isZero();
    }
}
