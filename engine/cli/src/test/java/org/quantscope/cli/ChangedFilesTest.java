package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.quantscope.testkit.TinyModels.external;
import static org.quantscope.testkit.TinyModels.graph;
import static org.quantscope.testkit.TinyModels.model;
import static org.quantscope.testkit.TinyModels.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.testkit.ArrayFiles;

class ChangedFilesTest {
    @TempDir
    Path folder;

    @Test
    void aConfigOfOtherExternalValuesIsUsedWithAWarningThatNamesTheirFile() throws IOException {
        Files.write(folder.resolve("w.data"), ArrayFiles.f4(1, 2));
        Path onnx = Files.write(
                folder.resolve("m.onnx"),
                model(
                                13,
                                graph(node("MatMul", List.of("x", "w"), "y"))
                                        .addInitializer(external("w", new long[] {2, 1}, "location", "w.data")))
                        .build()
                        .toByteArray());
        Path config = folder.resolve("c.json");
        assertThat(CommandLineRun.of("calibrate", onnx, "-o", config).code()).isZero();
        Object[] export = {"export", onnx, "--config", config, "--format", "npz", "-o", folder.resolve("o.npz")};
        assertThat(CommandLineRun.of(export).err()).doesNotContain("another content");

        Files.write(folder.resolve("w.data"), ArrayFiles.f4(1, 3));

        CommandLineRun changed = CommandLineRun.of(export);
        assertThat(changed.code()).isZero();
        assertThat(changed.err()).startsWith("quantscope: warning: c.json was made for another content of w.data\n");

        String old = Files.readString(config).replaceAll(",\\s*\"companions\"\\s*:\\s*\\{[^}]*}", "");
        Files.writeString(config, old);
        assertThat(CommandLineRun.of(export).err())
                .startsWith("quantscope: warning: c.json does not record what was in w.data: whether it has changed");
    }
}
