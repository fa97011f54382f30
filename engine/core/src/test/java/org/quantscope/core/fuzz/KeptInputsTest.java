package org.quantscope.core.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The seeds of the fuzzer, and every input with which it found a fault once: each target takes all of them. */
class KeptInputsTest {
    private static final Path INPUTS =
            Path.of(System.getProperty("quantscope.root"), "engine/core/src/test/resources/fuzz");

    private static final Map<String, Consumer<byte[]>> TARGETS = Map.of(
            "onnx", OnnxFuzz::fuzzerTestOneInput,
            "safetensors", SafetensorsFuzz::fuzzerTestOneInput,
            "keras", KerasFuzz::fuzzerTestOneInput,
            "arrays", ArraysFuzz::fuzzerTestOneInput,
            "tables", TablesFuzz::fuzzerTestOneInput,
            "settings", SettingsFuzz::fuzzerTestOneInput,
            "importers", ImportersFuzz::fuzzerTestOneInput,
            "gguf", GgufFuzz::fuzzerTestOneInput,
            "torch", TorchFuzz::fuzzerTestOneInput,
            "tflite", TfliteFuzz::fuzzerTestOneInput);

    static Stream<String> targets() {
        return TARGETS.keySet().stream().sorted();
    }

    @ParameterizedTest
    @MethodSource("targets")
    @Timeout(30)
    void noInputBreaksATarget(String target) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.walk(INPUTS)) {
            files = all.filter(Files::isRegularFile).sorted().toList();
        }
        for (Path file : files) {
            TARGETS.get(target).accept(Files.readAllBytes(file));
        }
    }

    @Test
    void everyTargetHasSeeds() throws IOException {
        for (String target : TARGETS.keySet()) {
            try (Stream<Path> files = Files.list(INPUTS.resolve(target))) {
                assertThat(files).as(target).isNotEmpty();
            }
        }
    }
}
