package org.quantscope.core.session;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.io.OverwritesInputException;
import org.quantscope.testkit.ArrayFiles;
import org.quantscope.testkit.TinyModels;

class InputFilesTest {
    @TempDir
    private Path folder;

    private InputFiles files;

    @BeforeEach
    void read() throws IOException {
        Path model = Files.write(
                folder.resolve("m.onnx"),
                TinyModels.model(
                                13,
                                TinyModels.graph(TinyModels.node("MatMul", List.of("x", "w"), "y"))
                                        .addInitializer(
                                                TinyModels.external("w", new long[] {2, 2}, "location", "w.bin")))
                        .build()
                        .toByteArray());
        Files.write(folder.resolve("w.bin"), new byte[16]);
        Path data = folder.resolve("d.npz");
        Files.write(data, ArrayFiles.zip(false, Map.of("x.npy", ArrayFiles.npy("<f4", "(1,)", ArrayFiles.f4(1)))));
        Files.writeString(
                folder.resolve("d.dataset.json"), "{\"model_classes\": \"names.txt\"}", StandardCharsets.UTF_8);
        Files.writeString(folder.resolve("names.txt"), "a\nb\n");
        Files.createDirectories(folder.resolve("pictures/cat"));
        Files.write(folder.resolve("pictures/cat/1.png"), new byte[1]);
        Files.write(folder.resolve("other"), new byte[1]);
        files = new InputFiles().model(model).data(data).data(folder.resolve("pictures"));
    }

    private void refused(Path output) {
        assertThatThrownBy(() -> files.keep(List.of(output))).isInstanceOf(OverwritesInputException.class);
    }

    @Test
    void everyFileThatIsReadIsKept() {
        List.of("m.onnx", "w.bin", "d.npz", "d.dataset.json", "names.txt", "pictures/cat/1.png")
                .forEach(name -> refused(folder.resolve(name)));
    }

    @Test
    void itIsKnownUnderOtherNames() throws IOException {
        refused(folder.resolve("pictures/../w.bin"));
        refused(Files.createSymbolicLink(folder.resolve("link"), Path.of("w.bin")));
        refused(Files.createLink(folder.resolve("hard"), folder.resolve("m.onnx")));
        refused(Files.createSymbolicLink(folder.resolve("here"), folder).resolve("d.npz"));
    }

    @Test
    void otherFilesAndNewOnesAreWritten() {
        assertThatCode(() -> files.keep(List.of(folder.resolve("other"), folder.resolve("pictures/cat/2.png"))))
                .doesNotThrowAnyException();
    }
}
