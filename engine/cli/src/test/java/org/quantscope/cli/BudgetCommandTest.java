package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.session.SessionFile;
import tools.jackson.databind.JsonNode;

class BudgetCommandTest {
    private static final Path SAMPLES = CommandLineRun.SAMPLES;

    /** Multiplications of each layer for one sample. */
    private static final Map<String, Integer> COUNTS =
            Map.of("0.weight", 64 * 32, "2.weight", 32 * 16, "4.weight", 16 * 10);

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

    /** What eval would say of the codes in the config stands with the figures here too. */
    @Test
    void theEvaluationSaysWhatEvalSays() {
        JsonNode json = budget("--average-bits", 3, "--rounding", "gptq", "--data", SAMPLES.resolve("digits_test.npz"))
                .json();
        JsonNode evaluated = json.path("evaluated");
        assertThat(evaluated.path("notes").toString())
                .contains("The codes of 3 weights are those of gptq, chosen on digits_calibration.npz.");
        JsonNode eval = CommandLineRun.of(
                        "eval",
                        SAMPLES.resolve("digits_mlp.onnx"),
                        "--data",
                        SAMPLES.resolve("digits_test.npz"),
                        "--config",
                        folder.resolve("c.json"),
                        "--json")
                .json();
        assertThat(evaluated.path("notes")).isEqualTo(eval.path("notes"));
        assertThat(evaluated.path("quantized")).isEqualTo(eval.path("quantized"));
        assertThat(json.path("expected").path("samples").asInt()).isEqualTo(256);
    }

    @Test
    void aTargetSaysWhichWidthsThereAre() {
        JsonNode json = budget("--size", 2500, "--target", "litert").json();
        assertThat(json.path("target").asString()).isEqualTo("litert");
        assertThat(json.path("bits_set").toString()).isEqualTo("[4,8]");
        assertThat(json.path("tensors").findValuesAsString("bits")).containsOnly("4", "8");
        JsonNode wide = budget("--average-bits", 16, "--target", "qnn", "--bits-set", "8,16")
                .json();
        assertThat(wide.path("tensors").findValuesAsString("bits")).containsOnly("16");

        CommandLineRun other = budget("--size", 2500, "--target", "litert", "--bits-set", "3,8");
        assertThat(other.code()).isEqualTo(2);
        assertThat(other.err()).contains("--bits-set: LiteRT takes [4, 8], not 3");
        assertThat(budget("--size", 2500, "--target", "npu").err())
                .contains("target: npu is not one of free, onnx-runtime, qnn, litert, tensorrt");
    }

    /** 64·30·W + 30·20·W + 20·10·W multiplications, by layer, with 8-bit activations. */
    @Test
    void aBudgetCanCountBitOperations() throws IOException {
        JsonNode json = budget("--bit-ops", 100_000, "--activations", 8).json();
        double ops = json.path("bit_ops").asDouble();
        assertThat(ops).isLessThanOrEqualTo(100_000);
        double sum = 0;
        for (JsonNode tensor : json.path("tensors")) {
            sum += 8.0
                    * tensor.path("bits").asInt()
                    * COUNTS.get(tensor.path("name").asString());
        }
        assertThat(ops).isEqualTo(sum);
        assertThat(json.path("front").get(0).path("bit_ops").asDouble())
                .isEqualTo(8.0 * 2 * COUNTS.values().stream().mapToInt(i -> i).sum());
        assertThat(SessionFile.read(folder.resolve("c.json")).state().activations())
                .isPresent();
        CommandLineRun small = budget("--bit-ops", 100);
        assertThat(small.code()).isEqualTo(2);
        assertThat(small.err()).contains("bit-operations, more than 100.0 bit-operations");
    }

    /** Four settings of one cost; the sentence goes by their figures. */
    @Test
    void mixedBitsAndRoundingAreComparedAtOneSize() {
        JsonNode json = budget(
                        "--size", 1400, "--compare", "--rounding", "gptq", "--data", SAMPLES.resolve("digits_test.npz"))
                .json();
        JsonNode compared = json.path("compared");
        assertThat(compared.path("rounding").asString()).isEqualTo("gptq");
        JsonNode settings = compared.path("settings");
        assertThat(settings.findValuesAsString("rounding")).containsExactly("nearest", "nearest", "gptq", "gptq");
        assertThat(settings.findValuesAsString("mixed")).containsExactly("false", "true", "false", "true");
        long size = settings.get(0).path("size_bytes").asLong();
        assertThat(settings)
                .allSatisfy(s -> assertThat(s.path("size_bytes").asLong()).isLessThanOrEqualTo(size));
        JsonNode uniform = CommandLineRun.of(
                        "eval",
                        SAMPLES.resolve("digits_mlp.onnx"),
                        "--data",
                        SAMPLES.resolve("digits_test.npz"),
                        "--weights",
                        compared.path("bits").asInt(),
                        "--granularity",
                        "channel",
                        "--rounding",
                        "gptq",
                        "--calibration-data",
                        SAMPLES.resolve("digits_calibration.npz"),
                        "--json")
                .json();
        assertThat(settings.get(2).path("quantized")).isEqualTo(uniform.path("quantized"));
        assertThat(settings.get(2).path("size_bytes"))
                .isEqualTo(uniform.path("size_bytes").path("quantized"));
        assertThat(compared.path("sentence").asString()).contains("top-1", "on 500 evaluation samples", "gptq");
    }

    @Test
    void whatCannotBeIsSaid() {
        assertThat(budget().err()).contains("one of --average-bits, --size, --bit-ops and --max-loss is needed, got 0");
        assertThat(budget("--max-loss", 1).err()).contains("--max-loss needs --data");
        CommandLineRun small = budget("--average-bits", 1.5);
        assertThat(small.code()).isEqualTo(2);
        assertThat(small.err()).contains("the fewest bits give 2", "more than 1.5");
        assertThat(budget("--average-bits", 3, "--weights", 4).err()).contains("the budget chooses the bits");
        assertThat(budget("--average-bits", 3, "--bits-set", "2,17").err()).contains("1 to 16 bits, got 17");
        assertThat(folder.resolve("c.json")).doesNotExist();
    }
}
