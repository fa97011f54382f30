package org.quantscope.core.export;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.io.ProductVersion;
import org.quantscope.core.job.CancelToken;

/** The text of each format for a tiny model, byte for byte. What was written in place of a golden is left in target/goldens. */
class GoldenExportsTest {
    private static final Path GOLDENS = Path.of(
            System.getProperty("quantscope.root"), "engine/core/src/test/resources/org/quantscope/core/export/golden");
    private static final Path WRITTEN = Path.of(System.getProperty("quantscope.root"), "engine/core/target/goldens");

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "quantscope-json",
                "tensorrt-cache",
                "aimet-0.6.1",
                "aimet-1.0.0",
                "aimet-2.0.0",
                "qnn-overrides",
                "litert",
                "pt2e",
                "nncf",
                "llama-tensor-types",
                "model-explorer",
                "c-header"
            })
    void theFilesAreThose(String id) throws IOException {
        Exporter exporter = Exporters.byId(id);
        ExportPlan plan = TinyPlan.of(folder);
        Path target = folder.resolve(id + exporter.extension());
        // The cache of TensorRT takes no unsigned codes, and would hold its first line alone.
        ExportPlan fitting = id.equals("tensorrt-cache")
                ? TinyPlan.with(
                        plan,
                        "r",
                        org.quantscope.core.quant.QuantSpec.ACTIVATIONS
                                .withSigned(true)
                                .withSymmetric(true))
                : plan;

        Files.createDirectories(WRITTEN);
        List<Path> files = Exporters.export(exporter, fitting, target, new CancelToken());
        for (Path file : files) {
            Files.writeString(
                    WRITTEN.resolve(file.getFileName()),
                    Files.readString(file).replace(ProductVersion.current(), "@VERSION@"));
        }
        for (Path file : files) {
            assertThat(GOLDENS.resolve(file.getFileName())).exists();
            assertThat(WRITTEN.resolve(file.getFileName()))
                    .hasSameTextualContentAs(GOLDENS.resolve(file.getFileName()))
                    .hasSameBinaryContentAs(GOLDENS.resolve(file.getFileName()));
        }
    }
}
