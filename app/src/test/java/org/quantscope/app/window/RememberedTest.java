package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import javafx.scene.control.DialogPane;
import javafx.scene.control.ListView;
import javafx.scene.control.TextField;
import javafx.scene.input.KeyCode;
import javafx.stage.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.accuracy.AccuracyState.Status;
import org.quantscope.app.session.Settings;
import org.quantscope.app.session.UnsavedWork;
import org.quantscope.app.ui.FxThread;
import org.quantscope.app.ui.Theme;
import org.quantscope.core.io.RunFolder;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.session.SessionState;
import org.testfx.api.FxRobot;

/** What the program remembers from run to run, and what it does when files are not where they were. */
class RememberedTest {
    @TempDir
    static Path folder;

    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST).withoutCurve();

    @Test
    void themeAndPlaceOfTheWindowAreRememberedAcrossARestart(FxRobot robot) {
        Theme before = OpenWindow.onFx(() -> at.window.themeProperty().get());
        OpenWindow.doOnFx(() -> robot.lookup("#theme").queryButton().fire());
        OpenWindow.doOnFx(() -> {
            at.stage.setMaximized(false);
            at.stage.setX(13);
            at.stage.setY(17);
            at.stage.setHeight(800);
        });
        Stage second = OpenWindow.onFx(() -> {
            at.close();
            Stage stage = new Stage();
            MainWindow window = new MainWindow(stage, new Settings(at.config), Runnable::run, Runnable::run);
            assertThat(window.themeProperty().get()).isEqualTo(before.other());
            window.context().close();
            return stage;
        });
        assertThat(second.getX()).isEqualTo(13);
        assertThat(second.getY()).isEqualTo(17);
        assertThat(second.getHeight()).isEqualTo(800);
    }

    @Test
    void unsavedWorkOfAnEndedRunIsOfferedListedAndRestored(FxRobot robot) throws Exception {
        SessionState lost = at.state().withKeptFloat(Set.of(at.hand().subject().id()));
        try (RunFolder ended = RunFolder.create(at.config.resolve("unsaved"))) {
            SessionFile.write(Session.of(lost), ended.folder().resolve("autosave.quantscope.json"));
        }
        robot.clickOn("#open").clickOn("Unsaved work…");
        ListView<UnsavedWork> list = robot.lookup("#unsaved-work").queryListView();
        assertThat(OpenWindow.onFx(() -> list.getItems())).singleElement().satisfies(work -> {
            assertThat(work.name()).isEqualTo("digits_mlp.onnx");
            assertThat(work.left()).isEqualTo(new UnsavedWork.Left.Ended());
        });
        robot.clickOn("#unsaved-work").push(KeyCode.DELETE).clickOn("Cancel");
        assertThat(OpenWindow.onFx(() -> robot.lookup("#unsaved-work").queryAll()))
                .hasSize(1);
        robot.push(KeyCode.ENTER);
        OpenWindow.waitUntil(() -> at.context.bench().stateProperty().get().equals(Optional.of(lost)));
        assertThat(OpenWindow.onFx(() -> at.context.bench().dirtyProperty().get()))
                .isTrue();
    }

    @Test
    void aRecentFileOpensFromTheMenuAndOneThatIsGoneIsForgotten(FxRobot robot) throws Exception {
        Path gone = Files.copy(SampleFiles.DIGITS, folder.resolve("gone.onnx"));
        OpenWindow.doOnFx(() -> at.context.session().openModel(gone));
        OpenWindow.waitUntil(() ->
                at.context.bench().modelProperty().get().orElseThrow().name().equals("gone.onnx"));
        assertThat(OpenWindow.onFx(() -> at.context.session().recentProperty().get()))
                .containsExactly(gone, SampleFiles.DIGITS);
        Files.delete(gone);
        robot.clickOn("#open");
        OpenWindow.waitUntil(() -> at.context.session().recentProperty().get().size() == 1);
        robot.clickOn("Recent").clickOn(SampleFiles.DIGITS.toString());
        OpenWindow.waitUntil(() ->
                at.context.bench().modelProperty().get().orElseThrow().name().equals("digits_mlp.onnx"));
    }

    @Test
    void aSessionWhoseDataHasMovedAsksAndGoesOnWithoutIt(FxRobot robot) throws Exception {
        Path file = folder.resolve("moved.quantscope.json");
        SessionFile.write(
                Session.of(at.state()
                        .withEvaluationData(Optional.of(new FileRef(folder.resolve("nowhere.npz"), "0".repeat(64))))),
                file);
        FxThread.executor().execute(() -> at.context.session().openSession(file));
        OpenWindow.waitUntil(
                () -> robot.lookup(".dialog-pane").tryQueryAs(DialogPane.class).isPresent());
        assertThat(OpenWindow.onFx(() ->
                        robot.lookup(".dialog-pane").queryAs(DialogPane.class).getContentText()))
                .contains("nowhere.npz");
        robot.clickOn("Go on without it");
        OpenWindow.waitUntil(
                () -> at.context.bench().sessionFileProperty().get().equals(Optional.of(file)));
        assertThat(OpenWindow.onFx(
                        () -> at.context.accuracy().viewProperty().get().status()))
                .isEqualTo(Status.NO_DATA);
    }

    @Test
    void aTypedEndThatCannotBeIsRefusedWithAWordAndGivenBack(FxRobot robot) {
        String before = OpenWindow.onFx(
                () -> robot.lookup("#typed-hi").queryAs(TextField.class).getText());
        OpenWindow.doOnFx(() -> robot.lookup("#typed-hi").query().requestFocus());
        robot.press(KeyCode.SHORTCUT, KeyCode.A)
                .release(KeyCode.A, KeyCode.SHORTCUT)
                .write("-1")
                .type(KeyCode.ENTER);
        assertThat(OpenWindow.text(robot, "#notice-text")).contains("above 0").contains("-1");
        assertThat(OpenWindow.onFx(
                        () -> robot.lookup("#typed-hi").queryAs(TextField.class).getText()))
                .isEqualTo(before);
        assertThat(OpenWindow.onFx(() -> at.context.bench().canUndoProperty().get()))
                .isFalse();
    }

    @Test
    void aPointOfWhatWasTriedIsTheWayBackToItsSetting(FxRobot robot) throws Exception {
        var before = at.state();
        OpenWindow.doOnFx(() -> at.context.quantizer().setBits(2));
        at.waitForRest();
        var points =
                OpenWindow.onFx(() -> at.context.tried().viewProperty().get().points());
        assertThat(points).extracting(p -> p.label()).containsExactlyInAnyOrder("float32", "W8", "W2–8");
        OpenWindow.doOnFx(() -> at.context
                .tried()
                .adopt(points.stream()
                        .filter(p -> p.label().equals("W8"))
                        .findFirst()
                        .orElseThrow()));
        at.waitForRest();
        assertThat(at.state()).isEqualTo(before);
        assertThat(OpenWindow.onFx(() -> at.context
                        .tried()
                        .viewProperty()
                        .get()
                        .current()
                        .orElseThrow()
                        .label()))
                .isEqualTo("W8");
        robot.clickOn("#undo");
        at.waitForRest();
        assertThat(at.hand().spec().orElseThrow().bits()).isEqualTo(2);
    }

    @Test
    void everythingIsWithinAScreenOf1024By768() {
        assertThat(OpenWindow.onFx(() -> at.stage.getScene().getRoot().minWidth(-1)))
                .isLessThanOrEqualTo(1024);
        assertThat(OpenWindow.onFx(() -> at.stage.getScene().getRoot().minHeight(-1)))
                .isLessThanOrEqualTo(700);
        assertThat(at.stage.getMinWidth()).isLessThanOrEqualTo(1024);
    }
}
