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
import javafx.stage.Stage;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.configimport.ImportViewModel;
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
import org.testfx.framework.junit5.ApplicationExtension;
import org.testfx.framework.junit5.Start;
import org.testfx.framework.junit5.Stop;

@ExtendWith(ApplicationExtension.class)
class ImportFlowTest {
    @TempDir
    static Path folder;

    private ContextInWindow at;

    @Start
    void start(Stage shared) {
        at = new ContextInWindow(folder.resolve("config" + System.nanoTime()));
        at.show(ContextInWindow.DIGITS, ContextInWindow.DIGITS_TEST);
    }

    @Stop
    void stop() {
        at.end();
    }

    @BeforeEach
    void atRest() throws TimeoutException {
        at.waitForRest();
    }

    @Test
    void aDroppedFileShowsWhatItWouldChangeAndIsOneStep(FxRobot robot) throws Exception {
        ExportPlan plan =
                ContextInWindow.onFx(() -> at.desk.export().planProperty().get().orElseThrow());
        Path file = folder.resolve("eight.encodings");
        Exporters.export(Exporters.byId("aimet-2.0.0"), plan, file, new CancelToken());
        TensorId first =
                ContextInWindow.onFx(() -> at.desk.bench().weights().getFirst().id());
        Files.writeString(file, Files.readString(file).replace('"' + first.name() + '"', '"' + first.name() + "_q\""));
        ContextInWindow.doOnFx(
                () -> at.desk.bench().apply(new Edit.SetWeights(Optional.of(QuantSpec.WEIGHTS.withBits(3)))));
        at.waitForRest();
        SessionState before = at.state();

        ContextInWindow.doOnFx(() -> at.window.drop(List.of(file.toFile())));
        ContextInWindow.waitUntil(
                () -> robot.lookup("#import-matches").tryQuery().isPresent()
                        && view().comparison()
                                .flatMap(ImportViewModel.Comparison::imported)
                                .isPresent());
        TableView<ImportViewModel.Match> table = robot.lookup("#import-matches").queryTableView();
        int weights = ContextInWindow.onFx(() -> at.desk.bench().weights().size());
        assertThat(table.getItems()).hasSize(weights - 1);
        assertThat(ContextInWindow.text(robot, "#import-counts"))
                .isEqualTo((weights - 1) + " tensors matched: " + (weights - 1) + " differ, 0 the same as now");
        assertThat(ContextInWindow.text(robot, "#import-unplaced-head")).startsWith("WITHOUT A PLACE: ");
        ListView<ImportViewModel.Unplaced> unplaced =
                robot.lookup("#import-unplaced").queryListView();
        assertThat(unplaced.getItems())
                .anySatisfy(u -> assertThat(u.entry().name()).isEqualTo(first.name() + "_q"));

        // Both SQNR figures are the engine's.
        ImportViewModel.Match shown =
                ContextInWindow.onFx(() -> table.getSelectionModel().getSelectedItem());
        assertThat(at.hand().subject().id()).isEqualTo(shown.id());
        Tensor tensor = ContextInWindow.onFx(
                () -> at.desk.bench().analysed().orElseThrow().find(shown.id()).orElseThrow());
        assertThat(ContextInWindow.text(robot, "#import-sqnr-imported"))
                .isEqualTo(
                        Figures.decibels(Engine.measure(tensor, plan.weights().get(shown.id()), new CancelToken())
                                .sqnrDb()));
        assertThat(ContextInWindow.text(robot, "#import-sqnr-present"))
                .isEqualTo(Figures.decibels(
                        at.hand().measured().orElseThrow().error().sqnrDb()));

        ContextInWindow.doOnFx(() -> at.desk.imports().map(first.name() + "_q", Optional.of(first.name())));
        ContextInWindow.waitUntil(() -> table.getItems().size() == weights);
        robot.clickOn("#import-apply");
        ContextInWindow.waitUntil(() ->
                at.desk.bench().stateProperty().get().orElseThrow().overrides().size() == weights);
        assertThat(ContextInWindow.onFx(
                        () -> at.desk.bench().undoTitleProperty().get()))
                .isEqualTo("import eight.encodings");
        at.waitForRest();
        assertThat(ContextInWindow.onFx(() -> at.desk
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
                ContextInWindow.onFx(() -> at.desk.export().planProperty().get().orElseThrow());
        Path file = folder.resolve("digits_qdq.onnx");
        Exporters.export(Exporters.byId("onnx-qdq"), plan, file, new CancelToken());
        drop(robot, file, "Cancel");
        assertThat(ContextInWindow.onFx(() -> robot.lookup("#import-matches").tryQuery()))
                .isEmpty();

        drop(robot, file, "Import its ranges…");
        ContextInWindow.waitUntil(
                () -> view().matches().size() == plan.weights().size());
        assertThat(ContextInWindow.text(robot, "#import-file")).isEqualTo("digits_qdq.onnx");
        // The keyboard is in the table, and Escape ends the dialog from there.
        robot.push(KeyCode.ESCAPE);
        ContextInWindow.waitUntil(
                () -> robot.lookup("#import-matches").tryQuery().isEmpty());
        assertThat(at.state().overrides()).isEmpty();

        drop(robot, file, "Open it");
        ContextInWindow.waitUntil(
                () -> at.desk.bench().modelProperty().get().orElseThrow().name().equals("digits_qdq.onnx"));
    }

    private void drop(FxRobot robot, Path file, String answer) throws TimeoutException {
        // The question waits for its answer on the thread of the scene.
        FxThread.executor().execute(() -> at.window.drop(List.of(file.toFile())));
        ContextInWindow.waitUntil(() -> robot.lookup(answer).tryQuery().isPresent());
        robot.clickOn(answer);
        ContextInWindow.waitUntil(() -> robot.lookup("Open it").tryQuery().isEmpty());
    }

    @Test
    void aFileOfNoKnownFormatCannotBeImported(FxRobot robot) throws Exception {
        Path file = Files.writeString(folder.resolve("notes.txt"), "nothing of the kind");
        ContextInWindow.doOnFx(() -> at.window.drop(List.of(file.toFile())));
        ContextInWindow.waitUntil(() -> robot.lookup("#import-problem")
                .tryQuery()
                .map(n -> n instanceof Label l && !l.getText().isEmpty())
                .orElse(false));
        assertThat(ContextInWindow.text(robot, "#import-problem"))
                .isEqualTo("No format that is known here finds settings in this file.");
        assertThat(robot.lookup("#import-apply").queryButton().isDisabled()).isTrue();
    }

    private ImportViewModel.View view() {
        return at.desk.imports().viewProperty().get();
    }
}
