package org.quantscope.core.export;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.rewrite.BatchNormFolding;
import org.quantscope.core.rewrite.TinyOnnx;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

/**
 * What each target says of four tensors that are known to make trouble, against a table written by hand: an error where the target
 * cannot take the tensor, a warning where it takes another, nothing where it can. A new target needs a row.
 */
class TargetLintTest {
    /** The tensors, each with one thing that some target cannot take. */
    private enum Trouble {
        /** A weight on [−8, 1], 8 bits, asymmetric: its zero point is not 0. */
        WIDE("wide"),
        /** A bias that needs more than 32 bits in units of s_x·s_w. */
        BIAS("tiny.bias"),
        /** The output of a Softmax on [0, 1], signed: its zero point is −128. */
        SOFTMAX("s"),
        /** A weight of 3 bits. */
        THREE("three");

        private final String tensor;

        Trouble(String tensor) {
            this.tensor = tensor;
        }

        TensorId id() {
            return new TensorId(tensor);
        }
    }

    private static final Severity E = Severity.ERROR;
    private static final Severity W = Severity.WARNING;

    /** WIDE, BIAS, SOFTMAX, THREE. */
    private static final Map<String, List<Optional<Severity>>> EXPECTED = new LinkedHashMap<>();

    private static void row(String id, Severity... severities) {
        List<Optional<Severity>> row = new ArrayList<>();
        for (Severity s : severities) {
            row.add(Optional.ofNullable(s));
        }
        EXPECTED.put(id, row);
    }

    static {
        row("quantscope-json", null, null, null, null);
        // A bias that needs more than 32 bits stays float in the file, as in the evaluation.
        row("onnx-qdq", null, null, null, null);
        row("onnx-qdq:runtime=tensorrt", E, null, E, null);
        row("onnx-matmulnbits", null, null, null, null);
        row("onnx-float", null, null, null, null);
        row("ort-overrides", null, null, null, E);
        row("ort-overrides-py", null, null, null, null);
        row("ort-calibration-json", null, null, null, null);
        row("ort-calibration-text", null, null, W, null);
        row("tensorrt-cache", null, null, E, null);
        row("aimet-0.6.1", null, null, null, null);
        row("aimet-1.0.0", null, null, null, null);
        row("aimet-2.0.0", null, null, null, E);
        row("qnn-overrides", null, null, null, E);
        row("litert", E, E, null, E);
        row("pt2e", null, E, W, null);
        row("nncf", W, null, W, E);
        row("llama-tensor-types", E, null, null, E);
        row("model-explorer", null, null, null, null);
        row("safetensors", null, null, null, null);
        row("npz", null, null, null, null);
        row("c-header", E, E, null, null);
    }

    @TempDir
    private Path folder;

    private ExportPlan troubled() throws IOException {
        Shape square = Shape.of(32, 32);
        Model model = new TinyOnnx(13)
                .input("x", 1, 32)
                .randomWeight("wide", square, -8, 1)
                .randomWeight("three", square, -1, 1)
                .randomWeight("plain", square, -1, 1)
                .randomWeight("tiny", square, -1e-3f, 1e-3f)
                .randomWeight("tiny.bias", Shape.of(32), 30, 40)
                .node("MatMul", List.of("x", "wide"), List.of("a"))
                .node("MatMul", List.of("a", "three"), List.of("b"))
                .node("MatMul", List.of("b", "plain"), List.of("c"))
                .node("Gemm", List.of("c", "tiny", "tiny.bias"), List.of("d"))
                .node("Softmax", List.of("d"), List.of("s"))
                .output("s", 1, 32)
                .open(folder);
        QuantSpec eight = QuantSpec.WEIGHTS.withRestrictedRange(true);
        QuantSpec symmetric = QuantSpec.ACTIVATIONS.withSigned(true).withSymmetric(true);
        Map<TensorId, QuantSpec> specs = new HashMap<>();
        specs.put(
                Trouble.WIDE.id(),
                eight.withSymmetric(false).withRestrictedRange(false).withClip(new Clip.Manual(new ClipRange(-8, 1))));
        // As it is, so that no scale is raised for the bias.
        specs.put(
                new TensorId("tiny"),
                eight.withClip(new Clip.Fixed(
                        new QuantParams(Granularity.TENSOR, new float[] {1e-3f / 127}, new int[] {0}, -127, 127))));
        specs.put(Trouble.THREE.id(), eight.withBits(3).withRestrictedRange(false));
        for (String name : List.of("x", "a", "b", "c", "d")) {
            specs.put(new TensorId(name), symmetric.withClip(new Clip.Manual(new ClipRange(-1e-2f, 1e-2f))));
        }
        specs.put(Trouble.SOFTMAX.id(), symmetric.withSymmetric(false).withClip(new Clip.Manual(new ClipRange(0, 1))));
        specs.put(new TensorId("c"), symmetric.withClip(new Clip.Manual(new ClipRange(-1e-4f, 1e-4f))));
        return TinyPlan.of(
                model,
                SessionState.of(new FileRef(model.file(), "0".repeat(64)))
                        .withWeights(Optional.of(eight))
                        .withOverrides(specs));
    }

    /** Every target, and those that an option makes of one, with their options. */
    private static Map<String, Map<String, String>> targets() {
        Map<String, Map<String, String>> targets = new LinkedHashMap<>();
        Exporters.all().forEach(e -> targets.put(e.id(), Map.of()));
        targets.put("onnx-qdq:runtime=tensorrt", Map.of("runtime", "tensorrt"));
        return targets;
    }

    private static Exporter exporter(String target) {
        return Exporters.byId(target.replaceAll(":.*", ""));
    }

    /** What is said of a tensor with trouble and not of {@code a}, an activation without: from operator set 21 on each signed one has a warning. */
    private static Map<Trouble, Severity> said(Exporter exporter, ExportPlan plan) {
        Map<Trouble, Severity> said = new EnumMap<>(Trouble.class);
        List<ExportProblem> problems = exporter.check(plan);
        List<String> ofAll = problems.stream()
                .filter(p -> p.tensor().equals("a"))
                .map(ExportProblem::why)
                .toList();
        for (ExportProblem p : problems) {
            for (Trouble t : Trouble.values()) {
                if (p.tensor().equals(t.tensor) && !ofAll.contains(p.why())) {
                    assertThat(p.target()).isEqualTo(exporter.id());
                    said.merge(t, p.severity(), (a, b) -> a == E || b == E ? E : W);
                }
            }
        }
        return said;
    }

    @Test
    void eachTargetNamesWhatItCannotTakeAndNothingElse() throws IOException {
        ExportPlan plan = troubled();
        Map<String, String> expected = new TreeMap<>();
        Map<String, String> got = new TreeMap<>();
        for (var target : targets().entrySet()) {
            Map<Trouble, Severity> row = new EnumMap<>(Trouble.class);
            List<Optional<Severity>> wanted = EXPECTED.getOrDefault(target.getKey(), List.of());
            for (int i = 0; i < wanted.size(); i++) {
                Trouble t = Trouble.values()[i];
                wanted.get(i).ifPresent(s -> row.put(t, s));
            }
            expected.put(target.getKey(), wanted.isEmpty() ? "no row" : row.toString());
            got.put(
                    target.getKey(),
                    said(exporter(target.getKey()), plan.withOptions(target.getValue()))
                            .toString());
        }
        assertThat(got).isEqualTo(expected);
    }

    /** Where one edit can do it, the problem of the tensor is gone behind it. */
    @Test
    void aRemedyTakesItsProblemAway() throws IOException {
        int applied = 0;
        for (var target : targets().entrySet()) {
            Exporter exporter = exporter(target.getKey());
            ExportPlan plan = troubled().withOptions(target.getValue());
            for (ExportProblem p : exporter.check(plan)) {
                if (p.fix().isPresent()) {
                    ExportPlan fixed = TinyPlan.of(plan.model(), p.fix().get().apply(plan.state()))
                            .withOptions(target.getValue());
                    assertThat(exporter.check(fixed))
                            .as("%s: %s of %s", exporter.id(), p.why(), p.tensor())
                            .noneMatch(q ->
                                    q.tensor().equals(p.tensor()) && q.why().equals(p.why()));
                    applied++;
                }
            }
        }
        assertThat(applied).isGreaterThan(10);
    }

    @Test
    void theNarrowestRangesOfQnnAreNamed() throws IOException {
        ExportPlan plan = TinyPlan.with(
                TinyPlan.of(folder), "y", QuantSpec.ACTIVATIONS.withClip(new Clip.Manual(new ClipRange(0, 1e-5f))));

        assertThat(Exporters.byId("qnn-overrides").check(plan))
                .filteredOn(p -> p.severity() == E)
                .extracting(ExportProblem::tensor)
                .containsExactly("y");
        assertThat(Exporters.byId("aimet-1.0.0").check(plan)).noneMatch(p -> p.severity() == E);
    }

    @Test
    void foldedWeightsAreToldWhereTheFileNamesTensorsOfTheModelAsItWas() throws IOException {
        Model raw = new TinyOnnx(13)
                .input("x", 1, 1, 4, 4)
                .randomWeight("w", Shape.of(2, 1, 3, 3), -1, 1)
                .weight("g", Shape.of(2), 2, 3)
                .weight("b", Shape.of(2), 0, 1)
                .weight("m", Shape.of(2), 0, 0)
                .weight("v", Shape.of(2), 1, 1)
                .node("Conv", List.of("x", "w"), List.of("c"))
                .node("BatchNormalization", List.of("c", "g", "b", "m", "v"), List.of("y"))
                .output("y", 1, 2, 2, 2)
                .open(folder);
        Model folded = BatchNormFolding.fold(raw);
        SessionState state = SessionState.of(new FileRef(raw.file(), "0".repeat(64)));

        assertThat(raw.altered()).isEmpty();
        assertThat(folded.altered()).extracting(TensorId::name).containsExactlyInAnyOrder("w", "w_bias");
        Map<String, Boolean> told = new TreeMap<>();
        for (Exporter exporter : Exporters.all()) {
            if (List.of(
                            "aimet-0.6.1",
                            "aimet-1.0.0",
                            "aimet-2.0.0",
                            "qnn-overrides",
                            "litert",
                            "pt2e",
                            "safetensors",
                            "npz",
                            "c-header",
                            "tensorrt-cache",
                            "quantscope-json")
                    .contains(exporter.id())) {
                told.put(
                        exporter.id(),
                        exporter.check(TinyPlan.of(folded, state)).stream()
                                .anyMatch(p ->
                                        p.why().contains("folded") && p.remedy().contains("export the folded model")));
                assertThat(exporter.check(TinyPlan.of(raw, state)))
                        .as(exporter.id())
                        .noneMatch(p -> p.why().contains("folded"));
            }
        }
        assertThat(told)
                .isEqualTo(new TreeMap<>(Map.ofEntries(
                        Map.entry("aimet-0.6.1", true),
                        Map.entry("aimet-1.0.0", true),
                        Map.entry("aimet-2.0.0", true),
                        Map.entry("qnn-overrides", true),
                        Map.entry("litert", true),
                        Map.entry("pt2e", true),
                        Map.entry("safetensors", false),
                        Map.entry("npz", false),
                        Map.entry("c-header", false),
                        Map.entry("tensorrt-cache", false),
                        Map.entry("quantscope-json", false))));
    }

    /** The limit itself is taken; the next narrower range is not. */
    @Test
    void aRangeJustAsWideAsTheSmallestIsTaken() throws IOException {
        Encoding weight = troubled().encodings().stream()
                .filter(e -> e.id().equals(Trouble.WIDE.id()))
                .findFirst()
                .orElseThrow();
        ClipRange range = weight.effective().getFirst();
        double span = (double) range.hi() - range.lo();
        TargetSupport any = TargetSupport.affine(8);

        assertThat(new Target("t", "T", any, any, span).problems(weight)).isEmpty();
        // Of a weight the file has the scale that the target makes of it; an activation cannot be widened unasked.
        assertThat(new Target("t", "T", any, any, Math.nextUp(span)).problems(weight))
                .singleElement()
                .returns(Severity.WARNING, ExportProblem::severity)
                .extracting(ExportProblem::why)
                .asString()
                .startsWith("1 of its 1 ranges is narrower than the " + Math.nextUp(span) + " that T takes");
        Encoding activation = troubled().encodings().stream()
                .filter(Encoding::isActivation)
                .findFirst()
                .orElseThrow();
        assertThat(new Target("t", "T", any, any, 10).problems(activation))
                .singleElement()
                .returns(Severity.ERROR, ExportProblem::severity)
                .extracting(ExportProblem::why)
                .asString()
                .endsWith(" wide, T wants at least 10.0");
    }
}
