package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.session.SessionFile;
import tools.jackson.databind.JsonNode;

class BudgetCommandTest {
    private static final Path SAMPLES = CommandLineRun.SAMPLES;

    @TempDir
    private Path folder;

    private CommandLineRun budget(Object... more) {
        List<Object> args = new ArrayList<>(List.of(
                "budget",
                SAMPLES.resolve("digits_mlp.onnx"),
                "--calibration-data",
                SAMPLES.resolve("digits_calibration.npz"),
                "--granularity",
                "channel",
                "--json",
                "-o",
                folder.resolve("c.json")));
        args.addAll(List.of(more));
        return CommandLineRun.of(args.toArray());
    }

    private JsonNode eval(Object... settings) {
        List<Object> args = new ArrayList<>(List.of(
                "eval",
                SAMPLES.resolve("digits_mlp.onnx"),
                "--data",
                SAMPLES.resolve("digits_calibration.npz"),
                "--json"));
        args.addAll(List.of(settings));
        return CommandLineRun.of(args.toArray()).json();
    }

    /** The figures are those of eval on the config that was written, and no worse than the uniform bits of the size. */
    @Test
    void theBudgetIsKeptAndBeatsUniformBits() throws IOException {
        JsonNode json = budget("--average-bits", 3, "--data", SAMPLES.resolve("digits_test.npz"))
                .json();
        double kl = json.path("expected").path("kl").asDouble();
        assertThat(json.path("average_bits").asDouble()).isLessThanOrEqualTo(3).isGreaterThan(2);
        JsonNode again = eval("--config", folder.resolve("c.json"));
        assertThat(again.path("kl").asDouble()).isCloseTo(kl, within(1e-9));
        assertThat(again.path("size_bytes").path("quantized")).isEqualTo(json.path("size_bytes"));
        JsonNode uniform = eval("--weights", 3, "--granularity", "channel");
        assertThat(kl).isLessThanOrEqualTo(uniform.path("kl").asDouble());

        assertThat(json.path("tensors").size()).isEqualTo(3);
        SessionFile.read(folder.resolve("c.json"))
                .state()
                .overrides()
                .forEach((id, spec) ->
                        assertThat(json.path("tensors").toString()).contains("\"bits\":" + spec.bits()));
        assertThat(json.path("front").size()).isBetween(5, 20);
        assertThat(json.path("front").get(0).path("average_bits").asDouble()).isEqualTo(2);
        assertThat(json.path("evaluations").asInt()).isPositive();
        assertThat(json.path("evaluated").path("quantized").path("total").asInt())
                .isEqualTo(500);
    }

    @Test
    void aSizeInBytesHoldsAndTheRoundingOfChoiceFollows() throws IOException {
        JsonNode json = budget("--size", 1500, "--rounding", "gptq", "--bits-set", "2,4")
                .json();
        assertThat(json.path("size_bytes").asLong()).isLessThanOrEqualTo(1500);
        assertThat(json.path("tensors").findValuesAsString("bits")).containsOnly("2", "4");
        assertThat(SessionFile.read(folder.resolve("c.json")).solved()).hasSize(3);
        assertThat(json.has("evaluated")).isFalse();
    }

    /** Chosen on one half, reported on the other. */
    @Test
    void theLossIsChosenOnOtherSamplesThanItIsReportedOn() {
        JsonNode json = budget("--max-loss", 1, "--data", SAMPLES.resolve("digits_test.npz"))
                .json();
        assertThat(json.path("chosen_on").path("samples").asInt()).isEqualTo(250);
        assertThat(json.path("chosen_on").path("delta").asDouble()).isGreaterThanOrEqualTo(-0.01);
        assertThat(json.path("evaluated").path("quantized").path("total").asInt())
                .isEqualTo(250);
        assertThat(json.path("average_bits").asDouble()).isLessThan(8);
    }

    @Test
    void whatCannotBeIsSaid() {
        assertThat(budget().err()).contains("one of --average-bits, --size and --max-loss is needed, got 0");
        assertThat(budget("--max-loss", 1).err()).contains("--max-loss needs --data");
        CommandLineRun small = budget("--average-bits", 1.5);
        assertThat(small.code()).isEqualTo(2);
        assertThat(small.err()).contains("the fewest bits give 2", "more than 1.5");
        assertThat(budget("--average-bits", 3, "--weights", 4).err()).contains("the budget chooses the bits");
        assertThat(budget("--average-bits", 3, "--bits-set", "2,17").err()).contains("1 to 16 bits, got 17");
        assertThat(folder.resolve("c.json")).doesNotExist();
    }
}
