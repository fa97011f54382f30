package org.quantscope.core.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.onnx.Placement.Site;
import org.quantscope.core.onnx.Placement.State;

/** Placement beside what ONNX Runtime's own tool does with the same files; the lists are made by {@code placement/ort_placement.py}. */
class RuntimePlacementTest {
    @ParameterizedTest
    @ValueSource(strings = {"fashion_lenet", "fashion_mobilenet_folded", "fashion_resnet"})
    void quantizersAndTiesAreThoseOfTheRuntimesTool(String model) throws IOException {
        Placement placement = ModelLoaders.open(Path.of(System.getProperty("quantscope.samples"), model + ".onnx"))
                .graph()
                .orElseThrow()
                .placement();
        Map<String, String> ours = new TreeMap<>();
        for (Site site : placement.sites()) {
            if (site.state() != State.FLOAT) {
                ours.put(
                        site.id().name(),
                        placement.parametersOf(site.id()).orElseThrow().name());
            }
        }
        Map<String, String> theirs = new TreeMap<>();
        try (InputStream in = Objects.requireNonNull(getClass().getResourceAsStream("placement/" + model + ".txt"))) {
            new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .forEach(line ->
                            theirs.put(line.substring(0, line.indexOf(' ')), line.substring(line.indexOf(' ') + 1)));
        }

        assertThat(ours).isEqualTo(theirs);
    }
}
