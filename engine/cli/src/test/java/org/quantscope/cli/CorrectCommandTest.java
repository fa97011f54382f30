package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.session.AppliedCorrection;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionFile;

class CorrectCommandTest {
    private static final Path SAMPLES = Path.of(System.getProperty("quantscope.samples"));
    private static final String LENET =
            SAMPLES.resolve("fashion_lenet_unequalized.onnx").toString();
    private static final String CALIBRATION =
            SAMPLES.resolve("fashion_mnist_calibration.npz").toString();
    private static final String TEST = SAMPLES.resolve("fashion_mnist_test.npz").toString();

    @TempDir
    Path folder;

    @Test
    void equalizationWritesAModelOfTheSameFunctionThatStandsEightBits() {
        Path out = folder.resolve("out.onnx");
        CommandLineRun run = CommandLineRun.of(
                "correct", LENET, "--correction", "cross-layer-equalization", "-o", out.toString(), "--json");
        assertThat(run.code()).isZero();
        assertThat(run.err()).isEmpty();
        assertThat(run.out())
                .startsWith("{\"correction\":\"cross-layer-equalization\",\"file\":\"" + out
                        + "\",\"tensors\":[\"c1.weight\",\"c2.weight\",");
        double change = Double.parseDouble(run.out().replaceAll("(?s).*\"max_rel_logit_change\":([^}]*)}.*", "$1"));
        assertThat(change).isBetween(0.0, 1e-4);

        CommandLineRun eval = CommandLineRun.of(
                "eval", out.toString(), "--data", TEST, "--limit", "1000", "--weights", "8", "--json");
        double delta = Double.parseDouble(eval.out().replaceAll("(?s).*\"delta\":([^,]*),.*", "$1"));
        assertThat(delta).isGreaterThanOrEqualTo(-0.005);
    }

    @Test
    void biasCorrectionNeedsDataAndSettings() {
        String out = folder.resolve("out.onnx").toString();
        CommandLineRun noData =
                CommandLineRun.of("correct", LENET, "--correction", "bias-correction", "--weights", "4", "-o", out);
        assertThat(noData.code()).isEqualTo(2);
        assertThat(noData.err()).contains("--calibration-data").hasLineCount(1);
        CommandLineRun noSettings = CommandLineRun.of(
                "correct", LENET, "--correction", "bias-correction", "--calibration-data", CALIBRATION, "-o", out);
        assertThat(noSettings.code()).isEqualTo(2);
        assertThat(noSettings.err()).contains("--config").hasLineCount(1);
        assertThat(Files.exists(Path.of(out))).isFalse();
    }

    /** Only a correction that rests on the settings speaks of them, and only where they choose codes. */
    @Test
    void biasCorrectionSaysThatItKnowsNearestLevelsOnly() {
        assertThat(correctDigits("bias-correction", "--weights", 4, "--rounding", "gptq")
                        .err())
                .contains(
                        "the correction is that of weights rounded to nearest: the codes of another rounding belong to"
                                + " all weights together");
        assertThat(correctDigits("bias-correction", "--weights", 4).err()).doesNotContain("rounded to nearest");
        assertThat(correctDigits("cross-layer-equalization").err()).doesNotContain("rounded to nearest");
    }

    private CommandLineRun correctDigits(String correction, Object... more) {
        List<Object> args = new ArrayList<>(List.of(
                "correct",
                SAMPLES.resolve("digits_mlp.onnx"),
                "--correction",
                correction,
                "--calibration-data",
                SAMPLES.resolve("digits_calibration.npz"),
                "-o",
                folder.resolve(correction + more.length + ".onnx")));
        args.addAll(List.of(more));
        CommandLineRun run = CommandLineRun.of(args.toArray());
        assertThat(run.code()).as(run.err()).isZero();
        return run;
    }

    @Test
    void biasCorrectionReportsItsChange() {
        Path out = folder.resolve("out.onnx");
        CommandLineRun run = CommandLineRun.of(
                "correct",
                SAMPLES.resolve("fashion_lenet.onnx").toString(),
                "--correction",
                "bias-correction",
                "--calibration-data",
                CALIBRATION,
                "--bits",
                "4",
                "-o",
                out.toString(),
                "--json");
        assertThat(run.code()).isZero();
        assertThat(run.out()).contains("\"tensors\":[\"c1.bias\",\"c2.bias\",\"f1.bias\",\"f2.bias\"]");
        assertThat(Double.parseDouble(run.out().replaceAll("(?s).*\"max_rel_logit_change\":([^}]*)}.*", "$1")))
                .isBetween(1e-4, 1.0);
    }

    private static final String DIGITS = SAMPLES.resolve("digits_mlp.onnx").toString();
    private static final String FEW_DIGITS =
            SAMPLES.resolve("digits_calibration.npz").toString();

    @Test
    void recoveringWritesAModelAndAConfigWithItsRangesThatAreEvaluatedTogether() throws Exception {
        Path out = folder.resolve("recovered.onnx");
        Path config = folder.resolve("recovered.quantscope.json");
        CommandLineRun run = CommandLineRun.of(
                "correct",
                DIGITS,
                "--correction",
                "recover:epochs=20",
                "--calibration-data",
                FEW_DIGITS,
                "--weights",
                "2",
                "--activations",
                "4",
                "--granularity",
                "channel",
                "-o",
                out.toString(),
                "--json");
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        assertThat(run.out()).contains("\"config\":\"" + config + "\"").contains("\"least_output_error\":");
        assertThat(figure(run.out(), "best")).isLessThan(figure(run.out(), "start"));

        Session written = SessionFile.read(config);
        assertThat(written.state().corrections()).isEmpty();
        assertThat(written.state().overrides()).hasSize(7);
        assertThat(written.state().overrides().values()).allMatch(spec -> spec.clip() instanceof Clip.Fixed);
        String test = SAMPLES.resolve("digits_test.npz").toString();
        CommandLineRun eval =
                CommandLineRun.of("eval", out.toString(), "--config", config.toString(), "--data", test, "--json");
        CommandLineRun nearest = CommandLineRun.of(
                "eval",
                DIGITS,
                "--weights",
                "2",
                "--activations",
                "4",
                "--granularity",
                "channel",
                "--calibration-data",
                FEW_DIGITS,
                "--data",
                test,
                "--json");
        assertThat(figure(eval.out(), "quantized\":\\{\"correct"))
                .isGreaterThan(figure(nearest.out(), "quantized\":\\{\"correct") + 50);
    }

    private static double figure(String json, String name) {
        return Double.parseDouble(json.replaceAll("(?s).*?\"" + name + "\":([^,}]*)[,}].*", "$1"));
    }

    @Test
    void whatACorrectionIsExpectedToBringIsToldWithTheNumberOfSamples() {
        String[] args = {
            "correct",
            SAMPLES.resolve("digits_mlp.onnx").toString(),
            "--correction",
            "smoothquant:alpha=0.5",
            "--calibration-data",
            SAMPLES.resolve("digits_calibration.npz").toString(),
            "--bits",
            "4",
            "-o",
            folder.resolve("out.onnx").toString(),
        };
        CommandLineRun text = CommandLineRun.of((Object[]) args);
        assertThat(text.code()).isZero();
        assertThat(text.out())
                .containsPattern("expected: .*KL [0-9.]+ → [0-9.]+ on 128 calibration samples kept aside");

        String[] json = Arrays.copyOf(args, args.length + 1);
        json[args.length] = "--json";
        CommandLineRun run = CommandLineRun.of((Object[]) json);
        assertThat(run.out())
                .containsPattern("\"expected\":\\{\"kl_before\":[0-9.]+,\"kl_after\":[0-9.]+,\"samples\":128,"
                        + "\"helps\":(true|false)}");
        assertThat(Double.parseDouble(run.out().replaceAll("(?s).*\"max_rel_logit_change\":([^}]*)}.*", "$1")))
                .isLessThan(1e-5);
    }

    @Test
    void withoutSettingsNothingIsExpected() {
        CommandLineRun run = CommandLineRun.of(
                "correct",
                SAMPLES.resolve("digits_mlp.onnx").toString(),
                "--correction",
                "hadamard-rotation",
                "--calibration-data",
                SAMPLES.resolve("digits_calibration.npz").toString(),
                "-o",
                folder.resolve("out.onnx").toString(),
                "--json");
        assertThat(run.code()).isZero();
        assertThat(run.out()).contains("is rotated by").doesNotContain("expected");
    }

    @Test
    void anUnknownCorrectionOrOptionIsWrongUsage() {
        String out = folder.resolve("out.onnx").toString();
        CommandLineRun unknown = CommandLineRun.of("correct", LENET, "--correction", "adaround", "-o", out);
        assertThat(unknown.code()).isEqualTo(2);
        assertThat(unknown.err()).contains("adaround").contains("cross-layer-equalization, bias-correction");
        CommandLineRun option =
                CommandLineRun.of("correct", LENET, "--correction", "cross-layer-equalization:speed=1", "-o", out);
        assertThat(option.code()).isEqualTo(2);
        assertThat(option.err()).contains("no option speed");
    }

    @Test
    void aConfigWithACorrectionIsEvaluatedAndExportedCorrected() throws Exception {
        Path config = folder.resolve("c.json");
        CommandLineRun.of("calibrate", LENET, "-o", config.toString());
        SessionFile.write(
                Session.of(SessionFile.read(config)
                        .state()
                        .withCorrections(List.of(new AppliedCorrection(
                                "cross-layer-equalization", Map.of(), Optional.empty(), Optional.empty())))),
                config);
        CommandLineRun eval = CommandLineRun.of(
                "eval", LENET, "--config", config.toString(), "--data", TEST, "--limit", "500", "--json");
        assertThat(Double.parseDouble(eval.out().replaceAll("(?s).*\"delta\":([^,]*),.*", "$1")))
                .isGreaterThan(-0.01);
        Path qdq = folder.resolve("q.onnx");
        CommandLineRun export = CommandLineRun.of(
                "export",
                LENET,
                "--config",
                config.toString(),
                "--format",
                "onnx-qdq",
                "-o",
                qdq.toString(),
                "--data",
                TEST,
                "--limit",
                "500",
                "--json");
        assertThat(export.code()).isZero();
        assertThat(Double.parseDouble(export.out().replaceAll("(?s).*\"accuracy\":([0-9.E-]*).*", "$1")))
                .isGreaterThan(0.85);
        assertThat(Files.readString(qdq, StandardCharsets.ISO_8859_1)).contains("quantscope.corrections");
    }
}
