package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import javafx.scene.Node;
import javafx.scene.control.ListView;
import javafx.scene.control.TextField;
import javafx.scene.input.Clipboard;
import javafx.scene.input.KeyCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.export.TargetsState;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.io.Fingerprint;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.verify.Verification;
import org.quantscope.core.verify.Verifier;
import org.testfx.api.FxRobot;

class ExportFlowTest {
    @TempDir
    static Path folder;

    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST).withoutCurve();

    private void show(FxRobot robot, String format) throws TimeoutException {
        robot.clickOn("#export");
        OpenWindow.waitUntil(() -> view().targets().size() == Exporters.all().size()
                && !view().progress().previous());
        OpenWindow.doOnFx(() -> robot.lookup("#export-targets")
                .queryListView()
                .getSelectionModel()
                .select(view().targets().stream()
                        .map(t -> t.exporter().id())
                        .toList()
                        .indexOf(format)));
        OpenWindow.waitUntil(
                () -> view().chosen().map(t -> t.exporter().id().equals(format)).orElse(false)
                        && !view().file().preview().parts().isEmpty());
    }

    private TargetsState view() {
        return at.context.targets().viewProperty().get();
    }

    private void export(FxRobot robot, String format, Path file) throws TimeoutException {
        show(robot, format);
        OpenWindow.doOnFx(
                () -> robot.lookup("#export-file").queryAs(TextField.class).setText(file.toString()));
        robot.clickOn("#export-write");
        OpenWindow.waitUntil(() ->
                robot.lookup("#result-sha256").tryQuery().map(Node::isVisible).orElse(false));
    }

    @Test
    void aSessionIsWrittenWhereTheDialogSays(FxRobot robot) throws Exception {
        Path file = folder.resolve("digits.quantscope.json");
        export(robot, "quantscope-json", file);
        assertThat(SessionFile.read(file).state().weights())
                .isEqualTo(at.state().weights());
        assertThat(OpenWindow.text(robot, "#result-sha256")).isEqualTo(Fingerprint.sha256(file, new CancelToken()));
        assertThat(OpenWindow.text(robot, "#result-size")).isEqualTo(Figures.bytes(Files.size(file)));
    }

    @Test
    void aFileThatIsThereIsReplacedOnlyWhenThatIsAgreedTo(FxRobot robot) throws Exception {
        Path file = Files.writeString(folder.resolve("there.quantscope.json"), "old");
        show(robot, "quantscope-json");
        OpenWindow.doOnFx(
                () -> robot.lookup("#export-file").queryAs(TextField.class).setText(file.toString()));
        assertThat(OpenWindow.text(robot, "#export-file-note")).isEqualTo("exists already");
        robot.clickOn("#export-write");
        robot.clickOn("Cancel");
        assertThat(file).hasContent("old");
        assertThat(OpenWindow.onFx(() -> robot.lookup("#export-status").query().isVisible()))
                .isFalse();
        robot.clickOn("#export-write");
        robot.clickOn("Replace");
        OpenWindow.waitUntil(() -> robot.lookup("#result-sha256").tryQuery().isPresent());
        assertThat(SessionFile.read(file).state()).isEqualTo(at.state());
    }

    @Test
    void whatStandsInTheWayOfAFileIsSaidBesideItsName(FxRobot robot) throws Exception {
        show(robot, "quantscope-json");
        TextField file = robot.lookup("#export-file").queryAs(TextField.class);
        OpenWindow.doOnFx(() -> file.setText(folder.resolve("no/such.json").toString()));
        assertThat(OpenWindow.text(robot, "#export-file-note")).isEqualTo("There is no such folder.");
        assertThat(OpenWindow.onFx(() -> robot.lookup("#export-write").query().isDisabled()))
                .isTrue();
        OpenWindow.doOnFx(() -> file.setText(folder.toString()));
        assertThat(OpenWindow.text(robot, "#export-file-note")).isEqualTo("This is a folder.");
        OpenWindow.doOnFx(() -> file.setText(folder.resolve("such.json").toString()));
        assertThat(OpenWindow.text(robot, "#export-file-note")).isEmpty();
        assertThat(OpenWindow.onFx(() -> robot.lookup("#export-write").query().isDisabled()))
                .isFalse();
    }

    @Test
    void whereTheFileIsCanBeCopiedAndOpened(FxRobot robot) throws Exception {
        Path file = folder.resolve("where.quantscope.json");
        List<Path> opened = new ArrayList<>();
        OpenWindow.doOnFx(() -> at.window.setFolderOpener(opened::add));
        export(robot, "quantscope-json", file);
        assertThat(OpenWindow.text(robot, "#result-path"))
                .isEqualTo("✓ " + file.toAbsolutePath().normalize());
        assertThat(OpenWindow.text(robot, "#result-verified")).startsWith("Read back: ");
        OpenWindow.doOnFx(() -> robot.lookup("#result-copy").queryButton().fire());
        assertThat(OpenWindow.onFx(() -> Clipboard.getSystemClipboard().getString()))
                .isEqualTo(file.toAbsolutePath().normalize().toString());
        OpenWindow.doOnFx(() -> robot.lookup("#result-folder").queryButton().fire());
        assertThat(opened).containsExactly(file.toAbsolutePath().normalize().getParent());
    }

    @Test
    void escapeInTheListOfFormatsClosesTheDialog(FxRobot robot) throws Exception {
        show(robot, "quantscope-json");
        OpenWindow.doOnFx(() -> {
            robot.lookup("#export-title").query().getScene().getWindow().requestFocus();
            robot.lookup("#export-targets").query().requestFocus();
        });
        robot.push(KeyCode.ESCAPE);
        OpenWindow.waitUntil(() -> robot.lookup("#export-targets").tryQuery().isEmpty());
    }

    @Test
    void aRefusedOptionIsSaidInItsFormatAndInTheList(FxRobot robot) throws Exception {
        show(robot, "tensorrt-cache");
        OpenWindow.doOnFx(() ->
                robot.lookup("#export-option-version").queryAs(TextField.class).setText("12"));
        OpenWindow.waitUntil(() -> view().chosen().orElseThrow().refused().isPresent());
        assertThat(OpenWindow.text(robot, "#export-option-note"))
                .isEqualTo("version: a number of 4 to 6 digits is needed, got 12");
        assertThat(OpenWindow.onFx(() -> view().chosen().orElseThrow().state())).isEqualTo("option refused");
        assertThat(OpenWindow.onFx(() -> robot.lookup("#export-write").query().isDisabled()))
                .isTrue();
        OpenWindow.doOnFx(() ->
                robot.lookup("#export-option-version").queryAs(TextField.class).setText("8601"));
        OpenWindow.waitUntil(() -> view().chosen().orElseThrow().refused().isEmpty()
                && !view().progress().previous());
        assertThat(OpenWindow.text(robot, "#export-option-note")).isEmpty();
    }

    @Test
    void anExportedModelIsSaidToDoWhatTheEngineSaysOfIt(FxRobot robot) throws Exception {
        Path file = folder.resolve("digits_qdq.onnx");
        export(robot, "onnx-qdq", file);
        ExportPlan plan =
                OpenWindow.onFx(() -> at.context.export().planProperty().get().orElseThrow());
        var engine = (Verification.Ran) Verifier.verify(
                        Exporters.byId("onnx-qdq"),
                        plan,
                        List.of(file),
                        Optional.of(Datasets.open(SampleFiles.DIGITS_TEST)),
                        Progress.NONE,
                        new CancelToken())
                .orElseThrow();
        assertThat(OpenWindow.text(robot, "#result-sha256")).isEqualTo(Fingerprint.sha256(file, new CancelToken()));
        assertThat(OpenWindow.text(robot, "#result-samples")).isEqualTo("500 samples");
        assertThat(OpenWindow.text(robot, "#result-accuracy"))
                .isEqualTo(Figures.percent(engine.run().accuracy().orElseThrow()));
        assertThat(OpenWindow.text(robot, "#result-agreement"))
                .isEqualTo(Figures.percent(engine.run().liveAgreement().orElseThrow()));
        assertThat(OpenWindow.text(robot, "#result-float-agreement"))
                .isEqualTo(Figures.percent(engine.run().floatAgreement().orElseThrow()));
        assertThat(OpenWindow.text(robot, "#result-accuracy")).isEqualTo(OpenWindow.text(robot, "#accuracy"));
    }

    @Test
    void problemsAreCountedAndRemediesTakenBackBehindTheDialog(FxRobot robot) throws Exception {
        OpenWindow.doOnFx(() -> at.context
                .bench()
                .apply(new Edit.SetWeights(
                        Optional.of(QuantSpec.WEIGHTS.withScheme("nf4").withBits(4)))));
        at.waitForRest();
        show(robot, "onnx-qdq");
        TargetsState v = OpenWindow.onFx(this::view);
        int problems = v.chosen().orElseThrow().problems().size();
        int weights = OpenWindow.onFx(() -> at.context.bench().weights().size());
        assertThat(problems).isGreaterThanOrEqualTo(weights);
        assertThat(OpenWindow.onFx(
                        () -> robot.lookup("#export-problems").queryListView().getItems()))
                .hasSize(problems);
        assertThat(OpenWindow.text(robot, "#export-verdict")).startsWith(weights + " tensors cannot be carried");
        assertThat(OpenWindow.text(robot, "#export-loses")).contains("how the ranges were chosen");

        // A choice in the list takes the tensor in hand behind the dialog.
        String tensor = v.chosen().orElseThrow().problems().get(problems - 1).tensor();
        OpenWindow.doOnFx(() -> robot.lookup("#export-problems")
                .queryListView()
                .getSelectionModel()
                .select(problems - 1));
        assertThat(at.hand().subject().id().name()).isEqualTo(tensor);

        // The settings change while the dialog is open, and it follows.
        OpenWindow.doOnFx(() -> at.context.bench().apply(new Edit.SetWeights(Optional.of(QuantSpec.WEIGHTS))));
        OpenWindow.waitUntil(() ->
                !view().progress().previous() && view().chosen().orElseThrow().ready());
        assertThat(OpenWindow.text(robot, "#export-verdict")).isEqualTo("Every setting is taken as it is.");
        assertThat(OpenWindow.onFx(() -> robot.lookup("#export-problems").tryQuery()))
                .isEmpty();
    }

    @Test
    void oneButtonAppliesEveryRemedyAndUndoInTheDialogTakesThemBack(FxRobot robot) throws Exception {
        OpenWindow.doOnFx(() -> {
            at.context.bench().apply(new Edit.SetEvaluationData(at.state().evaluationData()));
            SampleFiles.calibrateDigits(at.context);
        });
        OpenWindow.waitUntil(() -> at.context.bench().calibrationData().isPresent());
        OpenWindow.doOnFx(() -> at.context.activations().quantize(true));
        OpenWindow.waitUntil(() -> at.rests()
                && at.context
                        .bench()
                        .stateProperty()
                        .get()
                        .orElseThrow()
                        .activations()
                        .isPresent());
        show(robot, "tensorrt-cache");
        SessionState before = at.state();
        long fixes = OpenWindow.onFx(() -> view().chosen().orElseThrow().fixes());
        assertThat(OpenWindow.onFx(
                        () -> robot.lookup("#export-fix-all").queryButton().getText()))
                .isEqualTo("Apply all " + fixes + " remedies");
        robot.clickOn("#export-fix-all");
        OpenWindow.waitUntil(() ->
                !view().progress().previous() && view().chosen().orElseThrow().fixes() == 0);
        assertThat(OpenWindow.onFx(() -> robot.lookup("#export-fix-all").query().isVisible()))
                .isFalse();
        ListView<String> text = robot.lookup("#export-preview").queryListView();
        int activations = at.context
                .bench()
                .analysed()
                .flatMap(Model::graph)
                .orElseThrow()
                .parameterOwners()
                .size();
        assertThat(OpenWindow.onFx(() -> text.getItems().getFirst())).isEqualTo("TRT-8501-EntropyCalibration2");
        assertThat(OpenWindow.onFx(() -> text.getItems().size())).isEqualTo(1 + activations);
        OpenWindow.waitUntil(at::rests);
        // The button is gone; where the keyboard is now, in a field or not, is no matter.
        OpenWindow.doOnFx(() -> {
            robot.lookup("#export-title").query().getScene().getWindow().requestFocus();
            robot.lookup("#export-option-version").query().requestFocus();
        });
        robot.push(KeyCode.CONTROL, KeyCode.Z);
        OpenWindow.waitUntil(
                () -> at.context.bench().stateProperty().get().orElseThrow().equals(before));
        OpenWindow.waitUntil(() ->
                !view().progress().previous() && view().chosen().orElseThrow().fixes() == fixes);
    }

    @Test
    void anOptionChangesTheTextThatIsShownAndWritten(FxRobot robot) throws Exception {
        show(robot, "tensorrt-cache");
        OpenWindow.doOnFx(() ->
                robot.lookup("#export-option-version").queryAs(TextField.class).setText("100300"));
        ListView<String> text = robot.lookup("#export-preview").queryListView();
        OpenWindow.waitUntil(() -> text.getItems().getFirst().equals("TRT-100300-EntropyCalibration2"));
        Path file = folder.resolve("digits.cache");
        OpenWindow.doOnFx(
                () -> robot.lookup("#export-file").queryAs(TextField.class).setText(file.toString()));
        robot.clickOn("#export-write");
        OpenWindow.waitUntil(() ->
                robot.lookup("#result-sha256").tryQuery().map(Node::isVisible).orElse(false));
        assertThat(Files.readAllLines(file).getFirst()).isEqualTo("TRT-100300-EntropyCalibration2");
    }

    @Test
    void theModelItselfIsNotWrittenOver(FxRobot robot) throws Exception {
        byte[] before = Files.readAllBytes(SampleFiles.DIGITS);
        OpenWindow.doOnFx(() -> at.context.export().export(Exporters.byId("onnx-qdq"), SampleFiles.DIGITS));
        OpenWindow.waitUntil(() -> OpenWindow.text(robot, "#notice-text").contains("another name"));
        assertThat(OpenWindow.text(robot, "#notice-text")).contains("digits_mlp.onnx");
        assertThat(Files.readAllBytes(SampleFiles.DIGITS)).isEqualTo(before);
    }
}
