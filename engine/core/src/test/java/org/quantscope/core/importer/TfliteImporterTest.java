package org.quantscope.core.importer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tflite.TinyTflite;
import org.quantscope.testkit.ArrayFiles;

class TfliteImporterTest {
    @TempDir
    private Path folder;

    private Model floats() throws IOException {
        // The weight of the file, [3, 2], as [2, 3]; and one of another shape.
        return ModelLoaders.open(Files.write(
                folder.resolve("f.npz"),
                ArrayFiles.zip(
                        false,
                        Map.of(
                                "kernel.npy",
                                        ArrayFiles.npy(
                                                "<f4", "(2, 3)", ArrayFiles.f4(.11f, .62f, 1.5f, .2f, .79f, 1.8f)),
                                "other.npy", ArrayFiles.npy("<f4", "(4, 4)", ArrayFiles.f4(new float[16]))))));
    }

    @Test
    void gridsOfWeightsAreTakenOverWithTheAxesOfTheFloatModel() throws IOException {
        TinyTflite tiny = new TinyTflite();
        int x = tiny.computed("x", 0, 1, 2);
        int w = tiny.quantized(
                "w", 9, new byte[] {1, 2, 3, 4, 5, 6}, new float[] {.1f, .2f, .3f}, new long[] {0, 0, 0}, 0, 3, 2);
        tiny.operator(9, tiny.computed("y", 0, 1, 3), x, w);
        Path file = Files.write(folder.resolve("m.tflite"), tiny.build());

        Imported found = Importers.byId("tflite").read(file, floats(), new CancelToken());

        assertThat(found.unmatched()).isEmpty();
        assertThat(found.specs()).containsOnlyKeys(new TensorId("kernel"));
        assertThat(found.specs().get(new TensorId("kernel")).clip())
                .isEqualTo(new Clip.Fixed(new QuantParams(
                        new Granularity.PerChannel(1), new float[] {.1f, .2f, .3f}, new int[3], -128, 127)));
        assertThat(found.notes())
                .anySatisfy(n -> assertThat(n).startsWith("w is taken for kernel: their values agree"));
    }

    @Test
    void aFloatModelHasNothingToTakeOver() throws IOException {
        TinyTflite tiny = new TinyTflite();
        tiny.stored("w", 0, TinyTflite.floats(1, 2), 1, 2);
        Path file = Files.write(folder.resolve("m.tflite"), tiny.build());
        Model model = floats();

        assertThatThrownBy(() -> Importers.byId("tflite").read(file, model, new CancelToken()))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("is a float model: it has no grids to take over");
    }
}
