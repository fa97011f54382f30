package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class CorruptionOptionsTest {
    private static final Path SAMPLES = Path.of(System.getProperty("quantscope.samples"));
    private static final String MODEL = SAMPLES.resolve("digits_mlp.onnx").toString();
    private static final String CALIBRATION =
            SAMPLES.resolve("digits_calibration.npz").toString();
    private static final String TEST = SAMPLES.resolve("digits_test.npz").toString();

    private static JsonNode eval(String... more) {
        String[] args = new String[5 + more.length];
        System.arraycopy(new String[] {"eval", MODEL, "--data", TEST, "--json"}, 0, args, 0, 5);
        System.arraycopy(more, 0, args, 5, more.length);
        CommandLineRun run = CommandLineRun.of((Object[]) args);
        assertThat(run.code()).as(run.err()).isZero();
        return run.json();
    }

    @Test
    void evaluationAndCalibrationAreCorruptedApart() {
        JsonNode clean = eval("--bits", "4", "--calibration-data", CALIBRATION);
        JsonNode none = eval("--bits", "4", "--calibration-data", CALIBRATION, "--corrupt", "noise:0");
        JsonNode noisy = eval("--bits", "4", "--calibration-data", CALIBRATION, "--corrupt", "noise:5");
        JsonNode calibrated =
                eval("--bits", "4", "--calibration-data", CALIBRATION, "--corrupt-calibration", "noise:5");

        assertThat(none.get("quantized")).isEqualTo(clean.get("quantized"));
        assertThat(clean.has("corrupted")).isFalse();
        assertThat(noisy.get("corrupted").asString())
                .isEqualTo("Noise, severity 5: σ of the noise, in the range from black to white: 10 %,"
                        + " black 0, white 16");
        assertThat(noisy.get("float32").get("correct").asInt())
                .isLessThan(clean.get("float32").get("correct").asInt());
        assertThat(calibrated.get("float32")).isEqualTo(clean.get("float32"));
        assertThat(calibrated.get("logit_sqnr_db")).isNotEqualTo(clean.get("logit_sqnr_db"));
    }

    @Test
    void aConfigKeepsTheCorruptionOfItsCalibrationDataAndOfNoOther(@TempDir Path folder) throws IOException {
        Path config = folder.resolve("c.json");
        CommandLineRun made = CommandLineRun.of(
                "calibrate",
                MODEL,
                "--data",
                TEST,
                "--bits",
                "4",
                "--corrupt-calibration",
                "noise:2.5",
                "-o",
                config.toString());
        assertThat(made.code()).as(made.err()).isZero();
        assertThat(Files.readString(config)).contains("\"corruption\"").contains("noise:2.5");

        // The same file as evaluation data is not corrupted, and as calibration data it is.
        assertThat(eval("--config", config.toString()).has("corrupted")).isFalse();
        assertThat(eval("--config", config.toString(), "--calibration-data", TEST)
                        .get("logit_sqnr_db"))
                .isEqualTo(eval("--config", config.toString()).get("logit_sqnr_db"));

        Files.writeString(config, Files.readString(config).replace("noise:2.5", "fog:2"));
        CommandLineRun wrong = CommandLineRun.of("eval", MODEL, "--data", TEST, "--config", config.toString());
        assertThat(wrong.code()).isNotZero();
        assertThat(wrong.err()).contains("corruption").contains("fog").contains("noise, blur");
    }

    @Test
    void whatCannotBeIsRefused() {
        for (String wrong : new String[] {"noise", "fog:1", "noise:6.5", "noise:-2", "noise:x"}) {
            CommandLineRun run = CommandLineRun.of("eval", MODEL, "--data", TEST, "--corrupt", wrong);
            assertThat(run.code()).as(wrong).isEqualTo(2);
            assertThat(run.err())
                    .contains("--corrupt: ")
                    .contains(wrong.replace(":1", "").replace("noise:6", "6"));
        }
        assertThat(CommandLineRun.of("eval", MODEL, "--data", TEST, "--corrupt-calibration", "noise:1")
                        .err())
                .contains("--corrupt-calibration needs --calibration-data");
        assertThat(CommandLineRun.of("data-check", MODEL, "--calibration-data", TEST, "--corrupt", "noise:1")
                        .err())
                .contains("--corrupt needs --data");
    }

    @Test
    void driftSeesTheCorruption() {
        JsonNode drift = CommandLineRun.of(
                        "data-check",
                        MODEL,
                        "--calibration-data",
                        TEST,
                        "--data",
                        TEST,
                        "--corrupt",
                        "contrast:5",
                        "--json")
                .json();

        assertThat(drift.get("drift").get("tensors").get(0).get("divergence").asDouble())
                .isGreaterThan(0.1);
    }

    @Test
    void corruptionsAreListed() {
        JsonNode json = CommandLineRun.of("list", "corruptions", "--json").json();

        assertThat(json.size()).isEqualTo(6);
        assertThat(json.get(0).get("severities").get(0).get("amounts").toString())
                .isEqualTo("[0.04,0.06,0.08,0.09,0.1]");
        assertThat(CommandLineRun.of("list", "corruptions").out()).contains("Hendrycks");
    }
}
