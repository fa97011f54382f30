package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import javafx.scene.control.Button;
import javafx.scene.control.CheckBox;
import javafx.scene.input.KeyCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.quantscope.app.SampleFiles;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.SessionState;
import org.testfx.api.FxRobot;

/** A person opens the dialog, runs it, reads the numbers and takes the steps back one by one. */
class ImproveFlowTest {
    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST).withoutCurve();

    @Test
    void stepsRunAreReadAndTakenBack(FxRobot robot) throws Exception {
        OpenWindow.doOnFx(
                () -> at.context.bench().apply(new Edit.SetWeights(Optional.of(QuantSpec.WEIGHTS.withBits(3)))));
        robot.push(KeyCode.CONTROL, KeyCode.M);
        OpenWindow.waitUntil(() -> robot.lookup("#improve-run").tryQuery().isPresent());
        assertThat(OpenWindow.text(robot, "#improve-why")).contains("Everything is chosen on calibration data");
        assertThat(OpenWindow.onFx(
                        () -> robot.lookup("#improve-choose-data").query().isVisible()))
                .isTrue();
        assertThat(OpenWindow.onFx(() -> robot.lookup("#improve-run").query().isDisabled()))
                .isTrue();

        OpenWindow.doOnFx(() -> SampleFiles.calibrateDigits(at.context));
        at.waitForRest();
        SessionState before = at.state();
        String start = OpenWindow.text(robot, "#accuracy");
        OpenWindow.doOnFx(
                () -> robot.lookup("#improve-bits").queryTextInputControl().setText(""));
        for (String left : new String[] {"#improve-step-equalization", "#improve-step-bits"}) {
            OpenWindow.doOnFx(() -> robot.lookup(left).queryAs(CheckBox.class).fire());
        }
        OpenWindow.doOnFx(
                () -> robot.lookup("#improve-run").queryAs(Button.class).fire());
        OpenWindow.waitUntil(() ->
                at.rests() && robot.lookup("#improve-undo-rounding").tryQuery().isPresent());

        assertThat(OpenWindow.text(robot, "#improve-score-start")).isEqualTo(start);
        assertThat(OpenWindow.text(robot, "#improve-score-rounding")).isEqualTo(OpenWindow.text(robot, "#accuracy"));
        assertThat(OpenWindow.text(robot, "#improve-gain-rounding")).matches("[+-]\\d+\\.\\d+ pts");
        assertThat(OpenWindow.text(robot, "#improve-outcome")).contains("2 steps help", "128");
        String ranges = OpenWindow.text(robot, "#improve-score-ranges");

        OpenWindow.doOnFx(() ->
                robot.lookup("#improve-undo-rounding").queryAs(Button.class).fire());
        at.waitForRest();
        assertThat(OpenWindow.text(robot, "#accuracy")).isEqualTo(ranges);
        assertThat(OpenWindow.text(robot, "#improve-said-rounding")).startsWith("taken back; ");
        // The keys go back in this window too.
        robot.push(KeyCode.CONTROL, KeyCode.Z);
        at.waitForRest();
        assertThat(at.state()).isEqualTo(before);
        assertThat(OpenWindow.text(robot, "#accuracy")).isEqualTo(start);
        OpenWindow.waitUntil(
                () -> robot.lookup("#improve-redo-ranges").tryQuery().isPresent());
    }
}
