package org.quantscope.core.export;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.quantscope.core.Engine;
import org.quantscope.core.calib.RangeResolver;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.layerwise.RoundingPass;
import org.quantscope.core.layerwise.SolvedModel;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.ActivationRanges;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.PackedCodes;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.session.SolvedWeight;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Codes that a rounding chose get into every file that carries values, and every other file says that they do not. */
class SolvedCodesTest {
    private static final CancelToken NEVER = new CancelToken();
    private static final Path SAMPLES = Path.of(System.getProperty("quantscope.samples"));
    private static ExportPlan plan;
    private static ExportPlan nearest;

    @TempDir
    private Path folder;

    @BeforeAll
    static void solve() throws IOException {
        Model model = Engine.open(SAMPLES.resolve("digits_mlp.onnx"), true);
        Dataset data = Datasets.open(SAMPLES.resolve("digits_calibration.npz"));
        SessionState state = SessionState.of(FileRef.of(model.file(), NEVER))
                .withCalibrationData(Optional.of(FileRef.of(data)))
                .withWeights(Optional.of(QuantSpec.WEIGHTS
                        .withBits(4)
                        .withGranularity(new Granularity.PerBlock(1, 32))
                        .withRounding("least-output-error")));
        ResolvedSettings settings = Engine.resolve(model, state, Calibration.NONE, Progress.NONE, NEVER);
        SolvedModel solved = RoundingPass.run(model, state, settings, Map.of(), data, Progress.NONE, NEVER)
                .solved();
        plan = new ExportPlan(
                solved.model(), new Session(state, ActivationRanges.NONE, solved.solved()), solved.settings());
        nearest = new ExportPlan(model, new Session(state, ActivationRanges.NONE), settings);
    }

    static List<Exporter> exporters() {
        return Exporters.all();
    }

    private static List<String> codes(Exporter exporter, ExportPlan of) {
        return Exporters.problems(exporter, of).stream()
                .filter(p ->
                        p.severity() == ExportProblem.Severity.ERROR && p.why().contains("are not the nearest ones"))
                .map(ExportProblem::remedy)
                .toList();
    }

    @ParameterizedTest
    @MethodSource("exporters")
    void whatHoldsOnlyRangesSaysSo(Exporter exporter) {
        assertThat(codes(exporter, nearest)).isEmpty();
        if (exporter.carriesCodes()) {
            assertThat(codes(exporter, plan)).isEmpty();
        } else {
            assertThat(codes(exporter, plan)).singleElement().asString().contains("onnx-float");
        }
    }

    private static List<TensorId> weights() {
        return List.copyOf(plan.session().solved().keySet());
    }

    private static float[] solved(TensorId id) {
        return plan.model().find(id).orElseThrow().data().toFloats();
    }

    /** The values that a reader of the file sees are those of the codes, and not the nearest ones. */
    @ParameterizedTest
    @ValueSource(strings = {"onnx-qdq", "onnx-float"})
    void whatAModelFileHoldsAreTheCodes(String format) throws IOException {
        Path file = folder.resolve("out.onnx");
        Exporters.byId(format).write(plan, file, NEVER);
        Model read = Engine.open(file, true);
        for (TensorId id : weights()) {
            assertThat(read.find(id).orElseThrow().data().toFloats()).isEqualTo(solved(id));
            assertThat(solved(id))
                    .isNotEqualTo(nearest.model().find(id).orElseThrow().data().toFloats());
        }
    }

    /** The float model with the ranges beside it gives the same codes; min and max of it would not everywhere. */
    @Test
    void theRangesBesideAFloatModelGiveTheCodesAgain() throws IOException {
        Path file = folder.resolve("out.onnx");
        List<Path> files = new OnnxFloatExporter().write(plan, file, NEVER);
        assertThat(files).containsExactly(file, folder.resolve("out.onnx.ranges.json"));
        Model read = Engine.open(file, true);
        JsonNode ranges = JsonMapper.shared().readTree(files.getLast().toFile());
        long differ = 0;
        for (JsonNode entry : ranges.path("tensors")) {
            TensorId id = new TensorId(entry.path("name").asString());
            Tensor weight = read.find(id).orElseThrow();
            List<ClipRange> slices = new ArrayList<>();
            for (int i = 0; i < entry.path("rmin").size(); i++) {
                slices.add(new ClipRange(
                        entry.path("rmin").get(i).floatValue(),
                        entry.path("rmax").get(i).floatValue()));
            }
            QuantSpec spec = QuantSpec.WEIGHTS
                    .withBits(4)
                    .withGranularity(Granularity.parse(entry.path("granularity").asString()));
            QuantParams given = RangeResolver.resolve(weight, spec.withClip(new Clip.ManualPerBlock(slices)), NEVER)
                    .params();
            SolvedWeight.Solution kept =
                    (SolvedWeight.Solution) plan.session().solved().get(id);
            assertThat(PackedCodes.of(weight, given, NEVER)).isEqualTo(kept.codes());
            QuantParams minMax = RangeResolver.resolve(weight, spec, NEVER).params();
            for (int i = 0; i < minMax.slices(); i++) {
                differ += minMax.scale(i) == given.scale(i) ? 0 : 1;
            }
        }
        assertThat(ranges.path("tensors").size()).isEqualTo(weights().size());
        String said =
                Exporters.problems(new OnnxFloatExporter(), plan).getFirst().why();
        assertThat(differ).isPositive();
        assertThat(said).startsWith(differ + " of ");
    }
}
