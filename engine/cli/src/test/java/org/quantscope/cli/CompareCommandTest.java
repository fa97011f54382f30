package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.quantscope.cli.CommandLineRun.names;
import static org.quantscope.cli.CommandLineRun.sample;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.testkit.ArrayFiles;
import tools.jackson.databind.JsonNode;

class CompareCommandTest {
    @TempDir
    Path folder;

    private final Path floats = sample("digits_mlp.onnx");
    private final Path data = sample("digits_test.npz");

    private Path twin() {
        Path config = folder.resolve("config.json");
        Path twin = folder.resolve("twin.onnx");
        CommandLineRun.of("calibrate", floats, "--data", sample("digits_calibration.npz"), "--bits", 8, "-o", config);
        assertThat(CommandLineRun.of("export", floats, "--config", config, "--format", "onnx-qdq", "-o", twin)
                        .code())
                .isZero();
        return twin;
    }

    @Test
    void aCleanTwinDepartsNowhere() {
        JsonNode found = CommandLineRun.of(
                        "compare", floats, twin(), "--data", data, "--limit", 40, "--check", "--json")
                .json();

        assertThat(names(found)).containsExactly("samples", "aligned", "unaligned", "unaligned_deployed", "tensors");
        assertThat(found.get("samples").asInt()).isEqualTo(40);
        assertThat(found.get("unaligned")).isEmpty();
        JsonNode last = found.get("tensors").get(found.get("aligned").asInt() - 1);
        assertThat(names(last)).containsExactly("name", "deployed", "error_sqnr_db", "explained_sqnr_db", "departs");
        assertThat(last.get("name").asString()).isEqualTo("logits");
        assertThat(last.get("error_sqnr_db").asDouble())
                .isBetween(25.0, 60.0)
                .isCloseTo(last.get("explained_sqnr_db").asDouble(), within(0.5));
    }

    /** The deployed file is the second form too: nothing is between them. */
    @Test
    void twoFormsAreTakenApart() {
        Path twin = twin();
        CommandLineRun run = CommandLineRun.of("compare", floats, twin, twin, "--data", data, "--limit", 20, "--json");

        JsonNode between = run.json().get("between");
        assertThat(names(between)).containsExactly("order", "tensors", "flips", "answers", "agrees", "agrees_2");
        assertThat(names(between.get("tensors").get(0)))
                .startsWith("name", "difference", "scale", "rounding", "placement", "rest");
        assertThat(between.get("tensors")
                        .valueStream()
                        .mapToDouble(t -> t.get("difference").asDouble()))
                .containsOnly(0.0);
        assertThat(between.get("flips")).isEmpty();
    }

    /** Ten samples whose answers are all 0: nothing that is tried makes 0 of what the last layer reads. */
    @Test
    void aFolderOfDumpedValuesThatDepartsFailsTheCheck() throws IOException {
        Path dump = Files.createDirectory(folder.resolve("dump"));
        Files.write(dump.resolve("scores.npy"), ArrayFiles.npy("<f4", "(10, 10)", ArrayFiles.f4(new float[100])));
        Path pairs = Files.writeString(folder.resolve("pairs.txt"), "# float, device\nlogits,scores\n");
        CommandLineRun run =
                CommandLineRun.of("compare", floats, dump, "--data", data, "--pairs", pairs, "--check", "--json");

        assertThat(run.code()).isEqualTo(1);
        JsonNode found = run.json();
        assertThat(found.get("samples").asInt()).isEqualTo(10);
        assertThat(names(found)).contains("first_departure", "notes");
        assertThat(found.get("first_departure").get("name").asString()).isEqualTo("logits");
        assertThat(names(found.get("first_departure"))).containsExactly("name", "cause", "evidence");
        assertThat(names(found.get("first_departure").get("evidence"))).contains("said", "part", "difference", "tried");
        assertThat(CommandLineRun.of("compare", floats, dump, "--data", data, "--pairs", pairs)
                        .out())
                .contains("first departure  logits: ");
    }

    @Test
    void pairsThatAreNoneAreRefusedWithFileFieldAndValue() throws IOException {
        Path dump = Files.createDirectory(folder.resolve("dump"));
        Files.write(dump.resolve("scores.npy"), ArrayFiles.npy("<f4", "(10, 10)", ArrayFiles.f4(new float[100])));
        Path pairs = folder.resolve("pairs.txt");
        for (String[] wrong : new String[][] {
            {"logits", "line 1", "logits"},
            {"nothing,scores", "pairs", "no tensor nothing"},
            {"logits,none", "pairs", "no tensor none"},
            {"logits,scores\nlogits,scores", "line 2", "logits"},
        }) {
            Files.writeString(pairs, wrong[0]);
            CommandLineRun run = CommandLineRun.of("compare", floats, dump, "--data", data, "--pairs", pairs);
            assertThat(run.code()).as(wrong[0]).isEqualTo(3);
            assertThat(run.err()).as(wrong[0]).contains(wrong[1], wrong[2]).hasLineCount(1);
        }
        CommandLineRun without = CommandLineRun.of("compare", floats, dump, "--data", data);
        assertThat(without.code()).isEqualTo(3);
        assertThat(without.err()).contains("--pairs");
    }
}
