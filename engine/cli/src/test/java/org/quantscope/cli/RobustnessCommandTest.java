package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class RobustnessCommandTest {
    private static final Path SAMPLES = Path.of(System.getProperty("quantscope.samples"));
    private static final String MODEL = SAMPLES.resolve("digits_mlp.onnx").toString();
    private static final String TEST = SAMPLES.resolve("digits_test.npz").toString();

    @Test
    void eachPointIsWhatEvalSaysOfTheSameSamples() {
        CommandLineRun run = CommandLineRun.of(
                "robustness",
                MODEL,
                "--data",
                TEST,
                "--weights",
                "3",
                "--corruptions",
                "noise,shift",
                "--severities",
                "0,2.5",
                "--json");
        assertThat(run.code()).as(run.err()).isZero();
        JsonNode json = run.json();

        assertThat(json.get("samples").asInt()).isEqualTo(500);
        assertThat(json.get("curves").size()).isEqualTo(2);
        JsonNode clean = json.get("curves").get(0).get("points").get(0);
        assertThat(json.get("curves").get(1).get("points").get(0)).isEqualTo(clean);
        assertThat(clean.get("float32").get("correct").asInt()).isEqualTo(477);
        JsonNode shifted = json.get("curves").get(1).get("points").get(1);
        JsonNode eval = CommandLineRun.of(
                        "eval", MODEL, "--data", TEST, "--weights", "3", "--corrupt", "shift:2.5", "--json")
                .json();
        assertThat(shifted.get("said")).isEqualTo(eval.get("corrupted"));
        assertThat(shifted.get("float32").get("correct"))
                .isEqualTo(eval.get("float32").get("correct"));
        assertThat(shifted.get("quantized").get("correct"))
                .isEqualTo(eval.get("quantized").get("correct"));
        double delta = shifted.get("delta").asDouble();
        assertThat((shifted.get("gained").asInt() - shifted.get("lost").asInt()) / 500.0)
                .isCloseTo(delta, within(1e-12));
        assertThat(shifted.get("delta_lo95").asDouble()).isLessThan(delta);
        assertThat(shifted.get("delta_hi95").asDouble()).isGreaterThan(delta);
        assertThat(shifted.get("quantized").get("lo95").asDouble())
                .isLessThan(shifted.get("quantized").get("accuracy").asDouble());
    }

    @Test
    void whatCannotBeIsRefused() {
        assertThat(CommandLineRun.of("robustness", MODEL, "--data", TEST, "--corruptions", "fog")
                        .err())
                .contains("fog is none of noise, blur");
        assertThat(CommandLineRun.of("robustness", MODEL, "--data", TEST, "--severities", "6")
                        .err())
                .contains("--severities: 0 to 5, got 6");
        assertThat(CommandLineRun.of("robustness", MODEL, "--data", TEST, "--corrupt", "noise:1")
                        .err())
                .contains("--corrupt does not apply");
        assertThat(CommandLineRun.of(
                                "robustness",
                                SAMPLES.resolve("adder_gpt.onnx").toString(),
                                "--data",
                                SAMPLES.resolve("adder_test.npz").toString())
                        .err())
                .contains("ids of tokens");
    }
}
