package org.quantscope.core.export;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.quantscope.core.Engine;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.Resolver;
import org.quantscope.testkit.Breadth;

/** What is written as JSON fits the schemas in docs/schemas, and these refuse what differs. */
class SchemasTest {
    private static final Path DOCS = Path.of(System.getProperty("quantscope.root"), "docs");
    private static final SchemaRegistry SCHEMAS = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
    /** The schemas of further files of a format, by what the name of the file has behind that of the first. */
    private static final Map<String, Map<String, String>> FURTHER = Map.of(
            "litert",
            Map.of(".calibration.json", "litert-calibration"),
            OnnxFloatExporter.ID,
            Map.of(OnnxFloatExporter.RANGES, "quantscope-ranges"));
    /** Formats whose first file has the schema of another name than the format. */
    private static final Map<String, String> NAMES =
            Map.of("quantscope-json", "quantscope-session", "litert", "litert-recipe");

    /** Formats that write JSON, with the schema of each of their JSON files. */
    private static Map<Exporter, Map<String, String>> formats() {
        Map<Exporter, Map<String, String>> formats = new LinkedHashMap<>();
        for (Exporter e : Exporters.all()) {
            Map<String, String> schemas = new HashMap<>(FURTHER.getOrDefault(e.id(), Map.of()));
            if (List.of(".json", ".encodings").contains(e.extension())) {
                schemas.put("", NAMES.getOrDefault(e.id(), e.id()));
            }
            if (!schemas.isEmpty()) {
                formats.put(e, schemas);
            }
        }
        return formats;
    }

    @TempDir
    private Path folder;

    private static Schema schema(String name) throws IOException {
        return SCHEMAS.getSchema(
                Files.readString(DOCS.resolve("schemas").resolve(name + ".schema.json")), InputFormat.JSON);
    }

    private static List<String> errors(String schema, String json) throws IOException {
        return schema(schema).validate(json, InputFormat.JSON).stream()
                .map(Object::toString)
                .toList();
    }

    static Stream<String> models() throws IOException {
        return RoundTripTest.models();
    }

    @ParameterizedTest
    @MethodSource("models")
    void everyJsonFileFitsItsSchema(String name) throws IOException {
        Model model = Engine.open(Path.of(System.getProperty("quantscope.samples"), name), true);
        for (int seed = 0; seed < (name.startsWith("digits") ? 3 : Breadth.of(1, 3)); seed++) {
            ExportPlan plan = RoundTripTest.random(model, new Random(seed), new Resolver());
            for (var format : formats().entrySet()) {
                Path target = folder.resolve(format.getKey().id() + seed);
                int looked = 0;
                for (Path file : Exporters.export(format.getKey(), plan, target, new CancelToken())) {
                    Optional<String> schema = Optional.ofNullable(format.getValue()
                            .get(file.toString().substring(target.toString().length())));
                    if (schema.isPresent()) {
                        looked++;
                        assertThat(errors(schema.get(), Files.readString(file)))
                                .as("%s, seed %d, %s", name, seed, file.getFileName())
                                .isEmpty();
                    }
                }
                assertThat(looked)
                        .as(target.toString())
                        .isEqualTo(format.getValue().size());
            }
        }
    }

    @Test
    void theWholeSessionInTheDocumentationFits() throws IOException {
        String text = Files.readString(DOCS.resolve("config-schema.md"));
        int from = text.indexOf("```json\n") + "```json\n".length();

        assertThat(errors("quantscope-session", text.substring(from, text.indexOf("```", from))))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "quantscope-session | {\"format\": \"quantscope-session\", \"version\": 1}",
                "quantscope-session | {\"format\": \"quantscope-session\", \"version\": 1, \"model\": {\"path\":"
                        + " \"m\", \"sha256\": \"00\"}}",
                "aimet-0.6.1 | {\"version\": \"0.6.1\", \"activation_encodings\": {\"x\": [{\"bitwidth\": 8}]},"
                        + " \"param_encodings\": {}}",
                "aimet-1.0.0 | {\"version\": \"1.0.0\", \"activation_encodings\": {}, \"param_encodings\": []}",
                "aimet-2.0.0 | {\"version\": \"2.0.0\", \"encodings\": [{\"name\": \"x\", \"output_dtype\": \"int7\","
                        + " \"y_scale\": 1}]}",
                "qnn-overrides | {\"activation_encodings\": {}, \"param_encodings\": {\"w\": []}}",
                "litert-recipe | [{\"regex\": \".*\", \"operation\": \"*\", \"algorithm_key\":"
                        + " \"min_max_uniform_quantize\"}]",
                "litert-calibration | {\"x\": {\"min\": 0}}",
                "ort-overrides | {\"x\": [{\"scale\": 1}]}",
                "ort-calibration-json | {\"CLS\": \"TensorsData\", \"data\": {}}",
                "quantscope-ranges | {\"format\": \"quantscope-ranges\", \"version\": 1, \"tensors\": [{\"name\":"
                        + " \"w\", \"kind\": \"weight\", \"scheme\": \"uniform\", \"bits\": 8, \"granularity\":"
                        + " \"tensor\", \"rmin\": [0], \"rmax\": [1], \"scale\": [1]}], \"provenance\": {}}",
                "model-explorer | {\"main\": {\"results\": {\"a\": {\"value\": \"high\"}}}}"
            })
    void aSchemaRefusesWhatDiffers(String schema, String json) throws IOException {
        assertThat(errors(schema, json)).isNotEmpty();
    }
}
