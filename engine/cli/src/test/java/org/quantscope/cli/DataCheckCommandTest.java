package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class DataCheckCommandTest {
    private static final Path SAMPLES = Path.of(System.getProperty("quantscope.samples"));
    private static final String MODEL = SAMPLES.resolve("digits_mlp.onnx").toString();
    private static final String DATA = SAMPLES.resolve("digits_calibration.npz").toString();
    private static final String TEST = SAMPLES.resolve("digits_test.npz").toString();

    @Test
    void jsonHasRangesOddSamplesAndDrift() {
        CommandLineRun run = CommandLineRun.of(
                "data-check", MODEL, "--calibration-data", DATA, "--data", TEST, "--bits", "4", "--json");

        assertThat(run.code()).as(run.err()).isZero();
        JsonNode json = run.json();
        assertThat(json.get("samples").asInt()).isEqualTo(256);
        JsonNode first = json.get("tensors").get(0);
        assertThat(first.get("range_at").get("256")).isEqualTo(first.get("range"));
        assertThat(first.get("set_by_sample").asInt()).isBetween(0, 255);
        assertThat(json.get("odd_samples").get(0).get("why").asString()).isNotBlank();
        for (JsonNode of : json.get("drift").get("tensors")) {
            assertThat(of.get("divergence").asDouble()).isBetween(0.0, 0.2);
            assertThat(of.get("outside").asDouble()).isBetween(0.0, 0.05);
        }
        // The labels are there, so what was foretold without them can be held against what comes.
        JsonNode eval = CommandLineRun.of(
                        "eval", MODEL, "--data", TEST, "--calibration-data", DATA, "--bits", "4", "--json")
                .json();
        assertThat(json.get("drift").get("expected_delta").asDouble())
                .isCloseTo(eval.get("delta").asDouble(), within(0.02));
    }

    @Test
    void peopleReadTheVerdictFirst() {
        CommandLineRun run = CommandLineRun.of("data-check", MODEL, "--calibration-data", DATA);

        assertThat(run.code()).isZero();
        assertThat(run.out()).contains("for 8 bits").contains("narrower without it");
        assertThat(CommandLineRun.of("data-check", MODEL, "--calibration-data", DATA, "--bits", "99")
                        .code())
                .isEqualTo(2);
    }
}
