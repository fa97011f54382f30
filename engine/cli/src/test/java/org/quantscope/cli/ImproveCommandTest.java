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
import org.quantscope.core.session.AppliedCorrection;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.session.SessionState;
import tools.jackson.databind.JsonNode;

class ImproveCommandTest {
    private static final Path SAMPLES = CommandLineRun.SAMPLES;
    private static final Path MODEL = SAMPLES.resolve("digits_mlp.onnx");

    @TempDir
    private Path folder;

    private CommandLineRun improve(Object... more) {
        List<Object> args = new ArrayList<>(List.of(
                "improve",
                MODEL,
                "--calibration-data",
                SAMPLES.resolve("digits_calibration.npz"),
                "--json",
                "-o",
                folder.resolve("c.json")));
        args.addAll(List.of(more));
        return CommandLineRun.of(args.toArray());
    }

    private static JsonNode eval(Path model, Object... settings) {
        List<Object> args = new ArrayList<>(
                List.of("eval", model, "--data", SAMPLES.resolve("digits_test.npz"), "--limit", 200, "--json"));
        args.addAll(List.of(settings));
        return CommandLineRun.of(args.toArray()).json();
    }

    /** The last figures are those of eval with the config on the model as it is, and the first those of the options. */
    @Test
    void theConfigGivesWhatTheLastStepSays() throws IOException {
        JsonNode json = improve(
                        "--average-bits",
                        3,
                        "--granularity",
                        "channel",
                        "--data",
                        SAMPLES.resolve("digits_test.npz"),
                        "--limit",
                        200)
                .json();
        JsonNode steps = json.path("steps");
        assertThat(steps.findValuesAsString("id"))
                .containsExactly("start", "equalization", "ranges", "rounding", "bits");
        assertThat(json.path("chosen_on").path("samples").asInt()).isEqualTo(128);
        assertThat(json.path("decided_on").path("samples").asInt()).isEqualTo(128);
        double before = Double.POSITIVE_INFINITY;
        for (JsonNode step : steps) {
            double kl = step.path("kl").asDouble();
            assertThat(kl)
                    .isPositive()
                    .isLessThanOrEqualTo(before * (step.path("kept").asBoolean() ? 0.99 : 1));
            assertThat(step.path("evaluated").path("quantized").path("total").asInt())
                    .isEqualTo(200);
            assertThat(step.has("tried") || step.has("why") || step.path("kept").asBoolean())
                    .isTrue();
            before = kl;
        }
        assertThat(steps.get(1).path("kept").asBoolean()).isTrue();

        same(
                eval(MODEL, "--weights", 3, "--granularity", "channel"),
                steps.get(0).path("evaluated"));
        same(eval(MODEL, "--config", folder.resolve("c.json")), steps.get(4).path("evaluated"));

        SessionState state = SessionFile.read(folder.resolve("c.json")).state();
        assertThat(state.corrections()).extracting(AppliedCorrection::id).containsExactly("cross-layer-equalization");
        Path equalized = folder.resolve("c.equalized.onnx");
        assertThat(json.path("equalized_model").asString()).isEqualTo(equalized.toString());
        // Its weights are others, and it computes the same.
        assertThat(eval(equalized, "--reference", MODEL, "--weights", 8).path("float32"))
                .isEqualTo(eval(MODEL, "--weights", 8).path("float32"));
        assertThat(Files.mismatch(equalized, MODEL)).isNotEqualTo(-1);
    }

    private static void same(JsonNode eval, JsonNode step) {
        assertThat(step.path("quantized")).isEqualTo(eval.path("quantized"));
        assertThat(step.path("float32")).isEqualTo(eval.path("float32"));
        assertThat(step.path("size_bytes")).isEqualTo(eval.path("size_bytes"));
        assertThat(step.path("kl").asDouble()).isCloseTo(eval.path("kl").asDouble(), within(1e-9));
    }

    @Test
    void whatCannotBeIsSaid() {
        CommandLineRun small = improve("--average-bits", 1.5);
        assertThat(small.code()).isEqualTo(2);
        assertThat(small.err()).contains("the fewest bits give 2", "more than 1.5");
        assertThat(improve("--average-bits", 3, "--weights", 4).err()).contains("excludes --bits and --weights");
        assertThat(improve("--average-bits", -1).err()).contains("a number above 0, got -1");
        assertThat(improve("--activations", 8).err()).contains("no weight is quantized");
        assertThat(improve("--limit", 5).err()).contains("--limit is that of --data");
        CommandLineRun over = CommandLineRun.of(
                "improve", MODEL, "--calibration-data", SAMPLES.resolve("digits_calibration.npz"), "-o", MODEL);
        assertThat(over.code()).isEqualTo(2);
        assertThat(folder.resolve("c.json")).doesNotExist();
    }
}
