package org.quantscope.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.proof.ProofState;
import org.quantscope.app.proof.ProofViewModel;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;

/** What is found in a quantized file becomes settings of the float model, as one step. */
class TakeOverTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final Path FLOATS = SampleFiles.DIGITS.toAbsolutePath();

    @TempDir
    Path folder;

    private HeldContext at;
    private ProofViewModel proof;

    @BeforeEach
    void start() {
        at = new HeldContext(folder.resolve("config"));
        proof = new ProofViewModel(at.context.bench(), at.context.background(), at.context.session()::openModel);
    }

    @AfterEach
    void close() {
        at.close();
    }

    private ProofState view() {
        return proof.viewProperty().get();
    }

    /** The digits with weights of 5 bits per channel and activations of 8. */
    private Path twin() throws IOException {
        Model model = Engine.open(FLOATS, true);
        SessionState state = SessionState.of(new FileRef(FLOATS, "0".repeat(64)))
                .withWeights(Optional.of(QuantSpec.WEIGHTS.withBits(5).withGranularity(Granularity.CHANNEL)))
                .withActivations(Optional.of(QuantSpec.ACTIVATIONS));
        Calibration seen = Calibration.of(
                Engine.observe(model, Datasets.open(SampleFiles.DIGITS_TEST).limit(50), Progress.NONE, NEVER));
        Path out = folder.resolve("twin.onnx");
        Exporters.byId("onnx-qdq")
                .write(
                        new ExportPlan(
                                model, Session.of(state), Engine.resolve(model, state, seen, Progress.NONE, NEVER)),
                        out,
                        NEVER);
        return out;
    }

    @Test
    void anotherFileBesideTheOpenModelIsTakenOverInOneStep() throws IOException {
        Path twin = twin();
        at.context.session().openModel(FLOATS);
        SessionState before = at.state();
        proof.look();
        assertThat(view().verdict()).startsWith("Nothing is quantized");
        assertThat(view().take()).isEmpty();

        proof.lookAt(twin);
        assertThat(view().another()).isEqualTo("twin.onnx");
        assertThat(view().rows())
                .hasSize(3)
                .allMatch(r -> r.bits().equals("5") || r.bits().equals("8"));
        assertThat(view().rows()).noneMatch(r -> r.error().isEmpty());
        assertThat(view().take()).isEqualTo("Take over into digits_mlp.onnx");
        proof.takeOver();

        assertThat(view().taken())
                .startsWith("Taken over from twin.onnx: 3 weights, ")
                .endsWith(" activations; everything found its place.");
        at.context.bench().weights().forEach(w -> {
            QuantSpec spec = at.state().overrides().get(w.id());
            assertThat(spec.granularity()).isInstanceOf(Granularity.PerChannel.class);
            assertThat(((Clip.Fixed) spec.clip()).params().slices()).isGreaterThan(1);
        });
        assertThat(at.state().overrides()).hasSizeGreaterThan(3);
        at.context.bench().undo();
        assertThat(at.state()).isEqualTo(before);
    }

    @Test
    void theOriginalIsOpenedAndWhatFoundNoPlaceIsNamed() throws IOException {
        Path twin = twin();
        at.context.session().openModel(twin);
        proof.look();
        assertThat(view().another()).isEmpty();
        assertThat(view().take()).isEmpty();
        Path other = SampleFiles.FOLDER.resolve("fashion_lenet.onnx").toAbsolutePath();
        proof.beside(other);
        assertThat(view().take()).isEqualTo("Open fashion_lenet.onnx and take over");
        proof.beside(FLOATS);
        assertThat(view().take()).isEqualTo("Open digits_mlp.onnx and take over");
        proof.takeOver();

        assertThat(at.state().model().path()).isEqualTo(FLOATS);
        assertThat(view().another()).isEqualTo("twin.onnx");
        assertThat(view().taken()).startsWith("Taken over from twin.onnx: 3 weights, ");
        assertThat(at.state().overrides())
                .containsKey(at.context.bench().weights().getFirst().id());
        at.context.bench().undo();
        assertThat(at.context.bench().canUndoProperty().get()).isFalse();

        proof.lookAt(other);
        assertThat(view().take()).isEmpty();
        Path lenet = Files.copy(twin, folder.resolve("copy.onnx"));
        at.context.session().openModel(other);
        proof.lookAt(lenet);
        proof.takeOver();
        assertThat(view().taken())
                .startsWith("Taken over from copy.onnx: 0 weights, ")
                .contains(" found no place.");
        assertThat(view().lists().getFirst().title()).isEqualTo("Found no place");
        at.context
                .bench()
                .weights()
                .forEach(w -> assertThat(at.state().overrides()).doesNotContainKey(w.id()));
    }
}
