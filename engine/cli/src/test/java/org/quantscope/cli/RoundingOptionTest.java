package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class RoundingOptionTest {
    private static final Path SAMPLES = Path.of(System.getProperty("quantscope.samples"));

    private static CommandLineRun eval(Object... more) {
        Object[] args = new Object[9 + more.length];
        System.arraycopy(
                new Object[] {
                    "eval",
                    SAMPLES.resolve("digits_mlp.onnx"),
                    "--data",
                    SAMPLES.resolve("digits_test.npz"),
                    "--weights",
                    2,
                    "--granularity",
                    "channel",
                    "--json"
                },
                0,
                args,
                0,
                9);
        System.arraycopy(more, 0, args, 9, more.length);
        return CommandLineRun.of(args);
    }

    private static int correct(JsonNode json, String which) {
        return json.path(which).path("correct").asInt();
    }

    @Test
    void aBetterRoundingIsComparedWithTheSameFloatModel() {
        JsonNode nearest = eval().json();
        JsonNode solved = eval(
                        "--rounding",
                        "least-output-error",
                        "--calibration-data",
                        SAMPLES.resolve("digits_calibration.npz"))
                .json();

        assertThat(correct(solved, "quantized")).isGreaterThan(correct(nearest, "quantized"));
        assertThat(correct(solved, "float32")).isEqualTo(correct(nearest, "float32"));
        assertThat(solved.path("size_bytes")).isEqualTo(nearest.path("size_bytes"));
    }

    /** The error at the output is told where data shows what the layer reads, and falls with the bits. */
    @Test
    void theErrorAtTheOutputRestsOnData() {
        JsonNode four = error(4, "--calibration-data", SAMPLES.resolve("digits_calibration.npz"));
        JsonNode six = error(6, "--calibration-data", SAMPLES.resolve("digits_calibration.npz"));

        assertThat(four.path("output_mse").asDouble())
                .isGreaterThan(six.path("output_mse").asDouble() * 8);
        assertThat(four.path("output_sqnr_db").asDouble())
                .isLessThan(six.path("output_sqnr_db").asDouble() - 9);
        assertThat(error(4).has("output_mse")).isFalse();
        assertThat(error(4).path("mse")).isEqualTo(four.path("mse"));
    }

    private static JsonNode error(int bits, Object... more) {
        Object[] args = new Object[7 + more.length];
        System.arraycopy(
                new Object[] {
                    "error", SAMPLES.resolve("digits_mlp.onnx"), "--tensor", "2.weight", "--bits", bits, "--json"
                },
                0,
                args,
                0,
                7);
        System.arraycopy(more, 0, args, 7, more.length);
        return CommandLineRun.of(args).json();
    }

    @Test
    void withoutDataOrWithAnUnknownNameItIsRefused() {
        CommandLineRun without = eval("--rounding", "gptq");
        assertThat(without.code()).isEqualTo(2);
        assertThat(without.err()).contains("--rounding gptq needs --calibration-data");

        CommandLineRun unknown = eval("--rounding", "up");
        assertThat(unknown.code()).isEqualTo(2);
        assertThat(unknown.err()).contains("rounding: up is not one of nearest, gptq, adaround, least-output-error");
    }
}
