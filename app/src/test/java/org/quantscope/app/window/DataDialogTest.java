package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeoutException;
import javafx.scene.control.Button;
import javafx.scene.control.TextArea;
import javafx.scene.control.TextField;
import javafx.scene.input.KeyCode;
import javafx.stage.Stage;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.testfx.api.FxRobot;
import org.testfx.framework.junit5.ApplicationExtension;
import org.testfx.framework.junit5.Start;
import org.testfx.framework.junit5.Stop;

@ExtendWith(ApplicationExtension.class)
class DataDialogTest {
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

    private void type(FxRobot robot, String id, String text) {
        ContextInWindow.doOnFx(() -> robot.lookup(id).queryAs(TextField.class).setText(text));
    }

    @Test
    void theDialogShowsWhatTheModelGetsAndTakesOverWhatIsTyped(FxRobot robot) throws TimeoutException {
        ContextInWindow.doOnFx(() -> robot.lookup("#data").queryButton().fire());
        ContextInWindow.waitUntil(() -> robot.lookup("#input-use").tryQuery().isPresent()
                && at.desk.input().viewProperty().get().mayApply());
        float[] values = new float[64];
        ContextInWindow.onFx(() -> at.desk.bench().evaluationData().orElseThrow())
                .fill(new int[] {0}, values);
        double max = 0;
        for (float v : values) {
            max = Math.max(max, v);
        }
        assertThat(ContextInWindow.text(robot, "#input-gets")).isEqualTo("64");
        assertThat(ContextInWindow.text(robot, "#input-wants")).isEqualTo("64");
        assertThat(Double.parseDouble(ContextInWindow.text(robot, "#input-max-0")))
                .isEqualTo(max);
        assertThat(robot.lookup(".thumbnail").queryAll()).hasSize(12);
        assertThat(ContextInWindow.onFx(() ->
                        robot.lookup("#input-scale").queryAs(TextField.class).getText()))
                .isEqualTo("0.0625");

        type(robot, "#input-scale", "x");
        assertThat(ContextInWindow.text(robot, "#input-scale-note")).isEqualTo("Scale 'x' is no number");
        assertThat(ContextInWindow.onFx(
                        () -> robot.lookup("#input-use").queryAs(Button.class).isDisabled()))
                .isTrue();
        type(robot, "#input-scale", "1");
        ContextInWindow.waitUntil(() -> at.desk.input().viewProperty().get().mayApply());
        assertThat(Double.parseDouble(ContextInWindow.text(robot, "#input-max-0")))
                .isEqualTo(max * 16);
        ContextInWindow.doOnFx(
                () -> robot.lookup("#input-use").queryAs(Button.class).fire());
        at.waitForRest();

        assertThat(at.state()
                        .evaluationData()
                        .orElseThrow()
                        .preprocessing()
                        .orElseThrow()
                        .scale())
                .isEqualTo(1);
        ContextInWindow.doOnFx(at.desk.bench()::undo);
        assertThat(at.state().evaluationData().orElseThrow().preprocessing()).isEmpty();
    }

    @Test
    void everythingIsReachedByTheKeyboardAndEscapeChangesNothing(FxRobot robot) throws TimeoutException {
        var before = at.state();
        ContextInWindow.doOnFx(() -> at.window.drop(List.of()));
        robot.press(KeyCode.CONTROL, KeyCode.SHIFT, KeyCode.O).release(KeyCode.O, KeyCode.SHIFT, KeyCode.CONTROL);
        ContextInWindow.waitUntil(() -> robot.lookup("#input-scale").tryQuery().isPresent());
        for (String id : List.of(
                "#input-file",
                "#input-folder",
                "#input-preset-unit",
                "#input-scale",
                "#input-mean",
                "#input-std",
                "#input-resize",
                "#input-shape",
                "#input-stored",
                "#input-colour",
                "#input-layout",
                "#input-classes")) {
            assertThat(ContextInWindow.onFx(() -> robot.lookup(id).query().isFocusTraversable()
                            && !robot.lookup(id).query().isDisabled()))
                    .as(id)
                    .isTrue();
        }
        // The list of names lets the keyboard go on; it is no trap.
        TextArea classes = robot.lookup("#input-classes").queryAs(TextArea.class);
        ContextInWindow.doOnFx(classes::requestFocus);
        robot.push(KeyCode.TAB);
        assertThat(ContextInWindow.onFx(
                        () -> classes.isFocused() || !classes.getText().isEmpty()))
                .isFalse();
        robot.press(KeyCode.ESCAPE).release(KeyCode.ESCAPE);
        ContextInWindow.waitUntil(() -> robot.lookup("#input-scale").tryQuery().isEmpty());

        assertThat(at.state()).isEqualTo(before);
    }
}
