package org.quantscope.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.export.CheckedFormat;
import org.quantscope.app.export.Preview;
import org.quantscope.app.export.TargetsState;
import org.quantscope.app.export.TargetsViewModel;
import org.quantscope.core.export.ExportProblem;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/** The formats with their problems, remedies, options and previews, without a window. */
class TargetsTest {
    private static final Exporter TRT = Exporters.byId("tensorrt-cache");
    private static final Exporter QDQ = Exporters.byId("onnx-qdq");
    private static final Exporter JSON = Exporters.byId("quantscope-json");

    @TempDir
    Path folder;

    private HeldContext at;
    private TargetsViewModel targets;

    @BeforeEach
    void open() {
        at = new HeldContext(folder);
        at.context.session().openSample(SampleFiles.digits());
        at.context.activations().quantize(true);
        targets = at.context.targets();
        targets.setShowing(true);
    }

    @AfterEach
    void close() {
        at.close();
        assertThat(at.problems).isEmpty();
    }

    private TargetsState view() {
        return targets.viewProperty().get();
    }

    private CheckedFormat target(Exporter exporter) {
        return view().targets().stream()
                .filter(t -> t.exporter().equals(exporter))
                .findFirst()
                .orElseThrow();
    }

    private Preview.Part part() {
        return view().file().preview().parts().getFirst();
    }

    private TensorId activation() {
        return at.context.bench().activations().getFirst().id();
    }

    private void set(TensorId id, QuantSpec spec) {
        at.context.bench().apply(new Edit.SetOverride(id, spec));
    }

    @Test
    void everyFormatIsListedWithItsOwnProblems() {
        assertThat(view().targets()).extracting(CheckedFormat::exporter).containsExactlyElementsOf(Exporters.all());
        for (CheckedFormat t : view().targets()) {
            List<ExportProblem> engine =
                    t.exporter().check(at.context.export().planProperty().get().orElseThrow());
            assertThat(t.problems()).as(t.exporter().id()).isEqualTo(engine);
            assertThat(t.ready()).as(t.exporter().id()).isEqualTo(engine.isEmpty());
            assertThat(t.loses())
                    .as(t.exporter().id())
                    .satisfies(line -> t.exporter()
                            .loses()
                            .forEach(field -> assertThat(line).contains(field.words())));
        }
        assertThat(target(JSON).state()).isEqualTo("ready");
        assertThat(target(TRT).state())
                .isEqualTo(
                        target(TRT).problems().size() == 1
                                ? "1 problem"
                                : target(TRT).problems().size() + " problems");
    }

    @Test
    void problemsFollowTheSettings() {
        int before = target(QDQ).problems().size();
        TensorId weight = at.context.bench().weights().getFirst().id();
        set(weight, QuantSpec.WEIGHTS.withScheme("nf4").withBits(4));
        assertThat(target(QDQ).problems()).hasSizeGreaterThan(before);
        assertThat(target(QDQ).problems())
                .anySatisfy(p -> assertThat(p.tensor()).isEqualTo(weight.name()));
        at.context.bench().undo();
        assertThat(target(QDQ).problems()).hasSize(before);
    }

    @Test
    void nothingIsCheckedWhileNobodyLooks() {
        targets.setShowing(false);
        at.held = true;
        set(at.context.bench().weights().getFirst().id(), QuantSpec.WEIGHTS.withBits(3));
        at.runWaiting();
        assertThat(view().targets()).isEmpty();
        assertThat(view().file().preview().parts()).isEmpty();
    }

    @Test
    void aRemedyIsOneStepAndTheListFollows() {
        targets.choose(TRT);
        TensorId id = activation();
        ExportProblem asymmetric = view().chosen().orElseThrow().problems().stream()
                .filter(p -> p.tensor().equals(id.name()) && p.fix().isPresent())
                .findFirst()
                .orElseThrow();
        SessionState before = at.state();
        assertThat(targets.fix(asymmetric)).isTrue();
        assertThat(at.state().activationSpec(id).orElseThrow())
                .isNotEqualTo(before.activationSpec(id).orElseThrow());
        assertThat(view().chosen().orElseThrow().problems()).doesNotContain(asymmetric);
        // What it was for is no more.
        assertThat(targets.fix(asymmetric)).isFalse();
        at.context.bench().undo();
        assertThat(at.state()).isEqualTo(before);
        assertThat(view().chosen().orElseThrow().problems()).contains(asymmetric);
    }

    @Test
    void allRemediesAreOneStepThatLeavesNoneToApply() {
        TensorId id = activation();
        // Two problems on one tensor: the width, and then the zero point.
        set(id, QuantSpec.ACTIVATIONS.withBits(4));
        targets.choose(TRT);
        assertThat(view().chosen().orElseThrow().fixes()).isGreaterThan(1);
        SessionState before = at.state();
        targets.fixAll();
        assertThat(view().progress().busy()).isFalse();
        assertThat(view().chosen().orElseThrow().fixes()).isZero();
        QuantSpec now = at.state().activationSpec(id).orElseThrow();
        assertThat(now.bits()).isEqualTo(8);
        assertThat(now.symmetric()).isTrue();
        assertThat(now.signed()).isTrue();
        assertThat(at.context.bench().undoTitleProperty().get()).contains(TRT.title());
        at.context.bench().undo();
        assertThat(at.state()).isEqualTo(before);
    }

    @Test
    void remediesOfEarlierSettingsAreNotApplied() {
        targets.choose(TRT);
        ExportProblem problem = view().chosen().orElseThrow().problems().stream()
                .filter(p -> p.fix().isPresent())
                .findFirst()
                .orElseThrow();
        at.held = true;
        at.context.bench().apply(new Edit.SetActivations(Optional.of(QuantSpec.ACTIVATIONS.withBits(5))));
        assertThat(view().progress().previous()).isTrue();
        assertThat(view().mayExport()).isFalse();
        SessionState now = at.state();
        assertThat(targets.fix(problem)).isFalse();
        targets.fixAll();
        assertThat(at.state()).isEqualTo(now);
        at.runWaiting();
        assertThat(view().progress().previous()).isFalse();
        assertThat(view().mayExport()).isTrue();
    }

    @Test
    void aProblemTakesItsTensorInHand() {
        targets.choose(TRT);
        ExportProblem last = view().chosen().orElseThrow().problems().stream()
                .filter(p -> !p.tensor().isEmpty())
                .reduce((a, b) -> b)
                .orElseThrow();
        targets.select(last);
        assertThat(at.context.bench().selectionProperty().get()).contains(new TensorId(last.tensor()));
    }

    @Test
    void thePreviewIsTheTextThatIsWrittenWithTheTensorMarked() throws Exception {
        TensorId id = at.context.bench().selectionProperty().get().orElseThrow();
        Path file = folder.resolve("out" + JSON.extension());
        at.context.export().export(JSON, file);
        assertThat(part().whole()).isEqualTo(Files.readString(file));
        assertThat(part().snippet()).contains('"' + id.name() + '"');
        assertThat(part().marked().size()).isLessThan(part().lines().size());
        TensorId other = at.context.bench().weights().stream()
                .map(w -> w.id())
                .filter(w -> !w.equals(id))
                .findFirst()
                .orElseThrow();
        var before = part().marked();
        at.context.bench().select(other);
        assertThat(part().marked()).isNotEqualTo(before);
        assertThat(part().snippet()).contains('"' + other.name() + '"').doesNotContain('"' + id.name() + '"');
    }

    @Test
    void aBinaryFileIsDescribed() {
        targets.choose(QDQ);
        assertThat(part().text()).isFalse();
        int weights =
                at.context.export().planProperty().get().orElseThrow().weights().size();
        assertThat(part().lines()).contains(weights + " of " + weights + " quantized weights");
        set(
                at.context.bench().weights().getFirst().id(),
                QuantSpec.WEIGHTS.withScheme("nf4").withBits(4).withSymmetric(true));
        long left = view().chosen().orElseThrow().problems().stream()
                .filter(p -> p.severity() == ExportProblem.Severity.ERROR)
                .count();
        assertThat(part().lines()).contains((weights - left) + " of " + weights + " quantized weights");
    }

    @Test
    void optionsChangeThePreviewAndAreRemembered() {
        targets.choose(TRT);
        targets.fixAll();
        assertThat(part().lines().getFirst()).isEqualTo("TRT-8501-EntropyCalibration2");
        targets.setOption("version", "100300");
        targets.setOption("algorithm", "MinMaxCalibration");
        assertThat(part().lines().getFirst()).isEqualTo("TRT-100300-MinMaxCalibration");
        assertThat(targets.given()).isEqualTo(Map.of("version", "100300", "algorithm", "MinMaxCalibration"));
        targets.setOption("version", "ten");
        assertThat(view().file().problem())
                .hasValueSatisfying(why -> assertThat(why).contains("version").contains("ten"));
        assertThat(view().mayExport()).isFalse();
        targets.setOption("version", "100300");
        assertThat(view().mayExport()).isTrue();
        assertThat(view().options()).containsEntry("version", "100300").containsEntry("algorithm", "MinMaxCalibration");
    }

    @Test
    void theFormatUsedLastComesFirst() {
        targets.choose(TRT);
        targets.used();
        targets.setShowing(false);
        targets.setShowing(true);
        assertThat(targets.chosen()).isEqualTo(TRT);
        assertThat(view().targets().getFirst().exporter()).isEqualTo(TRT);
        assertThat(view().targets().getFirst().recent()).isTrue();
        assertThat(view().targets().get(1).recent()).isFalse();
        assertThat(view().targets())
                .extracting(CheckedFormat::exporter)
                .containsExactlyInAnyOrderElementsOf(Exporters.all());
    }

    @Test
    void everyFormatHasAFileNameOfItsOwn() {
        List<String> names = Exporters.all().stream()
                .map(e -> at.context.export().suggestion(e).getFileName().toString())
                .toList();
        assertThat(names)
                .doesNotHaveDuplicates()
                .contains(
                        "digits_mlp_onnx-qdq.onnx",
                        "digits_mlp_quantscope.json",
                        "digits_mlp_quantized.npz",
                        "digits_mlp_tensorrt.cache");
    }

    @Test
    void theFilterLooksAtTitlesAndEndings() {
        targets.filterProperty().set("tensorrt");
        assertThat(view().targets())
                .extracting(CheckedFormat::exporter)
                .contains(TRT)
                .doesNotContain(QDQ);
        // Nothing is exported that the list does not show.
        assertThat(view().targets()).extracting(CheckedFormat::exporter).contains(targets.chosen());
        assertThat(view().chosen().orElseThrow().exporter()).isEqualTo(targets.chosen());
        targets.filterProperty().set(".ONNX");
        assertThat(view().targets())
                .extracting(CheckedFormat::exporter)
                .contains(QDQ)
                .doesNotContain(TRT);
        targets.filterProperty().set("");
        assertThat(view().targets()).hasSameSizeAs(Exporters.all());
    }

    @Test
    void aManualRangeSurvivesItsRemedy() {
        TensorId id = activation();
        set(id, QuantSpec.ACTIVATIONS.withClip(new Clip.Manual(new ClipRange(-8, 1))));
        targets.choose(TRT);
        targets.fixAll();
        assertThat(at.state().activationSpec(id).orElseThrow().clip())
                .isEqualTo(new Clip.Manual(ClipRange.symmetric(8)));
    }

    /** As the command line says it: the format leaves out what it cannot carry, and that was to be quantized. */
    @Test
    void whatAFileLeavesInFloatIsCountedWithItsReasons() {
        CheckedFormat all = target(JSON);
        assertThat(all.leftFloat()).isEmpty();
        assertThat(all.stays()).isEmpty();

        TensorId weight = at.context.bench().weights().getFirst().id();
        at.context.bench().apply(new Edit.KeepFloat(weight, true));
        assertThat(target(JSON).stays()).isEqualTo("1 constant stays in float.");
        assertThat(target(JSON).reasons()).startsWith(weight + ": ");

        at.context.bench().undo();
        set(weight, QuantSpec.WEIGHTS.withScheme("nf4").withBits(4));
        CheckedFormat qdq = target(QDQ);
        assertThat(qdq.stays()).isEqualTo("1 constant stays in float, 1 of them a weight that was to be quantized.");
        assertThat(qdq.leftFloat())
                .isEqualTo(Exporters.leftFloat(
                        at.context.export().planProperty().get().orElseThrow(), qdq.problems()));
    }
}
