package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class AdaptiveCommandTest {
    private static final Path SAMPLES = Path.of(System.getProperty("quantscope.samples"));
    private static final String MODEL = SAMPLES.resolve("digits_mlp.onnx").toString();
    private static final String TEST = SAMPLES.resolve("digits_test.npz").toString();
    private static final String CALIBRATION =
            SAMPLES.resolve("digits_calibration.npz").toString();

    private static CommandLineRun run(String... more) {
        List<String> all = new ArrayList<>(List.of("adaptive", MODEL, "--data", TEST, "--bits", "3"));
        all.addAll(List.of(more));
        return CommandLineRun.of(all.toArray());
    }

    @Test
    void everyModeIsReportedOnEveryDataSet() {
        CommandLineRun run = run("--calibration-data", CALIBRATION, "--also-corrupted", "noise:2", "--json");
        assertThat(run.code()).as(run.err()).isZero();
        JsonNode data = run.json().get("data");

        assertThat(data.size()).isEqualTo(2);
        assertThat(data.get(1).get("name").asString()).isEqualTo("digits_test.npz, noise:2");
        for (JsonNode column : data) {
            assertThat(column.get("samples").asInt()).isEqualTo(500);
            List<String> modes = new ArrayList<>();
            int fixed =
                    column.get("modes").get(0).get("quantized").get("correct").asInt();
            for (JsonNode cell : column.get("modes")) {
                modes.add(cell.get("mode").asString());
                int correct = cell.get("quantized").get("correct").asInt();
                double delta = cell.get("delta").asDouble();
                assertThat(delta)
                        .isCloseTo(
                                (correct - column.get("float32").get("correct").asInt()) / 500.0, within(1e-12))
                        .isBetween(
                                cell.get("delta_lo95").asDouble(),
                                cell.get("delta_hi95").asDouble());
                JsonNode paired = cell.get("against_fixed");
                if (paired != null) {
                    assertThat(paired.get("gained").asInt() - paired.get("lost").asInt())
                            .isEqualTo(correct - fixed);
                }
            }
            assertThat(modes).containsExactly("fixed", "batch", "sample", "window", "clusters");
        }
        JsonNode eval = CommandLineRun.of(
                        "eval",
                        MODEL,
                        "--data",
                        TEST,
                        "--bits",
                        "3",
                        "--calibration-data",
                        CALIBRATION,
                        "--corrupt",
                        "noise:2",
                        "--json")
                .json();
        JsonNode fixed = data.get(1).get("modes").get(0);
        assertThat(fixed.get("quantized").get("correct"))
                .isEqualTo(eval.get("quantized").get("correct"));
        assertThat(fixed.get("logit_sqnr_db").asDouble())
                .isCloseTo(eval.get("logit_sqnr_db").asDouble(), within(1e-9));
    }

    @Test
    void calibratingOnTheSamplesIsSaid() {
        assertThat(run("--calibration-data", TEST, "--modes", "clusters", "--json")
                        .json()
                        .get("notes")
                        .get(0)
                        .asString())
                .contains("were chosen on the samples of digits_test.npz");
    }

    @Test
    void whatCannotBeIsRefused() {
        assertThat(run("--calibration-data", CALIBRATION, "--modes", "fixed,daily")
                        .err())
                .contains("daily is none of fixed, batch");
        assertThat(run("--calibration-data", CALIBRATION, "--window", "0").err())
                .contains("at least 1 sample, got 0");
        assertThat(CommandLineRun.of(
                                "adaptive", MODEL, "--data", TEST, "--weights", "4", "--calibration-data", CALIBRATION)
                        .err())
                .contains("no activation is quantized");
    }
}
