package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeoutException;
import javafx.scene.control.Button;
import javafx.scene.control.TextArea;
import javafx.scene.control.TextField;
import javafx.scene.input.KeyCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.SampleFiles;
import org.testfx.api.FxRobot;

class DataDialogTest {
    @TempDir
    static Path folder;

    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST).withoutCurve();

    private void type(FxRobot robot, String id, String text) {
        OpenWindow.doOnFx(() -> robot.lookup(id).queryAs(TextField.class).setText(text));
    }

    @Test
    void theDialogShowsWhatTheModelGetsAndTakesOverWhatIsTyped(FxRobot robot) throws TimeoutException {
        OpenWindow.doOnFx(() -> robot.lookup("#data").queryButton().fire());
        OpenWindow.waitUntil(() -> robot.lookup("#input-use").tryQuery().isPresent()
                && at.context.input().viewProperty().get().mayApply());
        float[] values = new float[64];
        OpenWindow.onFx(() -> at.context.bench().evaluationData().orElseThrow()).fill(new int[] {0}, values);
        double max = 0;
        for (float v : values) {
            max = Math.max(max, v);
        }
        assertThat(OpenWindow.text(robot, "#input-gets")).isEqualTo("64");
        assertThat(OpenWindow.text(robot, "#input-wants")).isEqualTo("64");
        assertThat(Double.parseDouble(OpenWindow.text(robot, "#input-max-0"))).isEqualTo(max);
        assertThat(robot.lookup(".thumbnail").queryAll()).hasSize(12);
        assertThat(OpenWindow.onFx(() ->
                        robot.lookup("#input-scale").queryAs(TextField.class).getText()))
                .isEqualTo("0.0625");

        type(robot, "#input-scale", "x");
        assertThat(OpenWindow.text(robot, "#input-scale-note")).isEqualTo("Scale 'x' is no number");
        assertThat(OpenWindow.onFx(
                        () -> robot.lookup("#input-use").queryAs(Button.class).isDisabled()))
                .isTrue();
        type(robot, "#input-scale", "1");
        OpenWindow.waitUntil(() -> at.context.input().viewProperty().get().mayApply());
        assertThat(Double.parseDouble(OpenWindow.text(robot, "#input-max-0"))).isEqualTo(max * 16);
        OpenWindow.doOnFx(() -> robot.lookup("#input-use").queryAs(Button.class).fire());
        at.waitForRest();

        assertThat(at.state()
                        .evaluationData()
                        .orElseThrow()
                        .preprocessing()
                        .orElseThrow()
                        .scale())
                .isEqualTo(1);
        OpenWindow.doOnFx(at.context.bench()::undo);
        assertThat(at.state().evaluationData().orElseThrow().preprocessing()).isEmpty();
    }

    @Test
    void everythingIsReachedByTheKeyboardAndEscapeChangesNothing(FxRobot robot) throws TimeoutException {
        var before = at.state();
        OpenWindow.doOnFx(() -> at.window.drop(List.of()));
        robot.press(KeyCode.CONTROL, KeyCode.SHIFT, KeyCode.O).release(KeyCode.O, KeyCode.SHIFT, KeyCode.CONTROL);
        OpenWindow.waitUntil(() -> robot.lookup("#input-scale").tryQuery().isPresent());
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
            assertThat(OpenWindow.onFx(() -> robot.lookup(id).query().isFocusTraversable()
                            && !robot.lookup(id).query().isDisabled()))
                    .as(id)
                    .isTrue();
        }
        // The list of names lets the keyboard go on; it is no trap.
        TextArea classes = robot.lookup("#input-classes").queryAs(TextArea.class);
        OpenWindow.doOnFx(classes::requestFocus);
        robot.push(KeyCode.TAB);
        assertThat(OpenWindow.onFx(
                        () -> classes.isFocused() || !classes.getText().isEmpty()))
                .isFalse();
        robot.press(KeyCode.ESCAPE).release(KeyCode.ESCAPE);
        OpenWindow.waitUntil(() -> robot.lookup("#input-scale").tryQuery().isEmpty());

        assertThat(at.state()).isEqualTo(before);
    }
}
