package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
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

    /** A config keeps the codes: evaluation and export need no calibration data, and agree. */
    @Test
    void aConfigHoldsTheCodes(@TempDir Path folder) throws IOException {
        Path config = folder.resolve("digits.json");
        CommandLineRun calibrated = CommandLineRun.of(
                "calibrate",
                SAMPLES.resolve("digits_mlp.onnx"),
                "--data",
                SAMPLES.resolve("digits_calibration.npz"),
                "--weights",
                2,
                "--granularity",
                "channel",
                "--rounding",
                "least-output-error",
                "-o",
                config);
        assertThat(calibrated.code()).as(calibrated.err()).isZero();
        JsonNode direct = eval(
                        "--rounding",
                        "least-output-error",
                        "--calibration-data",
                        SAMPLES.resolve("digits_calibration.npz"))
                .json();
        JsonNode kept = ofConfig(config).json();
        assertThat(kept.path("quantized")).isEqualTo(direct.path("quantized"));
        assertThat(kept.path("logit_sqnr_db")).isEqualTo(direct.path("logit_sqnr_db"));
        assertThat(kept.path("notes").toString())
                .contains("The codes of 3 weights are those of least-output-error, chosen on digits_calibration.npz");

        JsonNode qdq = export(config, "onnx-qdq", folder.resolve("qdq.onnx")).json();
        assertThat(qdq.path("problems").findValuesAsString("severity")).doesNotContain("error");
        assertThat(qdq.path("verified").path("max_abs_diff").asDouble()).isZero();
        JsonNode table = export(config, "nncf", folder.resolve("nncf.py")).json();
        assertThat(table.path("problems").toString())
                .contains("the codes of 3 weights are not the nearest ones", "onnx-float");

        // The written file as a model of its own: what it computes is what was evaluated.
        JsonNode solved =
                export(config, "onnx-float", folder.resolve("float.onnx")).json();
        assertThat(solved.path("files").size()).isEqualTo(2);
        JsonNode again = CommandLineRun.of(
                        "eval",
                        folder.resolve("float.onnx"),
                        "--data",
                        SAMPLES.resolve("digits_test.npz"),
                        "--weights",
                        8,
                        "--json")
                .json();
        assertThat(correct(again, "float32")).isEqualTo(correct(kept, "quantized"));
    }

    @Test
    void codesOfOtherSettingsAreRefused(@TempDir Path folder) throws IOException {
        Path config = folder.resolve("digits.json");
        CommandLineRun.of(
                "calibrate",
                SAMPLES.resolve("digits_mlp.onnx"),
                "--data",
                SAMPLES.resolve("digits_calibration.npz"),
                "--weights",
                3,
                "--rounding",
                "gptq",
                "-o",
                config);
        String text = Files.readString(config);
        Files.writeString(config, text.replaceFirst("\"bits\" : 3", "\"bits\" : 4"));

        CommandLineRun run = ofConfig(config);
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("in the config were made from other settings; calibrate again");
        CommandLineRun written = export(config, "onnx-qdq", folder.resolve("qdq.onnx"));
        assertThat(written.code()).isEqualTo(2);
        assertThat(folder.resolve("qdq.onnx")).doesNotExist();
    }

    private static CommandLineRun ofConfig(Path config) {
        return CommandLineRun.of(
                "eval",
                SAMPLES.resolve("digits_mlp.onnx"),
                "--data",
                SAMPLES.resolve("digits_test.npz"),
                "--config",
                config,
                "--json");
    }

    private static CommandLineRun export(Path config, String format, Path file) {
        return CommandLineRun.of(
                "export",
                SAMPLES.resolve("digits_mlp.onnx"),
                "--config",
                config,
                "--format",
                format,
                "--data",
                SAMPLES.resolve("digits_test.npz"),
                "-o",
                file,
                "--json");
    }

    /** Alone, a weight's error grows where the rounding looks at the output, and the error at the output falls. */
    @Test
    void theErrorOfACodeIsThatOfTheCode() {
        JsonNode nearest = error(3, "--calibration-data", SAMPLES.resolve("digits_calibration.npz"));
        JsonNode gptq = error(3, "--calibration-data", SAMPLES.resolve("digits_calibration.npz"), "--rounding", "gptq");

        assertThat(gptq.path("scale")).isEqualTo(nearest.path("scale"));
        assertThat(gptq.path("mse").asDouble())
                .isGreaterThan(nearest.path("mse").asDouble());
        assertThat(gptq.path("output_mse").asDouble())
                .isLessThan(nearest.path("output_mse").asDouble());
        CommandLineRun curve = CommandLineRun.of(
                "curve", SAMPLES.resolve("digits_mlp.onnx"), "--tensor", "2.weight", "--rounding", "gptq");
        assertThat(curve.code()).isEqualTo(2);
        assertThat(curve.err()).contains("the curve is that of nearest levels");
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
        assertThat(without.err()).contains("--rounding gptq needs calibration data");

        CommandLineRun unknown = eval("--rounding", "up");
        assertThat(unknown.code()).isEqualTo(2);
        assertThat(unknown.err()).contains("rounding: up is not one of nearest, gptq, adaround, least-output-error");
    }

    /** Where channels differ, the commands that choose codes say what to do first. */
    @Test
    void equalizationIsOfferedWhereChannelsDiffer(@TempDir Path folder) throws IOException {
        JsonNode eval = CommandLineRun.of(
                        "eval",
                        SAMPLES.resolve("fashion_lenet_unequalized.onnx"),
                        "--data",
                        SAMPLES.resolve("fashion_mnist_test.npz"),
                        "--limit",
                        "20",
                        "--weights",
                        "4",
                        "--rounding",
                        "gptq",
                        "--calibration-data",
                        SAMPLES.resolve("fashion_mnist_calibration.npz"),
                        "--json")
                .json();
        assertThat(eval.path("notes").toString()).contains("equalize first", "quantscope improve");
        for (String[] one :
                new String[][] {{"fashion_lenet_unequalized", "gptq", "yes"}, {"digits_mlp", "gptq", "no"}}) {
            String output = CommandLineRun.of(
                            "calibrate",
                            SAMPLES.resolve(one[0] + ".onnx"),
                            "--data",
                            SAMPLES.resolve(
                                    one[0].startsWith("digits")
                                            ? "digits_calibration.npz"
                                            : "fashion_mnist_calibration.npz"),
                            "--weights",
                            "4",
                            "--rounding",
                            one[1],
                            "-o",
                            folder.resolve("c.json"))
                    .out();
            assertThat(output.contains("equalize first")).isEqualTo(one[2].equals("yes"));
        }
    }
}
