package org.quantscope.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.flipped.FlippedViewModel;
import org.quantscope.core.eval.SampleOutcomes.Outcome;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.quantscope.testkit.ArrayFiles;
import org.quantscope.testkit.TinyModels;

/** Samples with a class at each position, as the texts that the sidecar names the classes for. */
class FlippedTextsTest {
    private static final long TO_INT64 = 7;

    @TempDir
    private Path folder;

    /**
     * Token t of three becomes the class of row t of a matrix: a → a, b → b, c → b and d → d. With 2 bits the 0.6 and the
     * 0.9 of c are both one step, and it becomes a.
     */
    private Path model() throws IOException {
        var graph = TinyModels.graph(
                        TinyModels.node("Cast", List.of("x"), "t").addAttribute(TinyModels.attribute("to", TO_INT64)),
                        TinyModels.node("Gather", List.of("one", "t"), "e"),
                        TinyModels.node("MatMul", List.of("e", "w"), "y"))
                .addInitializer(
                        TinyModels.floats("one", new long[] {4, 4}, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1))
                .addInitializer(TinyModels.floats(
                        "w", new long[] {4, 4}, 1, 0, 0, 0, 0, 1, 0, 0, 0.6f, 0.9f, 0, 0, 0, 0, 0, 1));
        graph.setInput(0, TinyModels.value("x", -1, 3)).setOutput(0, TinyModels.value("y", -1, 3, 4));
        return Files.write(
                folder.resolve("m.onnx"), TinyModels.model(13, graph).build().toByteArray());
    }

    /** "acb" has the answer "bb" behind its first token, which is not scored; "ddd" has "dd". */
    private Path data(String... classes) throws IOException {
        Files.writeString(
                folder.resolve("d.dataset.json"),
                "{\"input\": \"x\", \"labels\": \"labels\", \"ignore_label\": -100, \"classes\": [\""
                        + String.join("\", \"", classes) + "\"]}");
        return Files.write(
                folder.resolve("d.npz"),
                ArrayFiles.zip(
                        false,
                        Map.of(
                                "x.npy",
                                ArrayFiles.npy("<f4", "(2, 3)", ArrayFiles.f4(0, 2, 1, 3, 3, 3)),
                                "labels.npy",
                                ArrayFiles.npy("<i8", "(2, 3)", ArrayFiles.i8(-100, 1, 1, -100, 3, 3)))));
    }

    private static List<String> texts(FlippedViewModel flipped, Outcome o) {
        return List.of(
                flipped.inputText(o).orElse("–"),
                flipped.labelled(o).orElse("–"),
                flipped.floatAnswer(o),
                flipped.quantizedAnswer(o));
    }

    private List<List<String>> flips(String... classes) throws IOException {
        try (HeldContext at = new HeldContext(folder.resolve("config"))) {
            at.context.session().open(List.of(model(), data(classes)));
            at.context.bench().apply(new Edit.SetWeights(Optional.of(QuantSpec.WEIGHTS.withBits(2))));
            FlippedViewModel flipped = at.context.flipped();
            flipped.setShowing(true);
            assertThat(at.problems).isEmpty();
            return flipped.viewProperty().get().found().orElseThrow().listed().samples().stream()
                    .map(o -> texts(flipped, o))
                    .toList();
        }
    }

    @Test
    void aFlipIsShownAsTheTextsOfItsPositions() throws IOException {
        assertThat(flips("a", "b", "c", "d")).containsExactly(List.of("acb", "bb", "bb", "ab"));
    }

    @Test
    void classesOfMoreThanALetterAreWordsAndWhatCannotBeSeenIsEscaped() throws IOException {
        assertThat(flips("up", "down\\u001b", "left", "right"))
                .containsExactly(List.of(
                        "up left down\\u001b", "down\\u001b down\\u001b", "down\\u001b down\\u001b", "up down\\u001b"));
    }
}
