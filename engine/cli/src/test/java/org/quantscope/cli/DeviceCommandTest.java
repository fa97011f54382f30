package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class DeviceCommandTest {
    private static final Path SAMPLES = Path.of(System.getProperty("quantscope.samples"));
    private static final String MODEL = SAMPLES.resolve("digits_mlp.onnx").toString();
    private static final String DATA = SAMPLES.resolve("digits_test.npz").toString();

    @TempDir
    private Path folder;

    private String config() {
        Path config = folder.resolve("config.json");
        CommandLineRun run = CommandLineRun.of(
                "calibrate",
                MODEL,
                "--data",
                SAMPLES.resolve("digits_calibration.npz").toString(),
                "--bits",
                "8",
                "-o",
                config.toString());
        assertThat(run.code()).as(run.err()).isZero();
        return config.toString();
    }

    @Test
    void costsFollowTheSettingsAndBothModelsAreMeasured() {
        JsonNode plain = CommandLineRun.of("device", MODEL, "--json").json();
        JsonNode quantized = CommandLineRun.of(
                        "device", MODEL, "--config", config(), "--profile", "pico", "--measure", "--json")
                .json();

        // 64 → 32 → 10 as its shapes say.
        JsonNode shapes =
                CommandLineRun.of("inspect", MODEL, "--header", "--json").json();
        double macs = 0;
        for (JsonNode tensor : shapes.get("tensors")) {
            macs += tensor.get("kind").asString().equals("weight")
                            && tensor.get("shape").size() == 2
                    ? tensor.get("count").asDouble()
                    : 0;
        }
        assertThat(plain.get("macs").asDouble()).isEqualTo(macs).isPositive();
        assertThat(plain.get("integer_macs").asDouble()).isZero();
        assertThat(quantized.get("integer_macs").asDouble()).isEqualTo(macs);
        assertThat(quantized.get("bit_ops").asDouble()).isEqualTo(macs * 64);
        assertThat(quantized.get("weights_bytes").asLong())
                .isLessThan(plain.get("weights_bytes").asLong() / 3);
        assertThat(quantized.get("peak_activation_bytes").asLong())
                .isLessThan(plain.get("peak_activation_bytes").asLong());
        assertThat(quantized.get("profile").get("fits_flash").asBoolean()).isTrue();
        JsonNode measured = quantized.get("measured");
        assertThat(measured.get("runs").asInt()).isGreaterThanOrEqualTo(15);
        assertThat(measured.get("float_ms").get("quarter").asDouble())
                .isPositive()
                .isLessThanOrEqualTo(measured.get("float_ms").get("median").asDouble());
        assertThat(measured.get("processor").asString()).isNotBlank();
        assertThat(measured.get("said").asString()).contains("here");
    }

    @Test
    void aBrokenBudgetIsExitOneAndEachLimitIsNamed() throws IOException {
        Path budget = folder.resolve("budget.json");
        Files.writeString(budget, "{\"flash_bytes\": 100, \"accuracy\": 0.5, \"class_accuracy\": 0.5}");
        String[] eval = {
            "eval", MODEL, "--data", DATA, "--weights", "8", "--budget", budget.toString(), "--per-class", "--json"
        };

        CommandLineRun run = CommandLineRun.of((Object[]) eval);

        assertThat(run.code()).isEqualTo(1);
        JsonNode checks = run.json().get("budget");
        assertThat(checks.get(0).get("what").asString()).isEqualTo("flash_bytes");
        assertThat(checks.get(0).get("ok").asBoolean()).isFalse();
        assertThat(checks.get(1).get("ok").asBoolean()).isTrue();
        int total = 0;
        int right = 0;
        double worst = 1;
        for (JsonNode of : run.json().get("classes")) {
            total += of.get("total").asInt();
            right += of.get("quantized").asInt();
            worst = Math.min(
                    worst, of.get("quantized").asDouble() / of.get("total").asInt());
        }
        assertThat(total).isEqualTo(run.json().get("quantized").get("total").asInt());
        assertThat(right).isEqualTo(run.json().get("quantized").get("correct").asInt());
        assertThat(checks.get(2).get("value").asDouble()).isEqualTo(worst);

        Files.writeString(budget, "{\"flash_bytes\": 1000000}");
        assertThat(CommandLineRun.of((Object[]) eval).code()).isZero();
    }

    /** The limits of a config are checked like those of a file, and a file goes before them. */
    @Test
    void aConfigHoldsItsBudgetItself() throws IOException {
        Path config = Path.of(config());
        String text = Files.readString(config);
        Files.writeString(config, text.replaceFirst("\\{", "{\"budget\": {\"ram_bytes\": 10, \"accuracy\": 0.5},"));
        Path wide = Files.writeString(folder.resolve("budget.json"), "{\"ram_bytes\": 1000000}");

        CommandLineRun own = CommandLineRun.of("eval", MODEL, "--data", DATA, "--config", config, "--json");
        CommandLineRun given =
                CommandLineRun.of("eval", MODEL, "--data", DATA, "--config", config, "--budget", wide, "--json");

        assertThat(own.code()).as(own.err()).isEqualTo(1);
        assertThat(own.json().get("budget").get(0).get("ok").asBoolean()).isFalse();
        assertThat(own.json().get("budget").get(1).get("ok").asBoolean()).isTrue();
        assertThat(given.code()).isZero();
        assertThat(given.json().get("budget").size()).isEqualTo(1);
        Files.writeString(config, text.replaceFirst("\\{", "{\"budget\": {\"ram\": 10},"));
        CommandLineRun wrong = CommandLineRun.of("eval", MODEL, "--data", DATA, "--config", config);
        assertThat(wrong.code()).isEqualTo(3);
        assertThat(wrong.err()).contains("budget").contains("ram");
    }

    /** Data without labels is scored against the float model: that is no accuracy, and keeps no limit on it. */
    @Test
    void agreementWithFloatIsNoAccuracy() throws IOException {
        Path budget = Files.writeString(folder.resolve("budget.json"), "{\"accuracy\": 0.1, \"class_accuracy\": 0}");

        CommandLineRun run = CommandLineRun.of(
                "eval", MODEL, "--data", DATA, "--metric", "agreement", "--budget", budget.toString(), "--json");

        assertThat(run.code()).isEqualTo(1);
        JsonNode check = run.json().get("budget").get(0);
        assertThat(check.has("value")).isFalse();
        assertThat(check.get("ok").asBoolean()).isFalse();
        assertThat(check.get("why").asString()).contains("agreement with the float model");
    }

    @Test
    void measuringNeedsSettingsAndAnUnknownBoardIsNamed() {
        assertThat(CommandLineRun.of("device", MODEL, "--measure").code()).isEqualTo(2);
        CommandLineRun unknown = CommandLineRun.of("device", MODEL, "--profile", "toaster");
        assertThat(unknown.code()).isEqualTo(2);
        assertThat(unknown.err()).contains("toaster").contains("pico");
    }
}
