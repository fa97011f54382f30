package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.testkit.TinyModels;
import tools.jackson.databind.JsonNode;

/** Weights are found where exporters put them, and what stays in float is said by every command. */
class LeftFloatTest {
    @TempDir
    private Path folder;

    private Path resource(String name) throws IOException {
        Path file = folder.resolve(name);
        try (InputStream in = Objects.requireNonNull(LeftFloatTest.class.getResourceAsStream("floats/" + name))) {
            Files.write(file, in.readAllBytes());
        }
        return file;
    }

    private static List<String> weights(JsonNode inspected) {
        List<String> found = new ArrayList<>();
        for (JsonNode tensor : inspected.get("tensors")) {
            if (tensor.get("kind").asString().equals("weight")) {
                found.add(tensor.get("name").asString()
                        + (tensor.has("channel_axis")
                                ? ":" + tensor.get("channel_axis").asInt()
                                : ""));
            }
        }
        return found;
    }

    /** @param sqnr the least signal-to-noise ratio of 8-bit weights per channel, which their being float exceeds, in dB */
    @ParameterizedTest
    @CsvSource({
        "weight-first, W:0, 40",
        "fp16-cast, W:1, 40",
        "einsum, W:1, 40",
        "local-function, W:1 Head_1/Wc:1, 40",
        "contrib-ops, W:0 V:1, 40",
        "weight-is-output, W:1, 40"
    })
    void weightsAreQuantizedWhereExportersPutThem(String name, String weights, double sqnr) throws IOException {
        Path model = resource(name + ".onnx");
        Path data = resource(name + ".npz");

        assertThat(weights(CommandLineRun.of("inspect", model, "--json").json()))
                .containsExactly(weights.split(" ", -1));
        assertThat(weights(CommandLineRun.of("inspect", model, "--header", "--json")
                        .json()))
                .containsExactly(weights.split(" ", -1));
        CommandLineRun run = CommandLineRun.of(
                "eval", model, "--data", data, "--weights", 8, "--granularity", "channel", "--check", "--json");
        assertThat(run.code()).isZero();
        JsonNode eval = run.json();
        assertThat(eval.get("logit_sqnr_db").asDouble()).isBetween(sqnr, 60.0);
        assertThat(eval.get("float32").get("accuracy").asDouble()).isEqualTo(1);
        assertThat(eval.get("size_bytes").get("quantized").asInt())
                .isLessThan(eval.get("size_bytes").get("float32").asInt());

        Path config = folder.resolve("config.json");
        CommandLineRun.of("calibrate", model, "--data", data, "--weights", 8, "-o", config, "--json")
                .json();
        JsonNode exported = CommandLineRun.of(
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
                        "--check",
                        "--json")
                .json();
        assertThat(exported.get("problems")).isEmpty();
        assertThat(exported.get("verified").get("live_agreement").asDouble()).isEqualTo(1);
    }

    private Path recurrent() throws IOException {
        Path file = folder.resolve("rnn.onnx");
        Files.write(
                file,
                TinyModels.model(
                                14,
                                TinyModels.graph(
                                                TinyModels.node("RNN", List.of("x", "W", "R"), "h")
                                                        .addAttribute(TinyModels.attribute("hidden_size", 2)),
                                                TinyModels.node("Squeeze", List.of("h"), "s"),
                                                TinyModels.node("MatMul", List.of("s", "fc"), "m"),
                                                TinyModels.node("Mul", List.of("m", "factor"), "y"))
                                        .setInput(0, TinyModels.value("x", 4, 1, 3))
                                        .setOutput(0, TinyModels.value("y", 4, 2))
                                        .addInitializer(TinyModels.floats("W", new long[] {1, 2, 3}, 1, 2, 3, 4, 5, 6))
                                        .addInitializer(TinyModels.floats("R", new long[] {1, 2, 2}, 1, 2, 3, 4))
                                        .addInitializer(TinyModels.floats("fc", new long[] {2, 2}, 1, 2, 3, 4))
                                        .addInitializer(TinyModels.floats("factor", new long[] {2}, 1, 2)))
                        .build()
                        .toByteArray());
        return file;
    }

    private static List<String> left(JsonNode json) {
        List<String> found = new ArrayList<>();
        json.get("left_float")
                .forEach(l ->
                        found.add(l.get("name").asString() + ": " + l.get("why").asString()));
        return found;
    }

    @Test
    void whatStaysFloatIsListedAndFailsTheCheckUnlessItIsKept() throws IOException {
        Path model = recurrent();
        Path config = folder.resolve("config.json");
        String why = ": RNN RNN_0 is a recurrent network, which runs in float";
        String factor = "factor: Mul Mul_3 multiplies value by value; matrices and kernels are quantized";

        assertThat(left(CommandLineRun.of("inspect", model, "--json").json()))
                .containsExactly("W" + why, "R" + why, factor);
        for (List<Object> command : List.<List<Object>>of(
                List.of("error", model, "--tensor", "fc", "--json"),
                List.of("curve", model, "--tensor", "fc", "--points", 2, "--json"),
                List.of(
                        "correct",
                        model,
                        "--correction",
                        "cross-layer-equalization",
                        "-o",
                        folder.resolve("equal.onnx"),
                        "--json"))) {
            assertThat(left(CommandLineRun.of(command.toArray()).json())).containsExactly("W" + why, "R" + why, factor);
        }
        for (List<Object> command : List.<List<Object>>of(
                List.of("error", model, "--tensor", "fc"),
                List.of("curve", model, "--tensor", "fc", "--points", 2),
                List.of(
                        "correct",
                        model,
                        "--correction",
                        "cross-layer-equalization",
                        "-o",
                        folder.resolve("equal.onnx")))) {
            assertThat(CommandLineRun.of(command.toArray()).out())
                    .contains("in float: 3 constants that values are multiplied with\n  W" + why);
        }
        CommandLineRun checked =
                CommandLineRun.of("calibrate", model, "--weights", 8, "-o", config, "--check", "--json");
        assertThat(checked.code()).isEqualTo(ExitCode.CHECK_FAILED);
        assertThat(left(checked.json())).containsExactly("W" + why, "R" + why, factor);
        assertThat(CommandLineRun.of("calibrate", model, "--weights", 8, "-o", config)
                        .code())
                .isZero();
        CommandLineRun exported = CommandLineRun.of(
                "export", model, "--config", config, "--format", "npz", "-o", folder.resolve("q.npz"), "--check");
        assertThat(exported.code()).isEqualTo(ExitCode.CHECK_FAILED);
        assertThat(exported.out())
                .contains("in float: 3 constants that values are multiplied with, 2 of them weights that were to be"
                        + " quantized\n  W" + why);
        CommandLineRun kept = CommandLineRun.of(
                "calibrate", model, "--weights", 8, "--keep-float", "^[WR]$", "-o", config, "--check", "--json");
        assertThat(kept.code()).isZero();
        assertThat(left(kept.json())).containsExactly("W: kept in float", "R: kept in float", factor);
    }

    /** A model trained for quantization: float weights behind pairs of nodes. */
    @Test
    void aQuantizedModelIsOpenedImportedAndExportedAgain() throws IOException {
        Path model = resource("qat-qdq.onnx");
        Path data = resource("qat-qdq.npz");
        Path config = folder.resolve("config.json");
        Path again = folder.resolve("again.onnx");

        CommandLineRun inspected = CommandLineRun.of("inspect", model);
        assertThat(inspected.out())
                .contains(
                        "already quantized (QuantizeLinear on float weights",
                        "2 weights with 8 bits per tensor and" + " channel, 2 activations with 8 bits");
        JsonNode json = CommandLineRun.of("inspect", model, "--json").json();
        assertThat(weights(json)).containsExactly("W1:1", "W2:1");
        assertThat(json.get("already_quantized").asString()).startsWith("already quantized");
        JsonNode imported = CommandLineRun.of(
                        "import", "--format", "onnx-qdq", model, "--model", model, "-o", config, "--json")
                .json();
        assertThat(imported.get("tensors").asInt()).isEqualTo(4);
        assertThat(imported.get("unmatched")).isEmpty();
        JsonNode exported = CommandLineRun.of(
                        "export",
                        model,
                        "--config",
                        config,
                        "--format",
                        "onnx-qdq",
                        "-o",
                        again,
                        "--data",
                        data,
                        "--check",
                        "--json")
                .json();
        assertThat(exported.get("verified").get("live_agreement").asDouble()).isEqualTo(1);
        assertThat(weights(CommandLineRun.of("inspect", again, "--json").json()))
                .containsExactly("W1:1", "W2:1");
    }

    @Test
    void recurrentWeightsAreQuantizedIfTheyAreAskedFor() throws IOException {
        Path model = recurrent();
        Path config = folder.resolve("also.json");

        CommandLineRun run = CommandLineRun.of(
                "calibrate",
                model,
                "--weights",
                4,
                "--granularity",
                "channel",
                "--also",
                "^[WR]$",
                "--check",
                "-o",
                config,
                "--json");

        assertThat(run.code()).isZero();
        assertThat(left(run.json())).singleElement().asString().startsWith("factor: ");
        // A scale for each of the two rows of W [1, 2, 3], as for R.
        assertThat(Files.readString(config)).contains("\"W\"", "\"R\"", "channel:1");
        CommandLineRun none = CommandLineRun.of("calibrate", model, "--weights", 4, "--also", "emb", "-o", config);
        assertThat(none.code()).isEqualTo(2);
        assertThat(none.err())
                .contains("--also: no table and no recurrent weight has a name that matches emb; there are W, R");
    }
}
