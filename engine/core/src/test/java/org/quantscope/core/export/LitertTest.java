package org.quantscope.core.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.Engine;
import org.quantscope.core.convert.LiteGraph;
import org.quantscope.core.importer.Imported;
import org.quantscope.core.importer.Importers;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tflite.TfliteFile;
import org.quantscope.core.tflite.TwinTflite;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class LitertTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final Exporter EXPORTER = Exporters.byId("litert");

    @TempDir
    private Path folder;

    @Test
    void theCalibrationResultReadsBackBesideTheRecipeAndByItself() throws IOException {
        ExportPlan plan = TinyPlan.of(folder);
        Path recipe = folder.resolve("recipe.json");
        List<Path> files = Exporters.export(EXPORTER, plan, recipe, NEVER);

        assertThat(files)
                .extracting(f -> f.getFileName().toString())
                .containsExactly("recipe.json", "recipe.json.calibration.json", "recipe.json.py");
        Imported beside = Importers.byId("litert").read(recipe, plan.model(), NEVER);
        assertThat(beside.specs())
                .isEqualTo(Importers.byId("litert")
                        .read(files.get(1), plan.model(), NEVER)
                        .specs());
        QuantParams x = plan.activations().get(new TensorId("x"));
        assertThat(beside.specs().get(new TensorId("x")).clip())
                .isEqualTo(new Clip.Fixed(
                        new QuantParams(Granularity.TENSOR, x.scales(), new int[] {x.zeroPoint(0) - 128}, -128, 127)));
        assertThat(beside.notes()).hasSize(1);
    }

    @Test
    void rangesOfOthersAreReadWithZeroInThemAndInLists() throws IOException {
        Model model = TinyPlan.model(folder);
        Path file = Files.writeString(
                folder.resolve("q.json"),
                "{\"x\": {\"min\": [[0.5]], \"max\": [[2.55]]}, \"rr\": {\"min\": 0, \"max\": 1}, \"fc.weight\":"
                        + " {\"min\": 0, \"max\": 1}}");

        Imported read = Importers.byId("litert").read(file, model, NEVER);
        assertThat(read.specs())
                .isEqualTo(Map.of(
                        new TensorId("x"),
                        QuantSpec.ACTIVATIONS
                                .withSigned(true)
                                .withClip(new Clip.Fixed(new QuantParams(
                                        Granularity.TENSOR, new float[] {0.01f}, new int[] {-128}, -128, 127)))));
        assertThat(read.unmatched()).extracting(Imported.Unmatched::name).containsExactly("rr", "fc.weight");
        assertThat(read.unmatched().getFirst().near()).contains("r");
    }

    @Test
    void damagedResultsAreRefusedWithTheFieldThatIsWrong() throws IOException {
        Model model = TinyPlan.model(folder);
        Path file = folder.resolve("q.json");
        for (String bad : List.of(
                "{\"x\": {\"min\": 1}}",
                "{\"x\": {\"min\": 2, \"max\": 1}}",
                "{\"x\": {\"min\": 0, \"max\": 0}}",
                "{\"x\": {\"min\": [], \"max\": 1}}",
                "{\"x\": {\"min\": [0, 1], \"max\": 1}}",
                "{\"x\": {\"min\": 0, \"max\": 1e300}}",
                "{\"x\": {\"min\": 0, \"max\": 1, \"num_bits\": 9}}",
                "{\"x\": 3}",
                "3")) {
            Files.writeString(file, bad);
            assertThatThrownBy(() -> Importers.byId("litert").read(file, model, NEVER))
                    .as(bad)
                    .isInstanceOf(BadInputException.class);
        }
    }

    @Test
    void sixteenBitsMustBeSymmetric() throws IOException {
        ExportPlan plan = TinyPlan.with(TinyPlan.of(folder), "y", QuantSpec.ACTIVATIONS.withBits(16));

        List<ExportProblem> errors = EXPORTER.check(plan).stream()
                .filter(p -> p.severity() == ExportProblem.Severity.ERROR)
                .toList();
        assertThat(errors).extracting(ExportProblem::tensor).containsExactly("y");
        ExportPlan fixed =
                TinyPlan.of(plan.model(), errors.getFirst().fix().orElseThrow().apply(plan.state()));
        assertThat(EXPORTER.check(fixed)).noneMatch(p -> p.severity() == ExportProblem.Severity.ERROR);
    }

    /** Of a TensorFlow Lite file: a convolution with its clamp is one operator, and values in between are none. */
    @Test
    void theRecipeOfATensorFlowLiteModelHasTheNamesOfItsFile() throws IOException {
        Path file = Files.write(folder.resolve("twin.tflite"), TwinTflite.of(TinyPlan.model(folder), 5, 5, 2));
        Model lite = Engine.open(file, true);
        ExportPlan plan = TinyPlan.of(lite, TinyPlan.state(lite));
        Path recipe = folder.resolve("recipe.json");
        List<Path> files = Exporters.export(EXPORTER, plan, recipe, NEVER);

        Set<String> names = Set.copyOf(LiteGraph.names(TfliteFile.read(file)));
        JsonNode entries = JsonMapper.shared().readTree(recipe.toFile());
        List<String> regexes = new ArrayList<>();
        entries.forEach(e -> regexes.add(e.get("regex").asString()));
        assertThat(regexes).containsExactly(".*", "(^|;)r(;|$)", "(^|;)f(;|$)", "(^|;)y(;|$)");
        assertThat(names).contains("r", "f", "y");
        assertThat(entries.get(1)
                        .at("/op_config/weight_tensor_config/granularity")
                        .asString())
                .isEqualTo("CHANNELWISE");
        assertThat(JsonMapper.shared().readTree(files.get(1).toFile()).propertyNames())
                .containsExactlyInAnyOrder("x", "r", "y")
                .isSubsetOf(names);
    }
}
