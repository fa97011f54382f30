package org.quantscope.core.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.groups.Tuple.tuple;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.importer.Imported;
import org.quantscope.core.importer.Importers;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

class TensorRtCacheTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final Exporter EXPORTER = Exporters.byId("tensorrt-cache");
    private static final TensorId INPUT = new TensorId("x");
    private static final TensorId OUTPUT = new TensorId("y");

    @TempDir
    private Path folder;

    private Model model;

    @BeforeEach
    void open() throws IOException {
        model = new TinyOnnx(13)
                .input("x", -1, 2)
                .randomWeight("w", Shape.of(2, 3), -1, 1)
                .node("MatMul", List.of("x", "w"), List.of("y"))
                .output("y", -1, 3)
                .open(folder);
    }

    private ExportPlan plan(QuantSpec spec, QuantParams in, QuantParams out) {
        return new ExportPlan(
                model,
                SessionState.of(new FileRef(model.file(), "0".repeat(64))).withActivations(Optional.of(spec)),
                Map.of(),
                Map.of(INPUT, in, OUTPUT, out));
    }

    private static QuantParams int8(float scale) {
        return new QuantParams(Granularity.TENSOR, new float[] {scale}, new int[] {0}, -128, 127);
    }

    private static QuantSpec symmetric() {
        return QuantSpec.ACTIVATIONS.withSigned(true).withSymmetric(true);
    }

    @Test
    void aFileWithoutALineIsAnError() {
        QuantParams shifted = new QuantParams(Granularity.TENSOR, new float[] {0.1f}, new int[] {3}, -128, 127);
        for (ExportPlan plan : List.of(
                plan(QuantSpec.ACTIVATIONS.withSigned(true), shifted, shifted),
                new ExportPlan(model, plan(symmetric(), shifted, shifted).state(), Map.of(), Map.of()))) {
            assertThat(Exporters.problems(EXPORTER, plan))
                    .isNotEmpty()
                    .allMatch(p -> p.severity() == ExportProblem.Severity.ERROR);
        }
        assertThat(Exporters.problems(EXPORTER, plan(symmetric(), int8(0.125f), int8(1 / 127f))))
                .isEmpty();
    }

    /** As where no rule recognises a weight: every format says that nothing, or no weight, is quantized. */
    @Test
    void anExportThatMakesNothingSmallerIsAnError() {
        SessionState state = SessionState.of(new FileRef(model.file(), "0".repeat(64)))
                .withWeights(Optional.of(QuantSpec.WEIGHTS))
                .withActivations(Optional.of(symmetric()));
        ExportPlan none = new ExportPlan(model, state.withActivations(Optional.empty()), Map.of(), Map.of());
        ExportPlan activationsOnly = new ExportPlan(model, state, Map.of(), Map.of(INPUT, int8(0.125f)));
        for (Exporter exporter : Exporters.all()) {
            assertThat(Exporters.problems(exporter, none))
                    .as(exporter.id())
                    .anyMatch(p -> p.tensor().isEmpty() && p.severity() == ExportProblem.Severity.ERROR);
        }
        assertThat(Exporters.problems(Exporters.byId("onnx-qdq"), activationsOnly)
                        .getFirst()
                        .why())
                .isEqualTo("weights are to be quantized, and none is: 24 B of tensors stay 24 B");
    }

    @Test
    void scalesAreTheDigitsOfTheirFloat32AndReadBackAsTheyWere() throws IOException {
        ExportPlan plan = plan(symmetric(), int8(0.125f), int8(1 / 127f));
        Path file = folder.resolve("m.cache");

        assertThat(EXPORTER.check(plan)).isEmpty();
        Exporters.export(EXPORTER, plan, file, NEVER);
        assertThat(file).hasContent("TRT-8501-EntropyCalibration2\nx: 3e000000\ny: 3c010204\n");

        Imported imported = Importers.byId("tensorrt-cache").read(file, model, NEVER);
        assertThat(imported.specs())
                .isEqualTo(Map.of(
                        INPUT,
                        symmetric().withClip(new Clip.Fixed(int8(0.125f))),
                        OUTPUT,
                        symmetric().withClip(new Clip.Fixed(int8(1 / 127f)))));
        assertThat(imported.unmatched()).isEmpty();
    }

    @Test
    void theFirstLineIsChosenAndCheckedBeforeAnythingIsWritten() throws IOException {
        ExportPlan plan = plan(symmetric(), int8(1), int8(1));
        Path file = folder.resolve("m.cache");

        Exporters.export(
                EXPORTER, plan.withOptions(Map.of("version", "100100", "algorithm", "MinMaxCalibration")), file, NEVER);
        assertThat(Files.readString(file)).startsWith("TRT-100100-MinMaxCalibration\n");
        assertThatThrownBy(() -> Exporters.export(EXPORTER, plan.withOptions(Map.of("version", "8.5")), file, NEVER))
                .hasMessageContaining("version")
                .hasMessageContaining("8.5");
        assertThat(Files.readString(file)).startsWith("TRT-100100-MinMaxCalibration\n");
    }

    @Test
    void aZeroPointIsAProblemWhoseRemedyMakesTheTensorSymmetric() throws IOException {
        QuantParams asymmetric = new QuantParams(Granularity.TENSOR, new float[] {0.5f}, new int[] {3}, 0, 255);
        ExportPlan plan = plan(QuantSpec.ACTIVATIONS, int8(1), asymmetric);

        assertThat(EXPORTER.check(plan))
                .extracting(
                        ExportProblem::tensor,
                        ExportProblem::severity,
                        p -> p.why().replaceAll(",.*", ""))
                .containsExactly(
                        tuple("y", ExportProblem.Severity.ERROR, "its zero point is 3"),
                        tuple("y", ExportProblem.Severity.ERROR, "its codes are unsigned"));
        SessionState fixed = EXPORTER.check(plan)
                .getFirst()
                .fix()
                .map((Edit e) -> e.apply(plan.state()))
                .orElseThrow();
        assertThat(fixed.activationSpec(OUTPUT)).contains(symmetric());
        Exporters.export(EXPORTER, plan, folder.resolve("m.cache"), NEVER);
        assertThat(folder.resolve("m.cache")).hasContent("TRT-8501-EntropyCalibration2\nx: 3f800000\n");
    }

    @Test
    void whatFindsNoPlaceIsListedWithNearNamesAndWhatIsDamagedIsRefused() throws IOException {
        Path file = Files.writeString(
                folder.resolve("other.cache"),
                "TRT-8501-EntropyCalibration2\nx: 3f800000\nyy: 3f800000\nw: 3f800000\n");

        Imported imported = Importers.byId("tensorrt-cache").read(file, model, NEVER);
        assertThat(imported.specs().keySet()).containsExactly(INPUT);
        assertThat(imported.unmatched()).extracting(Imported.Unmatched::name).containsExactly("yy", "w");
        assertThat(imported.unmatched().getFirst().near()).startsWith("y");
        for (String bad : List.of(
                "",
                "hello",
                "TRT-8501-X\nx 3f800000",
                "TRT-8501-X\nx: 3f8",
                "TRT-8501-X\nx: 7fc00000",
                "TRT-8501-X\nx: bf800000",
                "TRT-8501-X\nx: 3f800000\nx: 3f800000")) {
            Files.writeString(file, bad);
            assertThatThrownBy(() -> Importers.byId("tensorrt-cache").read(file, model, NEVER))
                    .as(bad)
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("line");
        }
    }
}
