package org.quantscope.core.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.Engine;
import org.quantscope.core.eval.MemoryData;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.quant.RunRange;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.session.ActivationRanges;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.verify.Verification;
import org.quantscope.core.verify.Verifier;

/** Ranges that are found while the network runs: kept in the session, written to the one format that can hold them. */
class DynamicExportTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final MemoryData DATA = new MemoryData(40, Shape.of(2, 5, 5), i -> i % 4);
    private static final QuantSpec SAMPLE = QuantSpec.ACTIVATIONS.withClip(new Clip.Dynamic(true));

    @TempDir
    private Path folder;

    private Model model(int opset) throws IOException {
        return new TinyOnnx(opset)
                .input("x", -1, 2, 5, 5)
                .output("y", -1, 4)
                .randomWeight("w", Shape.of(3, 2, 3, 3), -0.4f, 0.4f)
                .randomWeight("b", Shape.of(3), -0.4f, 0.4f)
                .randomWeight("v", Shape.of(3, 4), -1, 1)
                .node("Conv", List.of("x", "w", "b"), List.of("c"))
                .node("Relu", List.of("c"), List.of("r"))
                .node("GlobalAveragePool", List.of("r"), List.of("p"))
                .node("Flatten", List.of("p"), List.of("f"))
                .node("MatMul", List.of("f", "v"), List.of("y"))
                .open(folder);
    }

    private static ExportPlan plan(Model model, QuantSpec activations) {
        SessionState state = SessionState.of(new FileRef(model.file(), "0123abcd".repeat(8)))
                .withActivations(Optional.of(activations));
        ResolvedSettings resolved = Engine.resolve(model, state, (a, b, c) -> {}, NEVER);
        return new ExportPlan(model, Session.of(state), resolved);
    }

    @Test
    void theFileComputesWhatWasEvaluatedBitForBit() throws IOException {
        for (int opset : new int[] {11, 13, 17}) {
            ExportPlan plan = plan(model(opset), SAMPLE);
            Exporter exporter = Exporters.byId(OnnxQdqExporter.ID);
            assertThat(exporter.check(plan)).isEmpty();
            Path file = folder.resolve("out.onnx");
            List<Path> files = exporter.write(plan, file, NEVER);

            Verification.Ran ran =
                    (Verification.Ran) Verifier.verify(exporter, plan, files, Optional.of(DATA), (a, b, c) -> {}, NEVER)
                            .orElseThrow();
            assertThat(ran.asWritten().maxAbsLogitDiff()).isZero();
            assertThat(ran.asWritten().figure().seen()).isEqualTo(40);
            // What is opened is the float model behind it.
            Model again = Engine.open(file, true);
            assertThat(again.graph().orElseThrow().nodes().stream()
                            .map(OnnxNode::opType)
                            .toList())
                    .containsExactly("Conv", "Relu", "GlobalAveragePool", "Flatten", "MatMul");
            assertThat(again.own().orElseThrow().said()).contains("activations quantized as they come");
            Files.delete(file);
        }
    }

    /** Whoever holds ranges of activations says that these are none. */
    @Test
    void everyOtherTargetNamesIt() throws IOException {
        ExportPlan plan = plan(model(13), SAMPLE);
        for (Exporter exporter : Exporters.all()) {
            boolean silent = exporter.loses().contains(Exporter.Field.ACTIVATIONS)
                    || List.of(OnnxQdqExporter.ID, "quantscope-json").contains(exporter.id());
            List<ExportProblem> named = exporter.check(plan).stream()
                    .filter(p -> p.tensor().equals("x") && p.why().contains("found while the network runs"))
                    .toList();
            assertThat(named).as(exporter.id()).hasSize(silent ? 0 : 1);
            named.forEach(p -> assertThat(p.severity()).isEqualTo(ExportProblem.Severity.ERROR));
        }
        ExportPlan tensorRt = plan.withOptions(Map.of("runtime", "tensorrt"));
        assertThat(Exporters.byId(OnnxQdqExporter.ID).check(tensorRt))
                .anySatisfy(p -> assertThat(p.why()).contains("found while the network runs, TensorRT takes"));
    }

    @Test
    void otherCodesThanThoseOfDynamicQuantizeLinearAreAProblem() throws IOException {
        Model model = model(13);
        for (QuantSpec spec :
                List.of(SAMPLE.withBits(4), SAMPLE.withSymmetric(true), SAMPLE.withSigned(true), SAMPLE.withBits(9))) {
            assertThat(Exporters.byId(OnnxQdqExporter.ID).check(plan(model, spec)))
                    .as(spec.toString())
                    .anySatisfy(p -> {
                        assertThat(p.tensor()).isEqualTo("x");
                        assertThat(p.severity()).isEqualTo(ExportProblem.Severity.ERROR);
                    });
        }
    }

    @Test
    void theSessionKeepsIt() throws IOException {
        Model model = model(13);
        Session session = Session.of(SessionState.of(new FileRef(model.file(), "0123abcd".repeat(8)))
                .withActivations(Optional.of(SAMPLE))
                .withOverride(new TensorId("r"), SAMPLE.withClip(new Clip.Dynamic(false))));
        Path file = folder.resolve("session.json");
        SessionFile.write(session, file);

        assertThat(SessionFile.read(file)).isEqualTo(session);
        Files.writeString(file, Files.readString(file).replace("\"batch\"", "\"day\""));
        assertThatThrownBy(() -> SessionFile.read(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("day")
                .hasMessageContaining("sample");
    }

    /** Without calibration data it can be used; with it, that shows a range to compare with. */
    @Test
    void theReferenceIsTheRangeOfTheCalibrationData() throws IOException {
        Model model = model(13);
        SessionState state = SessionState.of(new FileRef(model.file(), "0123abcd".repeat(8)))
                .withActivations(Optional.of(SAMPLE))
                .withWeights(Optional.empty());
        Calibration known = new Session(
                        state,
                        new ActivationRanges(Map.of(new TensorId("x"), new ClipRange(-1, 3)), Map.of(), Map.of()))
                .calibration();
        QuantParams params = Engine.resolve(model, state, known, (a, b, c) -> {}, NEVER)
                .activations()
                .get(new TensorId("x"));

        assertThat(params.runRange()).contains(new RunRange.Dynamic(true, false));
        assertThat(params.scale(0)).isEqualTo(4f / 255);
        QuantSpec weight = QuantSpec.WEIGHTS.withClip(new Clip.Dynamic(true));
        assertThatThrownBy(() ->
                        Engine.resolve(model, state.withWeights(Optional.of(weight)), known, (a, b, c) -> {}, NEVER))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("is for activations");
    }
}
