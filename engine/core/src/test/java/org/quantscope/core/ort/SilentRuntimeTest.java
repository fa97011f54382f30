package org.quantscope.core.ort;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** ONNX Runtime keeps and sends nothing about a person, however Java was started. */
class SilentRuntimeTest {
    /** What the other process runs. */
    static final class Session {
        private Session() {}

        public static void main(String[] args) throws IOException {
            OrtModel.load(Files.readAllBytes(Path.of(args[0])), "model", OrtModel.Options.DEFAULT)
                    .close();
        }
    }

    @Test
    void aSessionLeavesNoFileAboutThePerson(@TempDir Path home) throws IOException, InterruptedException {
        Path output = home.resolve("output");
        ProcessBuilder builder = new ProcessBuilder(
                        ProcessHandle.current().info().command().orElseThrow(),
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "--enable-native-access=ALL-UNNAMED",
                        "-Duser.home=" + home,
                        "-Djava.io.tmpdir=" + home,
                        "-cp",
                        absolute(System.getProperty("java.class.path")),
                        Session.class.getName(),
                        Path.of(System.getProperty("quantscope.samples"), "digits_mlp.onnx")
                                .toString())
                .directory(home.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        var environment = builder.environment();
        environment.remove("ORT_DISABLE_TELEMETRY");
        List.of("XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
                .forEach(environment::remove);
        List.of("HOME", "USERPROFILE", "LOCALAPPDATA", "APPDATA", "TMPDIR", "TEMP", "TMP")
                .forEach(name -> environment.put(name, home.toString()));
        int code = builder.start().waitFor();

        assertThat(Files.readString(output)).isEmpty();
        assertThat(code).isZero();
        try (Stream<Path> left = Files.walk(home)) {
            // The folder that the native library was unpacked into stays, empty.
            assertThat(left.filter(file -> !file.getFileName().toString().startsWith("onnxruntime-java")))
                    .containsExactlyInAnyOrder(home, output);
        }
    }

    private static String absolute(String classPath) {
        return String.join(
                File.pathSeparator,
                Stream.of(classPath.split(File.pathSeparator, -1))
                        .map(entry -> Path.of(entry).toAbsolutePath().toString())
                        .toList());
    }
}
