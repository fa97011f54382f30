package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class DataCheckCommandTest {
    private static final Path SAMPLES = Path.of(System.getProperty("quantscope.samples"));
    private static final String MODEL = SAMPLES.resolve("digits_mlp.onnx").toString();
    private static final String DATA = SAMPLES.resolve("digits_calibration.npz").toString();
    private static final String TEST = SAMPLES.resolve("digits_test.npz").toString();

    @TempDir
    private Path folder;

    @Test
    void jsonHasRangesOddSamplesAndDrift() {
        CommandLineRun run = CommandLineRun.of(
                "data-check", MODEL, "--calibration-data", DATA, "--against", TEST, "--bits", "4", "--json");

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
            assertThat(of.get("outside_calibration").asDouble()).isBetween(0.0, 0.001);
            assertThat(of.get("not_finite").asInt()).isZero();
        }
        // The labels are there, so what was foretold without them can be held against what comes.
        JsonNode eval = CommandLineRun.of(
                        "eval", MODEL, "--data", TEST, "--calibration-data", DATA, "--bits", "4", "--json")
                .json();
        assertThat(json.get("drift").get("expected_delta").asDouble())
                .isCloseTo(eval.get("delta").asDouble(), within(0.02));
        assertThat(eval.get("delta").asDouble())
                .isBetween(
                        json.get("drift").get("expected_delta_lo95").asDouble(),
                        json.get("drift").get("expected_delta_hi95").asDouble());
    }

    /** What is left out is in the config, and whoever calibrates by it on the same data goes without it too. */
    @Test
    void samplesThatAreLeftOutStayOut() throws IOException {
        JsonNode all = CommandLineRun.of("data-check", MODEL, "--calibration-data", DATA, "--json")
                .json();
        int setBy = all.get("tensors").get(1).get("set_by_sample").asInt();
        String out = Integer.toString(setBy);
        Path config = folder.resolve("config.json");

        CommandLineRun without =
                CommandLineRun.of("data-check", MODEL, "--calibration-data", DATA, "--leave-out", out, "--json");
        CommandLineRun calibrated = CommandLineRun.of(
                "calibrate", MODEL, "--data", DATA, "--bits", "3", "--leave-out", out, "-o", config.toString());

        assertThat(without.json().get("samples").asInt()).isEqualTo(255);
        assertThat(without.json().get("tensors").get(1).get("range").get("hi").asDouble())
                .isLessThan(all.get("tensors").get(1).get("range").get("hi").asDouble());
        assertThat(calibrated.code()).as(calibrated.err()).isZero();
        String text = Files.readString(config);
        assertThat(text).contains("\"left_out\" : [ " + out + " ]").contains("\"samples\" : 255");
        String[] eval = {
            "eval", MODEL, "--data", TEST, "--config", config.toString(), "--calibration-data", DATA, "--json"
        };
        String again =
                CommandLineRun.of((Object[]) eval).json().get("quantized").toString();
        String[] stored = {"eval", MODEL, "--data", TEST, "--config", config.toString(), "--json"};
        assertThat(CommandLineRun.of((Object[]) stored).json().get("quantized").toString())
                .isEqualTo(again);
        StringBuilder most = new StringBuilder("1");
        for (int i = 2; i < 256; i++) {
            most.append(", ").append(i);
        }
        Files.writeString(config, text.replace("[ " + out + " ]", "[ " + most + " ]"));
        assertThat(CommandLineRun.of((Object[]) eval).json().get("quantized").toString())
                .isNotEqualTo(again);
        Files.writeString(config, text.replace("[ " + out + " ]", "[ 256 ]"));
        CommandLineRun none = CommandLineRun.of((Object[]) eval);
        assertThat(none.code()).isEqualTo(3);
        assertThat(none.err()).contains("left_out").contains("sample 256 is none of its 256");
        assertThat(CommandLineRun.of("data-check", MODEL, "--calibration-data", DATA, "--leave-out", "256")
                        .err())
                .contains("--leave-out");
    }

    /** Ranges that a config clips are those by which values are outside, on both data sets. */
    @Test
    void aConfigSaysWhatIsClipped() {
        Path config = folder.resolve("narrow.json");
        CommandLineRun made = CommandLineRun.of(
                "calibrate",
                MODEL,
                "--data",
                DATA,
                "--bits",
                "8",
                "--activation-calibrator",
                "percentile:percentile=80",
                "-o",
                config.toString());
        assertThat(made.code()).as(made.err()).isZero();
        CommandLineRun run = CommandLineRun.of(
                "data-check",
                MODEL,
                "--calibration-data",
                DATA,
                "--against",
                TEST,
                "--config",
                config.toString(),
                "--json");

        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.json().get("drift").get("tensors")).anySatisfy(of -> {
            assertThat(of.get("outside").asDouble()).isBetween(0.05, 0.25);
            assertThat(of.get("outside_calibration").asDouble()).isBetween(0.05, 0.25);
        });
        assertThat(CommandLineRun.of(
                                "data-check",
                                MODEL,
                                "--calibration-data",
                                DATA,
                                "--config",
                                config.toString(),
                                "--bits",
                                "8")
                        .err())
                .contains("--config says how to quantize");
    }

    /** A model of sequences has no expected change, and it is said why. */
    @Test
    void noExpectationIsAReason() {
        CommandLineRun run = CommandLineRun.of(
                "data-check",
                SAMPLES.resolve("adder_gpt.onnx"),
                "--calibration-data",
                SAMPLES.resolve("adder_calibration.npz"),
                "--against",
                SAMPLES.resolve("adder_calibration.npz"),
                "--limit",
                "32",
                "--json");

        assertThat(run.code()).as(run.err()).isZero();
        JsonNode drift = run.json().get("drift");
        assertThat(drift.has("expected_delta")).isFalse();
        assertThat(drift.get("no_expected_delta").asString()).contains("positions");
    }

    private CommandLineRun watch(Object... more) {
        List<Object> args =
                new ArrayList<>(List.of("data-check", MODEL, "--calibration-data", DATA, "--watch", folder, "--once"));
        args.addAll(List.of(more));
        return CommandLineRun.of(args.toArray());
    }

    /** A line for each batch; the first that has drifted is the last, and gives the exit code. */
    @Test
    void aWatchEndsAtTheFirstAlarm() throws IOException {
        Files.copy(SAMPLES.resolve("digits_test.npz"), folder.resolve("1.npz"));
        CommandLineRun clean = watch("--json");
        assertThat(clean.code()).as(clean.err()).isZero();
        JsonNode line = clean.json();
        assertThat(line.get("batch").asString()).isEqualTo("1.npz");
        assertThat(line.get("samples").asInt()).isEqualTo(500);
        assertThat(line.get("alarm").asBoolean()).isFalse();
        assertThat(line.get("statistic").asDouble())
                .isLessThan(line.get("threshold").asDouble());

        Files.copy(SAMPLES.resolve("digits_test.npz"), folder.resolve("2.npz"));
        Files.writeString(
                folder.resolve("2.dataset.json"),
                Files.readString(SAMPLES.resolve("digits_test.dataset.json"))
                        .replaceFirst("\\{", "{\"corruption\": \"noise:5\","));
        Files.copy(SAMPLES.resolve("digits_test.npz"), folder.resolve("3.npz"));
        CommandLineRun drifted = watch("--json");
        assertThat(drifted.code()).as(drifted.err()).isEqualTo(1);
        List<String> lines = drifted.out().lines().toList();
        assertThat(lines).hasSize(2).last().asString().contains("\"batch\":\"2.npz\"", "\"alarm\":true");
        CommandLineRun people = watch();
        assertThat(people.code()).isEqualTo(1);
        assertThat(people.out())
                .contains("alarm beyond", "windows of 64 of the 256 calibration samples", "2.npz: 500 samples, ALARM");
    }

    @Test
    void aWatchThatCannotBeIsRefused() throws IOException {
        assertThat(watch("--window", "4").err()).contains("--window: at least 8, got 4");
        assertThat(watch("--against", TEST).err()).contains("--watch looks at a place that grows");
        assertThat(watch("--false-alarms", "0.9").code()).isEqualTo(2);
        assertThat(CommandLineRun.of("data-check", MODEL, "--calibration-data", DATA, "--once")
                        .err())
                .contains("need --watch");
        Files.writeString(folder.resolve("broken.npz"), "no archive");
        CommandLineRun broken = watch();
        assertThat(broken.code()).isEqualTo(3);
        assertThat(broken.err()).contains("broken.npz");
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
