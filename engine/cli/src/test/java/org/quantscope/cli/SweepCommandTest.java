package org.quantscope.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.sweep.SweepFolder;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** A point of a sweep is what {@code eval} says with the same options, to the last bit. */
class SweepCommandTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final Path SAMPLES = CommandLineRun.SAMPLES;
    private static final Path MODEL = SAMPLES.resolve("digits_mlp.onnx");
    private static final Path DATA = SAMPLES.resolve("digits_test.npz");
    private static final Path CALIBRATION = SAMPLES.resolve("digits_calibration.npz");
    private static final List<String> OWN = List.of("point", "key", "model", "settings");
    private static final List<String> TIMES = List.of("seconds", "samples_per_second");

    @TempDir
    private Path folder;

    private Path plan(String axes, String rest) throws IOException {
        Path file = folder.resolve("plan.json");
        Files.writeString(file, """
            {"format": "quantscope-sweep", "version": 1,
             "models": [{"file": "%s", "data": "%s", "calibration_data": "%s", "limit": 60}],
             "axes": {%s}%s}
            """.formatted(MODEL, DATA, CALIBRATION, axes, rest));
        return file;
    }

    private List<JsonNode> rows(Path out) throws IOException {
        List<JsonNode> rows = new ArrayList<>();
        for (String line : Files.readAllLines(out.resolve(SweepFolder.ROWS))) {
            rows.add(JSON.readTree(line));
        }
        return rows;
    }

    private static ObjectNode without(JsonNode node, List<String> names) {
        ObjectNode copy = (ObjectNode) node.deepCopy();
        copy.remove(names);
        return copy;
    }

    private static JsonNode eval(Object... options) throws IOException {
        List<Object> all = new ArrayList<>(
                List.of("eval", MODEL, "--data", DATA, "--calibration-data", CALIBRATION, "--limit", 60, "--json"));
        all.addAll(List.of(options));
        CommandLineRun run = CommandLineRun.of(all.toArray());
        assertThat(run.code()).as(run.err()).isZero();
        return without(JSON.readTree(run.out()), TIMES);
    }

    @Test
    void aRowIsWhatEvalSays() throws IOException {
        Path out = folder.resolve("out");
        CommandLineRun run = CommandLineRun.of("sweep", plan("""
            "weights": [3, "float"], "activations": ["float", 8], "granularity": ["channel"],
            "rounding": ["nearest", "gptq"], "calibrator": ["mse"]\
            """, ""), "-o", out, "--json");

        assertThat(run.code()).as(run.err()).isZero();
        JsonNode said = JSON.readTree(run.out());
        assertThat(said.propertyNames()).containsExactly("points", "done", "skipped", "refused", "seconds");
        assertThat(said.get("points").intValue()).isEqualTo(8);
        assertThat(said.get("done").intValue()).isEqualTo(8);
        // Weights in float take no quantizer options, as on the command line.
        assertThat(said.get("refused").intValue()).isEqualTo(4);
        List<JsonNode> rows = rows(out);
        assertThat(rows.get(4).get("refused").stringValue()).contains("nothing is quantized");
        assertThat(rows.get(6).get("refused").stringValue()).contains("need --weights B");
        assertThat(without(rows.get(0), OWN))
                .isEqualTo(eval("--weights", 3, "--granularity", "channel", "--calibrator", "mse"));
        assertThat(without(rows.get(1), OWN))
                .isEqualTo(
                        eval("--weights", 3, "--granularity", "channel", "--calibrator", "mse", "--rounding", "gptq"));
        assertThat(without(rows.get(3), OWN))
                .isEqualTo(eval(
                        "--weights",
                        3,
                        "--activations",
                        8,
                        "--granularity",
                        "channel",
                        "--calibrator",
                        "mse",
                        "--rounding",
                        "gptq"));
    }

    @Test
    void partsOfTheDataAddUpToTheWhole() throws IOException {
        Path whole = folder.resolve("whole");
        Path parts = folder.resolve("parts");
        assertThat(CommandLineRun.of("sweep", plan("\"weights\": [3]", ""), "-o", whole)
                        .code())
                .isZero();
        assertThat(CommandLineRun.of(
                                "sweep",
                                plan("\"weights\": [3]", ", \"shards\": 7, \"calibration_shards\": 3"),
                                "-o",
                                parts)
                        .code())
                .isZero();

        JsonNode all = rows(whole).getFirst();
        List<JsonNode> rows = rows(parts);
        assertThat(rows).hasSize(7);
        assertThat(rows.stream()
                        .mapToInt(r -> r.at("/quantized/correct").intValue())
                        .sum())
                .isEqualTo(all.at("/quantized/correct").intValue());
        assertThat(rows.stream()
                        .mapToInt(r -> r.at("/float32/correct").intValue())
                        .sum())
                .isEqualTo(all.at("/float32/correct").intValue());
        JsonNode merged = JSON.readTree(Files.readString(parts.resolve(SweepFolder.WHOLE)));
        for (String field : List.of(
                "metric", "float32", "quantized", "delta", "delta_lo95", "delta_hi95", "agreement", "size_bytes")) {
            assertThat(merged.get(field)).as(field).isEqualTo(all.get(field));
        }
        assertThat(merged.get("points").size()).isEqualTo(7);
    }

    @Test
    void aRunGoesOnFromHalfALine() throws IOException {
        Path plan = plan("\"weights\": [3, 4, 8]", "");
        Path out = folder.resolve("out");
        assertThat(CommandLineRun.of("sweep", plan, "-o", out).code()).isZero();
        Path file = out.resolve(SweepFolder.ROWS);
        String complete = Files.readString(file);
        int second = complete.indexOf('\n') + 1;
        Files.writeString(file, complete.substring(0, second + 40));

        CommandLineRun run = CommandLineRun.of("sweep", plan, "-o", out, "--json");

        assertThat(run.code()).as(run.err()).isZero();
        JsonNode said = JSON.readTree(run.out());
        assertThat(said.get("done").intValue()).isEqualTo(2);
        assertThat(said.get("skipped").intValue()).isEqualTo(1);
        assertThat(Files.readString(file)).isEqualTo(complete);
    }

    @Test
    void aCancelledRunEndsWith130AndKeepsItsRows() throws IOException {
        CancelToken cancel = new CancelToken();
        cancel.cancel();
        CommandLineRun run =
                CommandLineRun.of(cancel, "sweep", plan("\"weights\": [3]", ""), "-o", folder.resolve("out"));
        assertThat(run.code()).isEqualTo(ExitCode.CANCELLED);
    }

    @Test
    void withoutTheLauncherAMasterIsWrongUsage() throws IOException {
        CommandLineRun run = CommandLineRun.of(
                "sweep", plan("\"weights\": [3]", ""), "-o", folder.resolve("out"), "--master", "local[2]");
        if (System.getenv(SparkLauncher.VARIABLE) == null) {
            assertThat(run.code()).isEqualTo(ExitCode.USAGE);
            assertThat(run.err()).contains("spark/bin/quantscope-spark");
            assertThat(folder.resolve("out")).doesNotExist();
        }
        Path script = Files.createFile(folder.resolve("named"));
        assertThat(SparkLauncher.find(Optional.of(script.toString()), Optional.empty()))
                .contains(new SparkLauncher(script));
        assertThat(SparkLauncher.find(Optional.of(folder.resolve("none").toString()), Optional.of(folder)))
                .isEmpty();
    }
}
