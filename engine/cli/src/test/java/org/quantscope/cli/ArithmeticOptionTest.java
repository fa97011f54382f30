package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.quantscope.cli.CommandLineRun.names;
import static org.quantscope.cli.CommandLineRun.sample;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class ArithmeticOptionTest {
    private static final Path MLP = sample("digits_mlp.onnx");
    private static final Path TEST = sample("digits_test.npz");
    private static final Path CALIBRATION = sample("digits_calibration.npz");

    @Test
    void evalSaysWhatARuntimeComputesInWholeNumbers() {
        JsonNode json = CommandLineRun.of(
                        "eval",
                        MLP,
                        "--data",
                        TEST,
                        "--bits",
                        8,
                        "--calibration-data",
                        CALIBRATION,
                        "--limit",
                        100,
                        "--arithmetic",
                        "tflite",
                        "--json")
                .json();
        JsonNode integer = json.get("integer");

        assertThat(names(integer))
                .startsWith("arithmetic", "quantized", "delta", "delta_lo95", "delta_hi95", "agreement")
                .endsWith("simulation_agreement", "simulation_sqnr_db", "flips");
        assertThat(integer.get("arithmetic").asString()).isEqualTo("tflite");
        assertThat(integer.get("quantized").get("total").asInt()).isEqualTo(100);
        assertThat(integer.get("quantized").get("accuracy").asDouble()).isGreaterThan(0.8);
        assertThat(integer.get("simulation_sqnr_db").asDouble()).isBetween(25.0, 80.0);
    }

    @Test
    void settingsThatAreNoWholeNumbersAreRefusedWithTheReason() {
        CommandLineRun run = CommandLineRun.of(
                "eval", MLP, "--data", TEST, "--weights", 8, "--limit", 50, "--arithmetic", "cmsis-nn");

        assertThat(run.code()).isEqualTo(3);
        assertThat(run.err()).contains("as CMSIS-NN rounds").contains("activations are in float");
    }

    @Test
    void anUnknownArithmeticIsWrongUsage() {
        CommandLineRun run = CommandLineRun.of("eval", MLP, "--data", TEST, "--weights", 8, "--arithmetic", "fpga");

        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("--arithmetic: float, tflite, onnxruntime, cmsis-nn; got fpga");
    }
}
