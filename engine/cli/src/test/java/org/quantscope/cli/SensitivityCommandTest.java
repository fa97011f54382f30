package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.quantscope.cli.CommandLineRun.names;
import static org.quantscope.cli.CommandLineRun.sample;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.job.CancelToken;
import tools.jackson.databind.JsonNode;

class SensitivityCommandTest {
    private static final Path MLP = sample("digits_mlp.onnx");
    private static final Path TEST = sample("digits_test.npz");
    private static final Path CALIBRATION = sample("digits_calibration.npz");
    private static final Path LENET = sample("fashion_lenet_unequalized.onnx");
    private static final Path FASHION = sample("fashion_mnist_test.npz");

    /** Runs {@code eval} with the same settings; {@code --keep-float} excludes every tensor that it matches. */
    private static JsonNode eval(Object... options) {
        List<Object> all = new ArrayList<>(
                List.of("eval", MLP, "--data", TEST, "--calibration-data", CALIBRATION, "--bits", 3, "--json"));
        all.addAll(List.of(options));
        return CommandLineRun.of(all.toArray()).json();
    }

    private static void assertSame(JsonNode figure, JsonNode eval) {
        assertThat(names(figure)).containsExactly("correct", "total", "accuracy", "delta");
        assertThat(figure.get("correct")).isEqualTo(eval.get("quantized").get("correct"));
        assertThat(figure.get("total").asInt()).isEqualTo(500);
        assertThat(figure.get("accuracy")).isEqualTo(eval.get("quantized").get("accuracy"));
        assertThat(figure.get("delta").asDouble()).isCloseTo(eval.get("delta").asDouble(), within(1e-12));
    }

    @Test
    void everyTensorHasTheFiguresThatEvalGivesForTheSameSettings() {
        CommandLineRun run = CommandLineRun.of(
                "sensitivity", MLP, "--data", TEST, "--calibration-data", CALIBRATION, "--bits", 3, "--json");
        JsonNode json = run.json();

        assertThat(run.err()).isEmpty();
        assertThat(names(json)).containsExactly("baseline", "tensors", "left_float");
        JsonNode all = eval();
        assertThat(names(json.get("baseline")))
                .containsExactly("output", "metric", "float32", "quantized", "delta", "logit_sqnr_db");
        assertThat(json.get("baseline").get("float32").toString())
                .isEqualTo("{\"correct\":477,\"total\":500,\"accuracy\":0.954}");
        assertThat(json.get("baseline").get("quantized")).isEqualTo(all.get("quantized"));
        assertThat(json.get("tensors").size()).isGreaterThan(5);
        double before = 1;
        for (JsonNode tensor : json.get("tensors")) {
            List<String> expected = new ArrayList<>(
                    List.of("name", "kind", "only_this_quantized", "all_but_this_quantized", "output_sqnr_db"));
            if (tensor.get("kind").asString().equals("weight")) {
                // Of the weight's own layer, on the calibration data.
                expected.addAll(List.of("output_mse", "layer_output_sqnr_db"));
            }
            assertThat(names(tensor)).containsExactlyElementsOf(expected);
            String name = Pattern.quote(tensor.get("name").asString());
            JsonNode only = eval("--keep-float", "^(?!" + name + "$)");
            assertSame(tensor.get("only_this_quantized"), only);
            assertSame(tensor.get("all_but_this_quantized"), eval("--keep-float", "^" + name + "$"));
            assertThat(tensor.get("output_sqnr_db").asDouble())
                    .isCloseTo(only.get("logit_sqnr_db").asDouble(), within(1e-6));
            double loss = -tensor.get("only_this_quantized").get("delta").asDouble();
            assertThat(loss).isLessThanOrEqualTo(before);
            before = loss;
        }
    }

    @Test
    void theLayerWithSpreadChannelsIsNamedFirst() {
        CommandLineRun run = CommandLineRun.of("sensitivity", LENET, "--data", FASHION, "--weights", 8, "--limit", 300);

        assertThat(run.code()).isZero();
        JsonNode json = CommandLineRun.of(
                        "sensitivity", LENET, "--data", FASHION, "--weights", 8, "--limit", 300, "--json")
                .json();
        JsonNode worst = json.get("tensors").get(0);
        assertThat(worst.get("kind").asString()).isEqualTo("weight");
        assertThat(worst.get("only_this_quantized").get("total").asInt()).isEqualTo(300);
        assertThat(worst.get("only_this_quantized").get("delta").asDouble()).isLessThan(-0.1);
        assertThat(run.out().lines().skip(1).findFirst().orElseThrow())
                .startsWith(worst.get("name").asString());
        assertThat(run.out().lines().reduce((a, b) -> b).orElseThrow())
                .startsWith("top-1 float32 ")
                .endsWith("300 samples");
    }

    @Test
    void aSecondRunEvaluatesOnlyWhatIsMissing(@TempDir Path state) {
        Object[] words = {"sensitivity", MLP, "--data", TEST, "--weights", 3};
        CommandLineRun first = CommandLineRun.in(state, new CancelToken(), words);
        CommandLineRun second = CommandLineRun.in(state, new CancelToken(), words);
        CommandLineRun other = CommandLineRun.in(
                state,
                new CancelToken(),
                "sensitivity",
                MLP,
                "--data",
                TEST,
                "--weights",
                3,
                "--keep-float",
                "4.weight");
        CommandLineRun fewer = CommandLineRun.in(
                state, new CancelToken(), "sensitivity", MLP, "--data", TEST, "--weights", 3, "--limit", 100);

        assertThat(first.out()).doesNotContain("earlier runs");
        assertThat(second.out())
                .isEqualTo(first.out() + "7 of 7 evaluations are those of earlier runs" + System.lineSeparator());
        // The two tensors alone, all but each of them, and both together: the first run evaluated the same as all but
        // the third.
        assertThat(other.out()).endsWith("5 of 5 evaluations are those of earlier runs" + System.lineSeparator());
        assertThat(fewer.out()).doesNotContain("earlier runs");
        Object[] json = {"sensitivity", MLP, "--data", TEST, "--weights", 3, "--json"};
        assertThat(CommandLineRun.in(state, new CancelToken(), json).out())
                .isEqualTo(CommandLineRun.of(json).out());
    }

    @Test
    void aMeanIsAValueInsteadOfACount() {
        JsonNode json = CommandLineRun.of(
                        "sensitivity",
                        MLP,
                        "--data",
                        TEST,
                        "--weights",
                        3,
                        "--metric",
                        "cosine",
                        "--limit",
                        50,
                        "--json")
                .json();

        assertThat(names(json.get("tensors").get(0).get("only_this_quantized")))
                .containsExactly("mean", "worst", "total", "delta");
        assertThat(json.get("tensors")
                        .get(0)
                        .get("only_this_quantized")
                        .get("delta")
                        .asDouble())
                .isNegative();
    }

    @Test
    void wrongUsageIsRefusedAsInEval() {
        assertThat(CommandLineRun.of("sensitivity", MLP, "--data", TEST, "--limit", 0)
                        .code())
                .isEqualTo(ExitCode.USAGE);
        assertThat(CommandLineRun.of("sensitivity", MLP, "--data", TEST, "--activations", 8)
                        .code())
                .isEqualTo(ExitCode.USAGE);
        assertThat(CommandLineRun.of("sensitivity", MLP, "--weights", 8).code()).isEqualTo(ExitCode.USAGE);
    }
}
