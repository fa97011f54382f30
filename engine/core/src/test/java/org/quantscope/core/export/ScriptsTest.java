package org.quantscope.core.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.TensorId;

/** The formats that are scripts or lists of choices: PyTorch, NNCF, llama.cpp, Model Explorer. */
class ScriptsTest {
    private static final CancelToken NEVER = new CancelToken();

    @TempDir
    private Path folder;

    private String text(String id, ExportPlan plan) throws IOException {
        Path file = folder.resolve("out");
        Exporters.export(Exporters.byId(id), plan, file, NEVER);
        return Files.readString(file);
    }

    @Test
    void literalsStayInTheirLineAndKeepEveryCharacter() {
        assertThat(Python.text("a\"b\\c\nd\u2028e\u0000é")).isEqualTo("\"a\\\"b\\\\c\\nd\\u2028e\\u0000é\"");
        assertThat(Python.comment("a\nimport os\u0085x")).isEqualTo("a import os x");
        assertThat(LitertExporter.escaped("a.b[0]+c|d")).isEqualTo("a\\.b\\[0\\]\\+c\\|d");
    }

    @Test
    void aLayerThatStaysFloatIsIgnoredByNncf() throws IOException {
        ExportPlan plan = TinyPlan.of(folder);
        ExportPlan kept = TinyPlan.of(plan.model(), plan.state().withKeptFloat(Set.of(new TensorId("conv.weight"))));

        assertThat(text("nncf", plan)).contains("IGNORED = []");
        assertThat(text("nncf", kept)).contains("IGNORED = [\"Conv0\"]");
    }

    @Test
    void nncfTakesOneSettingForAllAndTheOthersAreWarnedOf() throws IOException {
        ExportPlan plan = TinyPlan.of(folder);
        Exporter nncf = Exporters.byId("nncf");

        assertThat(nncf.check(plan))
                .extracting(ExportProblem::tensor, ExportProblem::severity)
                .containsExactly(tuple("fc.weight", Severity.WARNING));
        ExportPlan alike = TinyPlan.of(
                plan.model(), nncf.check(plan).getFirst().fix().orElseThrow().apply(plan.state()));
        assertThat(nncf.check(alike)).isEmpty();
    }

    @Test
    void tensorTypesFollowWidthAndSchemeAndNameFloatWeightsToo() throws IOException {
        ExportPlan plan = TinyPlan.of(folder);
        Granularity blocks = new Granularity.PerBlock(1, 32);

        Map.of(
                        "q8_0",
                        QuantSpec.WEIGHTS,
                        "q5_0",
                        QuantSpec.WEIGHTS.withBits(5),
                        "q4_0",
                        QuantSpec.WEIGHTS.withBits(4),
                        "q4_1",
                        QuantSpec.WEIGHTS
                                .withBits(4)
                                .withSymmetric(false)
                                .withRestrictedRange(false)
                                .withClip(new Clip.Manual(new ClipRange(-0.1f, 0.5f))))
                .forEach((type, spec) -> {
                    ExportPlan typed = TinyPlan.with(plan, "fc.weight", spec.withGranularity(blocks));
                    try {
                        assertThat(text("llama-tensor-types", typed)).isEqualTo("^fc\\.weight$=" + type + "\n");
                    } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                });
        ExportPlan kept = TinyPlan.of(plan.model(), plan.state().withKeptFloat(Set.of(new TensorId("conv.weight"))));
        assertThat(text("llama-tensor-types", kept)).isEqualTo("^conv\\.weight$=f32\n^fc\\.weight$=q8_0\n");
    }

    @Test
    void theOverlayHasTheErrorOfTheWeightThatANodeReads() throws IOException {
        ExportPlan plan = TinyPlan.of(folder);

        String text = text("model-explorer", plan.withOptions(Map.of("graph", "tiny")));
        double db = org.quantscope.core.metric.ErrorPass.measure(
                        plan.model().find(new TensorId("fc.weight")).orElseThrow(),
                        plan.weights().get(new TensorId("fc.weight")),
                        NEVER)
                .sqnrDb()
                .orElseThrow();
        assertThat(text).contains("\"tiny\" : {", "\"y\" : {\n        \"value\" : " + Math.rint(db * 1000) / 1000);
    }
}
