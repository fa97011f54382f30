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

/** What is written as JSON fits the schemas in docs/schemas, and these refuse what differs. */
class SchemasTest {
    private static final Path DOCS = Path.of(System.getProperty("quantscope.root"), "docs");
    private static final SchemaRegistry SCHEMAS = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
    /** By the id of the exporter: the schema of each of its JSON files, by what the name of the file has behind that of the first. */
    private static final Map<String, Map<String, String>> OF = Map.of(
            "quantscope-json", Map.of("", "quantscope-session"),
            "aimet-0.6.1", Map.of("", "aimet-0.6.1"),
            "aimet-1.0.0", Map.of("", "aimet-1.0.0"),
            "aimet-2.0.0", Map.of("", "aimet-2.0.0"),
            "qnn-overrides", Map.of("", "qnn-overrides"),
            "litert", Map.of("", "litert-recipe", ".calibration.json", "litert-calibration"),
            "model-explorer", Map.of("", "model-explorer"));

    @TempDir
    private Path folder;

    private static Schema schema(String name) throws IOException {
        return SCHEMAS.getSchema(Files.readString(DOCS.resolve("schemas").resolve(name + ".schema.json")), InputFormat.JSON);
    }

    private static List<String> errors(String schema, String json) throws IOException {
        return schema(schema).validate(json, InputFormat.JSON).stream().map(Object::toString).toList();
    }

    static Stream<String> models() throws IOException {
        return RoundTripTest.models();
    }

    @ParameterizedTest
    @MethodSource("models")
    void everyJsonFileFitsItsSchema(String name) throws IOException {
        Model model = Engine.open(Path.of(System.getProperty("quantscope.samples"), name), true);
        for (int seed = 0; seed < 3; seed++) {
            ExportPlan plan = RoundTripTest.random(model, new Random(seed));
            for (var format : OF.entrySet()) {
                Path target = folder.resolve(format.getKey() + seed);
                for (Path file : Exporters.export(Exporters.byId(format.getKey()), plan, target, new CancelToken())) {
                    Optional<String> schema = Optional.ofNullable(format.getValue().get(file.toString().substring(target.toString().length())));
                    if (schema.isPresent()) {
                        assertThat(errors(schema.get(), Files.readString(file))).as("%s, seed %d, %s", name, seed, file.getFileName()).isEmpty();
                    }
                }
            }
        }
    }

    @Test
    void everyFormatWhoseFileIsJsonHasASchema() throws IOException {
        Map<String, String> missing = new HashMap<>();
        for (Exporter e : Exporters.all()) {
            if (List.of(".json", ".encodings").contains(e.extension()) && !OF.containsKey(e.id()) && !Files.exists(DOCS.resolve("schemas").resolve(e.id() + ".schema.json"))) {
                missing.put(e.id(), e.title());
            }
        }
        assertThat(missing).isEmpty();
    }

    @Test
    void theWholeSessionInTheDocumentationFits() throws IOException {
        String text = Files.readString(DOCS.resolve("config-schema.md"));
        int from = text.indexOf("```json\n") + "```json\n".length();

        assertThat(errors("quantscope-session", text.substring(from, text.indexOf("```", from)))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "quantscope-session | {\"format\": \"quantscope-session\", \"version\": 1}",
                "quantscope-session | {\"format\": \"quantscope-session\", \"version\": 1, \"model\": {\"path\": \"m\", \"sha256\": \"00\"}}",
                "aimet-0.6.1 | {\"version\": \"0.6.1\", \"activation_encodings\": {\"x\": [{\"bitwidth\": 8}]}, \"param_encodings\": {}}",
                "aimet-1.0.0 | {\"version\": \"1.0.0\", \"activation_encodings\": {}, \"param_encodings\": []}",
                "aimet-2.0.0 | {\"version\": \"2.0.0\", \"encodings\": [{\"name\": \"x\", \"output_dtype\": \"int7\", \"y_scale\": 1}]}",
                "qnn-overrides | {\"activation_encodings\": {}, \"param_encodings\": {\"w\": []}}",
                "litert-recipe | [{\"regex\": \".*\", \"operation\": \"*\", \"algorithm_key\": \"min_max_uniform_quantize\"}]",
                "litert-calibration | {\"x\": {\"min\": 0}}",
                "model-explorer | {\"main\": {\"results\": {\"a\": {\"value\": \"high\"}}}}"
            })
    void aSchemaRefusesWhatDiffers(String schema, String json) throws IOException {
        assertThat(errors(schema, json)).isNotEmpty();
    }
}
