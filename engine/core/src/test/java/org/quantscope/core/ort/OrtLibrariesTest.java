package org.quantscope.core.ort;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OrtEnvironment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OrtLibrariesTest {
    @Test
    void emptyFoldersOfKilledStartsAreSweptAndNothingElse(@TempDir Path temporary) throws IOException {
        Path empty = Files.createDirectory(temporary.resolve("onnxruntime-java17"));
        Path used = Files.createDirectory(temporary.resolve("onnxruntime-java18"));
        Files.createFile(used.resolve("libonnxruntime.so"));
        Path other = Files.createDirectory(temporary.resolve("another"));
        OrtLibraries.sweep(temporary, Instant.now());
        assertThat(empty).exists();
        OrtLibraries.sweep(temporary, Instant.now().plus(Duration.ofMinutes(2)));
        assertThat(empty).doesNotExist();
        assertThat(used).exists();
        assertThat(other).exists();
    }

    @Test
    void theLibrariesAreWhereTheJarKeepsThem() {
        assertThat(OrtLibraries.platform("Linux", "amd64")).isEqualTo("linux-x64");
        assertThat(OrtLibraries.platform("Linux", "aarch64")).isEqualTo("linux-aarch64");
        assertThat(OrtLibraries.platform("Mac OS X", "aarch64")).isEqualTo("osx-aarch64");
        assertThat(OrtLibraries.platform("Windows 11", "amd64")).isEqualTo("win-x64");
        for (String library : new String[] {
            "linux-x64/libonnxruntime.so",
            "linux-aarch64/libonnxruntime4j_jni.so",
            "osx-aarch64/libonnxruntime.dylib",
            "win-x64/onnxruntime.dll"
        }) {
            assertThat(OrtEnvironment.class.getResource("/ai/onnxruntime/native/" + library))
                    .as(library)
                    .isNotNull();
        }
    }
}
