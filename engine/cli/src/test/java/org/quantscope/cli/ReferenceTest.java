package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.testkit.ArrayFiles;
import org.quantscope.testkit.TinyModels;
import tools.jackson.databind.JsonNode;

/** Which float model an accuracy is compared with, and what is said of one whose weights are no numbers. */
class ReferenceTest {
    private static final Path SAMPLES = Path.of(System.getProperty("quantscope.samples"));
    private static final Path TEST = SAMPLES.resolve("digits_test.npz");
    private static final Path CALIBRATION = SAMPLES.resolve("digits_calibration.npz");

    @TempDir
    private Path folder;

    private JsonNode eval(Path model, Object... more) {
        Object[] args = new Object[8 + more.length];
        System.arraycopy(
                new Object[] {"eval", model, "--data", TEST, "--weights", 8, "--json", "--no-fold-bn"}, 0, args, 0, 8);
        System.arraycopy(more, 0, args, 8, more.length);
        return CommandLineRun.of(args).json();
    }

    /** A bias correction for two bits moves the float model itself: beside it the loss would look small. */
    @Test
    void aCorrectedFileIsComparedWithItsOriginal() throws IOException {
        Path original = Files.copy(SAMPLES.resolve("digits_mlp.onnx"), folder.resolve("original.onnx"));
        Path corrected = folder.resolve("corrected.onnx");
        assertThat(CommandLineRun.of(
                                "correct",
                                original,
                                "--correction",
                                "bias-correction",
                                "--calibration-data",
                                CALIBRATION,
                                "--weights",
                                2,
                                "-o",
                                corrected)
                        .code())
                .isZero();
        double floats = eval(original).path("float32").path("accuracy").asDouble();

        JsonNode beside = eval(corrected);
        assertThat(beside.path("reference").asString()).endsWith("original.onnx");
        assertThat(beside.path("float32").path("accuracy").asDouble()).isEqualTo(floats);
        assertThat(beside.path("notes").toString()).contains("The float figures are those of original.onnx.");

        Path config = folder.resolve("c.json");
        CommandLineRun.of("calibrate", corrected, "--weights", 8, "-o", config, "--json")
                .json();
        assertThat(agreement(corrected, config)).isLessThan(1);

        Path alone = Files.createDirectory(folder.resolve("alone")).resolve("corrected.onnx");
        Files.copy(corrected, alone);
        JsonNode itself = eval(alone);
        assertThat(itself.path("reference").asString()).isEqualTo(alone.toString());
        assertThat(itself.path("float32").path("accuracy").asDouble()).isLessThan(floats);
        assertThat(agreement(alone, config)).isGreaterThan(agreement(corrected, config));
        assertThat(eval(alone, "--reference", original)
                        .path("float32")
                        .path("accuracy")
                        .asDouble())
                .isEqualTo(floats);
        assertThat(agreement(alone, config, "--reference", original)).isEqualTo(agreement(corrected, config));
    }

    /** The share of samples on which the exported file gives the class of the float model. */
    private double agreement(Path model, Path config, Object... more) {
        Object[] args = new Object[11 + more.length];
        Object[] first = {
            "export",
            model,
            "--config",
            config,
            "--format",
            "onnx-qdq",
            "-o",
            folder.resolve("q.onnx"),
            "--data",
            TEST,
            "--json"
        };
        System.arraycopy(first, 0, args, 0, first.length);
        System.arraycopy(more, 0, args, first.length, more.length);
        return CommandLineRun.of(args)
                .json()
                .path("verified")
                .path("float_agreement")
                .asDouble();
    }

    @Test
    void aReferenceWithOtherOutputsIsRefused() throws IOException {
        Path other = folder.resolve("other.onnx");
        Files.write(other, TinyModels.matMul().build().toByteArray());
        CommandLineRun run = CommandLineRun.of(
                "eval", SAMPLES.resolve("digits_mlp.onnx"), "--data", TEST, "--weights", 8, "--reference", other);
        assertThat(run.code()).isEqualTo(ExitCode.BAD_INPUT);
        assertThat(run.err())
                .contains("other.onnx")
                .contains("it has no output")
                .hasLineCount(1);
    }

    @Test
    void weightsThatAreNoNumbersAreSaidEverywhere() throws IOException {
        Path model = folder.resolve("nan.onnx");
        var builder = TinyModels.matMul();
        builder.getGraphBuilder()
                .setInitializer(
                        0, TinyModels.floats("w", new long[] {2, 3}, 1, Float.NaN, 3, 4, Float.POSITIVE_INFINITY, 6));
        Files.write(model, builder.build().toByteArray());
        Path data = folder.resolve("x.npz");
        Files.write(
                data,
                ArrayFiles.zip(
                        false,
                        Map.of("x.npy", ArrayFiles.npy("<f4", "(4, 2)", ArrayFiles.f4(1, 2, 3, 4, 5, 6, 7, 8)))));
        String said = "w holds 1 NaN and 1 infinite among its 6 values: no accuracy of this model means anything.";

        assertThat(CommandLineRun.of("inspect", model).out()).contains("note: " + said);
        Path config = folder.resolve("c.json");
        assertThat(CommandLineRun.of("calibrate", model, "--weights", 8, "-o", config)
                        .err())
                .contains(said);
        assertThat(CommandLineRun.of("eval", model, "--data", data, "--weights", 8, "--json")
                        .json()
                        .path("notes")
                        .toString())
                .contains(said);
        assertThat(CommandLineRun.of("sensitivity", model, "--data", data, "--weights", 8)
                        .out())
                .contains(said);
        CommandLineRun exported = CommandLineRun.of(
                "export",
                model,
                "--config",
                config,
                "--format",
                "onnx-qdq",
                "-o",
                folder.resolve("q.onnx"),
                "--data",
                data,
                "--json");
        assertThat(exported.json().path("problems").toString()).contains(said);
    }
}
