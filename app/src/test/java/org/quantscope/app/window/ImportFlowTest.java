package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import javafx.scene.control.Label;
import javafx.scene.control.ListView;
import javafx.scene.control.TableView;
import javafx.scene.input.KeyCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.configimport.ImportState;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.FxThread;
import org.quantscope.core.Engine;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.testfx.api.FxRobot;

class ImportFlowTest {
    @TempDir
    static Path folder;

    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST).withoutCurve();

    @Test
    void aDroppedFileShowsWhatItWouldChangeAndIsOneStep(FxRobot robot) throws Exception {
        ExportPlan plan =
                OpenWindow.onFx(() -> at.context.export().planProperty().get().orElseThrow());
        Path file = folder.resolve("eight.encodings");
        Exporters.export(Exporters.byId("aimet-2.0.0"), plan, file, new CancelToken());
        TensorId first =
                OpenWindow.onFx(() -> at.context.bench().weights().getFirst().id());
        Files.writeString(file, Files.readString(file).replace('"' + first.name() + '"', '"' + first.name() + "_q\""));
        OpenWindow.doOnFx(
                () -> at.context.bench().apply(new Edit.SetWeights(Optional.of(QuantSpec.WEIGHTS.withBits(3)))));
        at.waitForRest();
        SessionState before = at.state();

        OpenWindow.doOnFx(() -> at.window.drop(List.of(file.toFile())));
        OpenWindow.waitUntil(() -> robot.lookup("#import-matches").tryQuery().isPresent()
                && view().comparison().flatMap(ImportState.Comparison::imported).isPresent());
        TableView<ImportState.Match> table = robot.lookup("#import-matches").queryTableView();
        int weights = OpenWindow.onFx(() -> at.context.bench().weights().size());
        assertThat(table.getItems()).hasSize(weights - 1);
        assertThat(OpenWindow.text(robot, "#import-counts"))
                .isEqualTo((weights - 1) + " tensors matched: " + (weights - 1) + " differ, 0 the same as now");
        assertThat(OpenWindow.text(robot, "#import-unplaced-head")).startsWith("WITHOUT A PLACE: ");
        ListView<ImportState.Unplaced> unplaced =
                robot.lookup("#import-unplaced").queryListView();
        assertThat(unplaced.getItems())
                .anySatisfy(u -> assertThat(u.entry().name()).isEqualTo(first.name() + "_q"));

        // Both SQNR figures are the engine's.
        ImportState.Match shown =
                OpenWindow.onFx(() -> table.getSelectionModel().getSelectedItem());
        assertThat(at.hand().subject().id()).isEqualTo(shown.id());
        Tensor tensor = OpenWindow.onFx(() ->
                at.context.bench().analysed().orElseThrow().find(shown.id()).orElseThrow());
        assertThat(OpenWindow.text(robot, "#import-sqnr-imported"))
                .isEqualTo(
                        Figures.decibels(Engine.measure(tensor, plan.weights().get(shown.id()), new CancelToken())
                                .sqnrDb()));
        assertThat(OpenWindow.text(robot, "#import-sqnr-present"))
                .isEqualTo(Figures.decibels(
                        at.hand().measured().orElseThrow().error().sqnrDb()));

        OpenWindow.doOnFx(() -> at.context.imports().map(first.name() + "_q", Optional.of(first.name())));
        OpenWindow.waitUntil(() -> table.getItems().size() == weights);
        robot.clickOn("#import-apply");
        OpenWindow.waitUntil(() -> at.context
                        .bench()
                        .stateProperty()
                        .get()
                        .orElseThrow()
                        .overrides()
                        .size()
                == weights);
        assertThat(OpenWindow.onFx(() -> at.context.bench().undoTitleProperty().get()))
                .isEqualTo("import eight.encodings");
        at.waitForRest();
        assertThat(OpenWindow.onFx(() -> at.context
                        .export()
                        .planProperty()
                        .get()
                        .orElseThrow()
                        .weights()
                        .get(first)
                        .scales()))
                .isEqualTo(plan.weights().get(first).scales());
        robot.clickOn("#undo");
        assertThat(at.state()).isEqualTo(before);
    }

    @Test
    void aDroppedQuantizedModelIsImportedOrOpenedAsAPersonSays(FxRobot robot) throws Exception {
        ExportPlan plan =
                OpenWindow.onFx(() -> at.context.export().planProperty().get().orElseThrow());
        Path file = folder.resolve("digits_qdq.onnx");
        Exporters.export(Exporters.byId("onnx-qdq"), plan, file, new CancelToken());
        drop(robot, file, "Cancel");
        assertThat(OpenWindow.onFx(() -> robot.lookup("#import-matches").tryQuery()))
                .isEmpty();

        drop(robot, file, "Import its ranges…");
        OpenWindow.waitUntil(() -> view().matches().size() == plan.weights().size());
        assertThat(OpenWindow.text(robot, "#import-file")).isEqualTo("digits_qdq.onnx");
        // The keyboard is in the table, and Escape ends the dialog from there.
        robot.push(KeyCode.ESCAPE);
        OpenWindow.waitUntil(() -> robot.lookup("#import-matches").tryQuery().isEmpty());
        assertThat(at.state().overrides()).isEmpty();

        drop(robot, file, "Open it");
        OpenWindow.waitUntil(() ->
                at.context.bench().modelProperty().get().orElseThrow().name().equals("digits_qdq.onnx"));
    }

    private void drop(FxRobot robot, Path file, String answer) throws TimeoutException {
        // The question waits for its answer on the thread of the scene.
        FxThread.executor().execute(() -> at.window.drop(List.of(file.toFile())));
        OpenWindow.waitUntil(() -> robot.lookup(answer).tryQuery().isPresent());
        robot.clickOn(answer);
        OpenWindow.waitUntil(() -> robot.lookup("Open it").tryQuery().isEmpty());
    }

    @Test
    void aFileOfNoKnownFormatCannotBeImported(FxRobot robot) throws Exception {
        Path file = Files.writeString(folder.resolve("notes.txt"), "nothing of the kind");
        OpenWindow.doOnFx(() -> at.window.drop(List.of(file.toFile())));
        OpenWindow.waitUntil(() -> robot.lookup("#import-problem")
                .tryQuery()
                .map(n -> n instanceof Label l && !l.getText().isEmpty())
                .orElse(false));
        assertThat(OpenWindow.text(robot, "#import-problem"))
                .isEqualTo("No format that is known here finds settings in this file.");
        assertThat(robot.lookup("#import-apply").queryButton().isDisabled()).isTrue();
    }

    private ImportState view() {
        return at.context.imports().viewProperty().get();
    }
}
