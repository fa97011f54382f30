package org.quantscope.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.session.Questions.Role;
import org.quantscope.app.session.Settings;
import org.quantscope.core.io.Fingerprint;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.rewrite.ModelRewrite;
import org.quantscope.core.tensor.TensorId;

/** Which float model the window compares with, and what it says of one whose weights are no numbers. */
class OriginalTest {
    @TempDir
    private Path folder;

    private final RecordedNotices notices = new RecordedNotices();
    private final ChosenAnswers answers = new ChosenAnswers();
    private ApplicationContext context;

    private void open(Path... files) {
        context = ApplicationContext.of(
                Runnable::run, Runnable::run, new Settings(folder.resolve("config")), answers, notices);
        context.session().open(List.of(files));
    }

    private String reference() {
        return String.valueOf(context.bench().reference().orElseThrow().file().getFileName());
    }

    private double floatScore() {
        return context.accuracy().viewProperty().get().baseline().orElseThrow().floatScore();
    }

    /** Chooses a float model to compare with. */
    private void compareWith(Path model) {
        answers.reference = Optional.of(model);
        context.session().chooseReference();
    }

    @AfterEach
    void end() {
        context.close();
    }

    private Path changed(Path original, float factor, Map<String, String> metadata) throws IOException {
        Model model = ModelLoaders.open(original);
        TensorId weight = model.tensors().getFirst().id();
        ModelRewrite rewrite = new ModelRewrite(model);
        float[] values = model.tensors().getFirst().data().toFloats();
        int largest = IntStream.range(0, values.length)
                .reduce(0, (a, b) -> Math.abs(values[a]) >= Math.abs(values[b]) ? a : b);
        values[largest] *= factor;
        rewrite.values(weight, values);
        Path file = folder.resolve("changed.onnx");
        ModelRewrite.write(rewrite.model(), metadata, file, new CancelToken());
        return file;
    }

    @Test
    void aCorrectedFileIsComparedWithItsOriginal() throws IOException {
        Path original = Files.copy(SampleFiles.DIGITS, folder.resolve("original.onnx"));
        String sha256 = Fingerprint.sha256(original, new CancelToken());
        open(changed(
                original, 2, Map.of("quantscope.model_sha256", sha256, "quantscope.corrections", "bias-correction")));

        assertThat(notices.problems).isEmpty();
        assertThat(context.bench().reference().orElseThrow().file().getFileName())
                .hasToString("original.onnx");
        assertThat(context.bench().analysed().orElseThrow().file().getFileName())
                .hasToString("changed.onnx");
    }

    @Test
    void anotherFloatModelIsChosenUndoneSavedAndTakenBack() throws IOException {
        Path original = Files.copy(SampleFiles.DIGITS, folder.resolve("original.onnx"));
        // Without a hint at its original.
        Path model = changed(original, 3000, Map.of());
        open(model, SampleFiles.DIGITS_TEST);
        double own = floatScore();
        assertThat(reference()).isEqualTo("changed.onnx");

        compareWith(original);
        assertThat(reference()).isEqualTo("original.onnx");
        assertThat(floatScore()).isGreaterThan(own).isEqualTo(0.954, Offset.offset(0.001));
        assertThat(context.accuracy().readingProperty().get().orElseThrow().notes())
                .contains("The float figures are those of original.onnx.");
        assertThat(context.bench().undoTitleProperty().get()).isEqualTo("compare with original.onnx");
        context.bench().undo();
        assertThat(reference()).isEqualTo("changed.onnx");
        assertThat(floatScore()).isEqualTo(own);
        context.bench().redo();
        assertThat(floatScore()).isGreaterThan(own);

        Path session = folder.resolve("s.quantscope.json");
        answers.save = Optional.of(session);
        context.session().save();
        context.accuracy().compareWithItself();
        assertThat(reference()).isEqualTo("changed.onnx");
        context.close();
        open(session);
        assertThat(reference()).isEqualTo("original.onnx");
        assertThat(context.bench().dirtyProperty().get()).isFalse();
        assertThat(floatScore()).isGreaterThan(own);
        assertThat(notices.problems).isEmpty();

        // A session whose float model is gone and is not found by the person goes on without it, and says so.
        context.close();
        Files.delete(original);
        open(session);
        assertThat(answers.rolesAsked).containsExactly(Role.REFERENCE);
        assertThat(notices.problems)
                .containsExactly("without the float model to compare with: accuracy is compared with the model itself");
        assertThat(reference()).isEqualTo("changed.onnx");
        assertThat(context.bench().dirtyProperty().get()).isTrue();
    }

    @Test
    void aModelWithOtherInputsIsNoReferenceAndIsSaid() throws IOException {
        open(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST);
        compareWith(SampleFiles.FOLDER.resolve("fashion_lenet.onnx"));

        assertThat(notices.problems)
                .singleElement()
                .asString()
                .startsWith("fashion_lenet.onnx: reference: cannot be compared with digits_mlp.onnx: it");
        assertThat(reference()).isEqualTo("digits_mlp.onnx");
        assertThat(context.bench().canUndoProperty().get()).isFalse();
    }

    @Test
    void weightsThatAreNoNumbersAreSaidOnOpening() throws IOException {
        open(changed(SampleFiles.DIGITS, Float.NaN, Map.of()));

        assertThat(notices.problems)
                .anyMatch(said -> said.contains("holds 1 NaN among its ")
                        && said.endsWith(": no accuracy of this model means anything."));
    }
}
