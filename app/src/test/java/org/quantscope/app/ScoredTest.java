package org.quantscope.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.accuracy.AccuracyState.Status;
import org.quantscope.app.accuracy.AccuracyViewModel;
import org.quantscope.core.eval.LiveEvaluator.Reading;
import org.quantscope.testkit.ArrayFiles;
import org.quantscope.testkit.TinyModels;

/** What of a model is scored, and against which labels, as a person changes it beside the accuracy. */
class ScoredTest {
    private static final float[] SAMPLES = {1, 0, 0, 1, -1, 0, 0, -1};

    @TempDir
    private Path folder;

    private HeldContext at;
    private AccuracyViewModel accuracy;

    @BeforeEach
    void open() {
        at = new HeldContext(folder);
        accuracy = at.context.accuracy();
    }

    @AfterEach
    void close() {
        at.close();
        assertThat(at.problems).isEmpty();
    }

    /** {@code y = x·w} has the classes 2, 2, 0, 0; {@code z = x·v} has 0, 1, 1, 0. */
    private Path model() throws IOException {
        var model = TinyModels.matMul();
        model.getGraphBuilder()
                .addNode(TinyModels.node("MatMul", List.of("x", "v"), "z"))
                .addInitializer(TinyModels.floats("v", new long[] {2, 3}, 3, 1, 2, 1, 3, 2))
                .addOutput(TinyModels.value("z", -1, 3));
        return Files.write(folder.resolve("two.onnx"), model.build().toByteArray());
    }

    private void data(long... labels) throws IOException {
        Path file = Files.write(
                folder.resolve("d.npz"),
                ArrayFiles.zip(
                        false,
                        Map.of(
                                "x.npy",
                                ArrayFiles.npy("<f4", "(4, 2)", ArrayFiles.f4(SAMPLES)),
                                "labels.npy",
                                ArrayFiles.npy("<i8", "(4,)", ArrayFiles.i8(labels)))));
        at.context.session().openModel(model());
        at.context.session().openEvaluationData(file);
    }

    private Reading reading() {
        return accuracy.readingProperty().get().orElseThrow();
    }

    private double floatScore() {
        assertThat(accuracy.viewProperty().get().status()).isEqualTo(Status.DONE);
        return accuracy.viewProperty().get().baseline().orElseThrow().score();
    }

    @Test
    void labelsNumberedFromOneAreScoredAfterOneClickAndUndoTakesItBack() throws IOException {
        data(3, 3, 1, 1);
        assertThat(reading().refusal()).isPresent();
        assertThat(accuracy.viewProperty().get().evaluation()).isEmpty();

        accuracy.adoptNumbers(reading().remedy().orElseThrow());
        assertThat(reading().refusal()).isEmpty();
        assertThat(floatScore()).isEqualTo(1);

        at.context.bench().undo();
        assertThat(reading().refusal()).isPresent();
        assertThat(accuracy.viewProperty().get().evaluation()).isEmpty();
    }

    @Test
    void anotherOutputIsScoredAfterOneChoiceAndUndoTakesItBack() throws IOException {
        data(2, 2, 0, 0);
        assertThat(reading().outputs()).containsExactlyInAnyOrder("y", "z");
        assertThat(reading().output()).isEqualTo("y");
        assertThat(floatScore()).isEqualTo(1);

        accuracy.scoreOutput(Optional.of("z"));
        assertThat(reading().output()).isEqualTo("z");
        assertThat(floatScore()).isEqualTo(0.25);

        at.context.bench().undo();
        assertThat(reading().output()).isEqualTo("y");
        assertThat(floatScore()).isEqualTo(1);
    }
}
