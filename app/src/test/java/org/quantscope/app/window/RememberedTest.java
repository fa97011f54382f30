package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import javafx.scene.control.DialogPane;
import javafx.scene.control.TextField;
import javafx.scene.input.KeyCode;
import javafx.stage.Stage;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.accuracy.AccuracyViewModel.Status;
import org.quantscope.app.session.Settings;
import org.quantscope.app.ui.FxThread;
import org.quantscope.app.ui.Theme;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionFile;
import org.testfx.api.FxRobot;
import org.testfx.framework.junit5.ApplicationExtension;
import org.testfx.framework.junit5.Start;
import org.testfx.framework.junit5.Stop;

/** What the program remembers from run to run, and what it does when files are not where they were. */
@ExtendWith(ApplicationExtension.class)
class RememberedTest {
    @TempDir
    static Path folder;

    private Path config;
    private ContextInWindow at;

    @Start
    void start(Stage shared) {
        config = folder.resolve("config" + System.nanoTime());
        at = new ContextInWindow(config);
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
    void themeAndPlaceOfTheWindowAreRememberedAcrossARestart(FxRobot robot) {
        Theme before = ContextInWindow.onFx(() -> at.window.themeProperty().get());
        ContextInWindow.doOnFx(() -> robot.lookup("#theme").queryButton().fire());
        ContextInWindow.doOnFx(() -> {
            at.stage.setX(13);
            at.stage.setY(17);
            at.stage.setHeight(800);
        });
        Stage second = ContextInWindow.onFx(() -> {
            at.close();
            Stage stage = new Stage();
            MainWindow window = new MainWindow(stage, new Settings(config), Runnable::run, Runnable::run);
            assertThat(window.themeProperty().get()).isEqualTo(before.other());
            window.desk().close();
            return stage;
        });
        assertThat(second.getX()).isEqualTo(13);
        assertThat(second.getY()).isEqualTo(17);
        assertThat(second.getHeight()).isEqualTo(800);
    }

    @Test
    void aRecentFileOpensFromTheMenuAndOneThatIsGoneIsForgotten(FxRobot robot) throws Exception {
        Path gone = Files.copy(ContextInWindow.DIGITS, folder.resolve("gone.onnx"));
        ContextInWindow.doOnFx(() -> at.desk.session().openModel(gone));
        ContextInWindow.waitUntil(
                () -> at.desk.bench().modelProperty().get().orElseThrow().name().equals("gone.onnx"));
        assertThat(ContextInWindow.onFx(() -> at.desk.session().recentProperty().get()))
                .containsExactly(gone, ContextInWindow.DIGITS);
        Files.delete(gone);
        robot.clickOn("#open");
        ContextInWindow.waitUntil(() -> at.desk.session().recentProperty().get().size() == 1);
        robot.clickOn("Recent").clickOn(ContextInWindow.DIGITS.toString());
        ContextInWindow.waitUntil(
                () -> at.desk.bench().modelProperty().get().orElseThrow().name().equals("digits_mlp.onnx"));
    }

    @Test
    void aSessionWhoseDataHasMovedAsksAndGoesOnWithoutIt(FxRobot robot) throws Exception {
        Path file = folder.resolve("moved.quantscope.json");
        SessionFile.write(
                at.state().withEvaluationData(Optional.of(new FileRef(folder.resolve("nowhere.npz"), "0".repeat(64)))),
                file);
        FxThread.executor().execute(() -> at.desk.session().openSession(file));
        ContextInWindow.waitUntil(
                () -> robot.lookup(".dialog-pane").tryQueryAs(DialogPane.class).isPresent());
        assertThat(ContextInWindow.onFx(() ->
                        robot.lookup(".dialog-pane").queryAs(DialogPane.class).getContentText()))
                .contains("nowhere.npz");
        robot.clickOn("Go on without it");
        ContextInWindow.waitUntil(
                () -> at.desk.bench().sessionFileProperty().get().equals(Optional.of(file)));
        assertThat(ContextInWindow.onFx(
                        () -> at.desk.accuracy().viewProperty().get().status()))
                .isEqualTo(Status.NO_DATA);
    }

    @Test
    void aTypedEndThatCannotBeIsRefusedWithAWordAndGivenBack(FxRobot robot) {
        String before = ContextInWindow.onFx(
                () -> robot.lookup("#typed-hi").queryAs(TextField.class).getText());
        ContextInWindow.doOnFx(() -> robot.lookup("#typed-hi").query().requestFocus());
        robot.press(KeyCode.SHORTCUT, KeyCode.A)
                .release(KeyCode.A, KeyCode.SHORTCUT)
                .write("-1")
                .type(KeyCode.ENTER);
        assertThat(ContextInWindow.text(robot, "#notice-text"))
                .contains("above 0")
                .contains("-1");
        assertThat(ContextInWindow.onFx(
                        () -> robot.lookup("#typed-hi").queryAs(TextField.class).getText()))
                .isEqualTo(before);
        assertThat(ContextInWindow.onFx(() -> at.desk.bench().canUndoProperty().get()))
                .isFalse();
    }

    @Test
    void aPointOfWhatWasTriedIsTheWayBackToItsSetting(FxRobot robot) throws Exception {
        var before = at.state();
        ContextInWindow.doOnFx(() -> at.desk.quantizer().setBits(2));
        at.waitForRest();
        var points =
                ContextInWindow.onFx(() -> at.desk.tried().viewProperty().get().points());
        assertThat(points).extracting(p -> p.label()).containsExactlyInAnyOrder("float32", "W8", "W2–8");
        ContextInWindow.doOnFx(() -> at.desk
                .tried()
                .adopt(points.stream()
                        .filter(p -> p.label().equals("W8"))
                        .findFirst()
                        .orElseThrow()));
        at.waitForRest();
        assertThat(at.state()).isEqualTo(before);
        assertThat(ContextInWindow.onFx(() -> at.desk
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
}
