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
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.testkit.ArrayFiles;
import org.quantscope.testkit.TinyModels;

/** What is said beside the error of a tensor whose values or scales are not as they seem. */
class ErrorNotesTest {
    @TempDir
    private Path folder;

    private HeldContext at;

    @BeforeEach
    void start() {
        at = new HeldContext(folder.resolve("config"));
    }

    @AfterEach
    void end() {
        at.close();
    }

    private void open(com.google.protobuf.Message.Builder model) throws IOException {
        at.context
                .session()
                .openModel(Files.write(folder.resolve("m.onnx"), model.build().toByteArray()));
    }

    private void openMatMul(float... weight) throws IOException {
        var model = TinyModels.matMul();
        model.getGraphBuilder().setInitializer(0, TinyModels.floats("w", new long[] {2, 3}, weight));
        open(model);
    }

    private String notes() {
        return at.context.error().viewProperty().get().orElseThrow().notes();
    }

    @Test
    void deadChannelsHaveTheScaleThatIsWrittenAndItIsSaid() throws IOException {
        openMatMul(1, 0, 1e-34f, -2, 0, -1e-35f);
        assertThat(notes()).isEmpty();
        at.context
                .bench()
                .apply(new Edit.SetWeights(Optional.of(QuantSpec.WEIGHTS.withGranularity(Granularity.CHANNEL))));

        assertThat(notes())
                .isEqualTo("dead channels: 2 scales are raised to the smallest that every target takes, as in"
                        + " evaluation and exports");
        assertThat(at.measured().params())
                .isEqualTo(at.context
                        .export()
                        .planProperty()
                        .get()
                        .orElseThrow()
                        .resolved()
                        .weights()
                        .get(new TensorId("w")));
        assertThat(at.measured().params().scale(1)).isBetween(3.9e-7f, 4e-7f);
        assertThat(at.measured().params().scale(2))
                .isEqualTo(at.measured().params().scale(1));
    }

    /** Two of six weights lie beyond 2; the next levels of three bits are 2/3 apart. */
    @Test
    void aSentenceSaysWhatTheRangeDoesWhileItIsDragged() throws IOException {
        openMatMul(1, 2, 3, -1.9f, 4, -0.5f);
        at.context.bench().apply(new Edit.SetWeights(Optional.of(QuantSpec.WEIGHTS.withBits(3))));

        at.context.selected().preview(ClipRange.symmetric(2));

        assertThat(at.context.error().viewProperty().get().orElseThrow().sentences())
                .hasSize(2)
                .satisfies(said -> {
                    assertThat(said.getFirst()).contains("2 weights are cut off; they make 97 % of the error.");
                    assertThat(said.get(1)).startsWith("The levels are 0.667 apart; most weights lie within 5 steps");
                });
    }

    @Test
    void valuesThatAreNoNumbersAreCounted() throws IOException {
        openMatMul(1, Float.NaN, 3, Float.POSITIVE_INFINITY, 5, Float.NaN);

        assertThat(notes()).isEqualTo("2 NaN and 1 infinite values are left out");
        assertThat(at.problems).anyMatch(said -> said.contains("no accuracy of this model means anything"));
    }

    @Test
    void theShareOfMaskValuesIsSaidForTheActivationThatHasThem() throws IOException {
        var graph = TinyModels.graph(
                        TinyModels.node("Add", List.of("x", "mask"), "s"),
                        TinyModels.node("Softmax", List.of("s"), "p").addAttribute(TinyModels.attribute("axis", -1)),
                        TinyModels.node("MatMul", List.of("p", "w"), "y"))
                .addInitializer(TinyModels.floats("mask", new long[] {4}, 0, 0, -3.4e38f, 0))
                .addInitializer(TinyModels.floats("w", new long[] {4, 2}, 1, -1, 2, 1, 0.5f, 3, -2, 1));
        graph.setInput(0, TinyModels.value("x", -1, 4)).setOutput(0, TinyModels.value("y", -1, 2));
        open(TinyModels.model(13, graph));
        Path data = Files.write(
                folder.resolve("d.npz"),
                ArrayFiles.zip(
                        false,
                        Map.of("x.npy", ArrayFiles.npy("<f4", "(2, 4)", ArrayFiles.f4(1, 2, 3, 4, -1, 0, 1, 5)))));
        at.context
                .bench()
                .apply(new Edit.RelinkCalibrationData(
                        Optional.of(at.context.bench().keep(Datasets.open(data)))));
        at.context.activations().quantize(true);
        at.context.bench().select(new TensorId("s"));

        assertThat(notes()).isEqualTo("mask values: 25.0 %, left out; they become the last level");
    }
}
