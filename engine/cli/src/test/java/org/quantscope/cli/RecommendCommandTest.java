package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.improve.RunTarget;
import tools.jackson.databind.JsonNode;

class RecommendCommandTest {
    @TempDir
    private Path folder;

    @Test
    void theConfigScoresOnBothHalvesWhatIsSaid() {
        Path model = CommandLineRun.sample("digits_mlp.onnx");
        Path data = CommandLineRun.sample("digits_test.npz");
        Path config = folder.resolve("c.json");
        CommandLineRun run = CommandLineRun.of(
                "recommend", model, "--target", "onnx-runtime", "--data", data, "-o", config, "--json");
        assertThat(run.code()).as(run.err()).isZero();
        JsonNode said = run.json();
        int chosenOn = said.at("/chosen_on/samples").asInt();
        assertThat(chosenOn + said.at("/reported_on/samples").asInt()).isEqualTo(500);

        // Both halves together are the whole data, which another command evaluates.
        JsonNode whole = CommandLineRun.of("eval", model, "--config", config, "--data", data, "--json")
                .json();
        assertThat(Math.round(chosenOn * said.at("/chosen/score").asDouble())
                        + said.at("/evaluated/quantized/correct").asLong())
                .isEqualTo(whole.at("/quantized/correct").asLong());
        assertThat(said.at("/chosen/size_bytes").asLong())
                .isEqualTo(whole.at("/size_bytes/quantized").asLong());
        assertThat(said.at("/evaluated/delta_lo95").asDouble())
                .isLessThan(said.at("/evaluated/delta_hi95").asDouble());

        // The next commands are those that a person runs.
        String[] words = said.at("/next/0").asString().split(" ");
        Object[] args = Arrays.copyOfRange(words, 1, words.length, Object[].class);
        CommandLineRun export = CommandLineRun.of(args);
        assertThat(export.code()).as(export.err()).isZero();
        words = said.at("/next/1").asString().split(" ");
        CommandLineRun proof = CommandLineRun.of(Arrays.copyOfRange(words, 1, words.length, Object[].class));
        assertThat(proof.code()).as(proof.err()).isZero();
        assertThat(Files.exists(folder.resolve("model.onnx"))).isTrue();
    }

    @Test
    void placesAreListedAndUnknownOnesRefused() {
        JsonNode all = CommandLineRun.of("list", "places", "--json").json();
        assertThat(all.valueStream().map(p -> p.get("id").asString()))
                .containsExactlyElementsOf(
                        RunTarget.all().stream().map(RunTarget::id).toList());
        CommandLineRun run = CommandLineRun.of(
                "recommend",
                CommandLineRun.sample("digits_mlp.onnx"),
                "--target",
                "moon",
                "--data",
                CommandLineRun.sample("digits_test.npz"),
                "-o",
                folder.resolve("c.json"));
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("moon", "onnx-runtime");
        assertThat(folder.resolve("c.json")).doesNotExist();
    }
}
