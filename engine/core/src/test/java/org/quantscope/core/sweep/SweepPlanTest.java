package org.quantscope.core.sweep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.testkit.ArrayFiles;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

class SweepPlanTest {
    private static final CancelToken NEVER = new CancelToken();

    @TempDir
    private Path folder;

    private Path plan(String models, String axes, String rest) throws IOException {
        return Files.writeString(
                folder.resolve("plan.json"),
                "{\"format\": \"quantscope-sweep\", \"version\": 1, \"models\": [" + models + "], \"axes\": {" + axes
                        + "}" + rest + "}");
    }

    private static final String ONE = "{\"file\": \"a.onnx\", \"data\": \"a.npz\"}";

    @Test
    void theLastAxisRunsFastest() throws IOException {
        SweepPlan plan = PlanReader.read(
                plan(
                        ONE + ", {\"name\": \"b\", \"file\": \"/b.onnx\", \"data\": \"a.npz\"}",
                        // In another order than that of the points.
                        "\"calibrator\": [\"minmax\", \"mse\"], \"weights\": [4, 8], \"activations\": [\"float\"],"
                                + " \"tensors\": [\"*\", \"w\"], \"corrections\": [[]]",
                        ", \"shards\": 2"),
                NEVER);

        List<SweepPoint> points = Expansion.of(plan);

        assertThat(points).hasSize(2 * 2 * 2 * 2 * 2);
        assertThat(points.stream().map(SweepPoint::number).toList()).isSorted().doesNotHaveDuplicates();
        assertThat(points.stream().map(SweepPoint::key).toList()).doesNotHaveDuplicates();
        assertThat(points.subList(0, 6).stream().map(SweepPoint::key))
                .containsExactly(
                        "a.onnx shard=0 weights=4 activations=float calibrator=minmax",
                        "a.onnx shard=0 weights=4 activations=float calibrator=mse",
                        "a.onnx shard=0 weights=8 activations=float calibrator=minmax",
                        "a.onnx shard=0 weights=8 activations=float calibrator=mse",
                        "a.onnx shard=0 tensors=w weights=4 activations=float calibrator=minmax",
                        "a.onnx shard=0 tensors=w weights=4 activations=float calibrator=mse");
        assertThat(points.get(16).key()).startsWith("b shard=0 weights=4");
        assertThat(points.get(0).model().file()).isEqualTo(folder.resolve("a.onnx"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\'',
            value = {
                "\"weights\": [4, 4]|axes.weights[1]: is given twice: 4",
                "\"weights\": [17]|axes.weights[0]: a whole number from 1 to 16 is needed, got 17",
                "\"weights\": [\"none\"]|axes.weights[0]: a number of bits or \"float\" is needed, got none",
                "\"weights\": [\"float\"]|axes.weights: \"float\" needs the axis activations too",
                "\"activations\": [\"float\"]|axes.activations: \"float\" needs the axis weights too",
                "\"weights\": []|axes.weights: at least one value is needed",
                "\"scheme\": [\"unifrom\"]|axes.scheme[0]: ",
                "\"granularity\": [\"row\"]|axes.granularity[0]: ",
                "\"calibrator\": [\"mse:clips=3\"]|axes.calibrator[0]: --calibrator: mse has no option clips",
                "\"calibrator\": [\"weighted-mse:file=rel.txt\"]|axes.calibrator[0]: ",
                "\"rounding\": [\"up\"]|axes.rounding[0]: ",
                "\"symmetry\": [\"both\"]|axes.symmetry[0]: symmetric or asymmetric is needed, got both",
                "\"corrections\": [\"x\"]|axes.corrections[0]: a list is needed",
                "\"corrections\": [[\"x\"]]|axes.corrections[0][0]: ",
                "\"bits\": [4]|axes.bits: unknown field; known here: corrections, tensors, weights",
            })
    void aWrongValueIsNamedByItsPlace(String axes, String problem) {
        assertThatThrownBy(() -> PlanReader.read(plan(ONE, axes, ""), NEVER))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("plan.json: " + problem);
    }

    @Test
    void whatIsWrongOutsideTheAxesIsNamedToo() {
        assertThatThrownBy(() -> PlanReader.read(plan(ONE, "", ", \"shards\": 0"), NEVER))
                .hasMessage("plan.json: shards: a whole number from 1 to 10000 is needed, got 0");
        assertThatThrownBy(() -> PlanReader.read(plan("", "", ""), NEVER))
                .hasMessage("plan.json: models: at least one model is needed");
        assertThatThrownBy(() -> PlanReader.read(plan("{\"file\": \"a.onnx\"}", "", ""), NEVER))
                .hasMessage("plan.json: models[0].data: the field is missing");
        assertThatThrownBy(() -> PlanReader.read(plan(ONE + "," + ONE, "", ""), NEVER))
                .hasMessageContaining("two models are called a.onnx");
        assertThatThrownBy(() -> PlanReader.read(
                        plan("{\"file\": \"a.onnx\", \"data\": \"d\", \"metric\": \"top2\"}", "", ""), NEVER))
                .hasMessageContaining("models[0].metric: top2 is none of top1");
    }

    @Test
    void theExampleOfTheSchemaFitsItAndIsRead() throws IOException {
        Path file = Path.of(System.getProperty("quantscope.root"), "docs", "schemas", "sweep.schema.json");
        JsonNode schema = new JsonMapper().readTree(Files.readString(file));
        JsonNode example = schema.get("examples").get(0);
        Schema checks = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(schema.toString());
        assertThat(checks.validate(example.toString(), InputFormat.JSON)).isEmpty();
        // The core has no corrections of its own.
        ((ObjectNode) example.get("axes")).remove("corrections");

        SweepPlan plan = PlanReader.read(Files.writeString(folder.resolve("plan.json"), example.toString()), NEVER);

        assertThat(Expansion.of(plan)).hasSize(2 * 2 * 2 * 2 * 2);
        ((ObjectNode) example.get("axes")).put("tensor", "w");
        assertThat(checks.validate(example.toString(), InputFormat.JSON)).isNotEmpty();
        assertThat(schema.at("/properties/axes/properties").propertyNames())
                .containsExactlyElementsOf(
                        Stream.of(Axis.values()).map(Axis::id).toList());
    }

    @Test
    void tooManyPointsAreRefusedBeforeTheyAreMade() throws IOException {
        String all = IntStream.rangeClosed(2, 16).mapToObj(Integer::toString).collect(Collectors.joining(", "));
        SweepPlan plan = PlanReader.read(
                plan(ONE, "\"weights\": [" + all + "], \"activations\": [" + all + "]", ", \"shards\": 10000"), NEVER);
        assertThatThrownBy(() -> Expansion.of(plan)).hasMessageContaining("at most 1000000 points");
    }

    @Test
    void aFolderTakesOnlyTheResultsOfItsPlanAndFiles() throws IOException {
        Path model = model(1);
        data();
        Path out = folder.resolve("out");
        SweepRun.Work work = (plan, points, rows) -> {
            for (SweepPoint point : points.reversed()) {
                rows.add(row(point));
            }
        };
        Path plan = plan(ONE, "\"weights\": [2, 3, 4]", "");
        assertThat(SweepRun.run(plan, out, work, (d, t, w) -> {}, NEVER))
                .isEqualTo(new SweepRun.Outcome(3, 3, 0, 0, 0));
        // They came in another order.
        assertThat(Files.readAllLines(out.resolve(SweepFolder.ROWS)).getFirst()).startsWith("{\"point\":0");
        assertThat(SweepRun.run(plan, out, work, (d, t, w) -> {}, NEVER).skipped())
                .isEqualTo(3);

        model(2);
        assertThatThrownBy(() -> SweepRun.run(plan, out, work, (d, t, w) -> {}, NEVER))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("sweep.json: files: " + model + " has another content");
        model(1);
        plan(ONE, "\"weights\": [2, 3, 5]", "");
        assertThatThrownBy(() -> SweepRun.run(plan, out, work, (d, t, w) -> {}, NEVER))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("plan_sha256: holds the results of another plan");
        plan(ONE, "\"weights\": [2, 3, 4]", "");
        Path manifest = out.resolve(SweepFolder.MANIFEST);
        Files.writeString(manifest, Files.readString(manifest).replaceFirst("\"program\":\"", "\"program\":\"old "));
        assertThatThrownBy(() -> SweepRun.run(plan, out, work, (d, t, w) -> {}, NEVER))
                .hasMessageContaining("program: holds results of another version of the program");
        Files.delete(manifest);
        assertThatThrownBy(() -> SweepRun.run(plan, out, work, (d, t, w) -> {}, NEVER))
                .hasMessageContaining("points.jsonl: there are rows");
    }

    @Test
    void onlyTheLastRowMayBeDamaged() throws IOException {
        model(1);
        data();
        Path out = folder.resolve("out");
        Path plan = plan(ONE, "\"weights\": [2, 3, 4]", "");
        SweepRun.Work work = (p, points, rows) -> {
            for (SweepPoint point : points) {
                rows.add(row(point));
            }
        };
        SweepRun.run(plan, out, work, (d, t, w) -> {}, NEVER);
        Path file = out.resolve(SweepFolder.ROWS);
        String whole = Files.readString(file);
        // A kill may come after any byte.
        for (int cut = 0; cut < whole.length(); cut += 7) {
            Files.writeString(file, whole.substring(0, cut));
            SweepRun.run(plan, out, work, (d, t, w) -> {}, NEVER);
            assertThat(Files.readString(file)).as("after %d bytes", cut).isEqualTo(whole);
        }
        // A power cut may leave zeros.
        Files.writeString(file, whole.substring(0, whole.length() - 20) + "\0".repeat(19) + "\n");
        assertThat(SweepRun.run(plan, out, work, (d, t, w) -> {}, NEVER).half()).isEqualTo(1);
        assertThat(Files.readString(file)).isEqualTo(whole);

        Files.writeString(file, "?" + whole.substring(1));
        assertThatThrownBy(() -> SweepRun.run(plan, out, work, (d, t, w) -> {}, NEVER))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("points.jsonl: line 1: ");
    }

    private Path model(float value) throws IOException {
        return Files.write(folder.resolve("a.onnx"), ArrayFiles.npy("<f4", "(1,)", ArrayFiles.f4(value)));
    }

    private void data() throws IOException {
        Files.write(
                folder.resolve("a.npz"),
                ArrayFiles.zip(false, Map.of("x.npy", ArrayFiles.npy("<f4", "(2, 1)", ArrayFiles.f4(1, 2)))));
    }

    private static SweepRow row(SweepPoint point) {
        return new SweepRow(
                point.number(), "{\"point\":" + point.number() + ",\"key\":\"" + point.key() + "\"}", false, 1);
    }
}
