package org.quantscope.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
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
    private ApplicationContext context;

    private void open(Path model) {
        context = ApplicationContext.of(
                Runnable::run, Runnable::run, new Settings(folder.resolve("config")), new ChosenAnswers(), notices);
        context.session().openModel(model);
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
        values[0] *= factor;
        rewrite.values(weight, values);
        Path file = folder.resolve("changed.onnx");
        ModelRewrite.write(rewrite.model(), metadata, file);
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
    void weightsThatAreNoNumbersAreSaidOnOpening() throws IOException {
        open(changed(SampleFiles.DIGITS, Float.NaN, Map.of()));

        assertThat(notices.problems)
                .anyMatch(said -> said.contains("holds 1 NaN among its ")
                        && said.endsWith(": no accuracy of this model means anything."));
    }
}
