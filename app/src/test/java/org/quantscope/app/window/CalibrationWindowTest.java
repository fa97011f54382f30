package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import javafx.scene.control.Button;
import javafx.scene.input.KeyCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.quantscope.app.SampleFiles;
import org.testfx.api.FxRobot;

/** The dialog that judges the calibration data, by keys. */
class CalibrationWindowTest {
    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST);

    @Test
    void anOddSampleIsLeftOutByKeysAndUsedAgain(FxRobot robot) throws Exception {
        OpenWindow.doOnFx(() -> SampleFiles.calibrateDigits(at.context));
        at.waitForRest();
        robot.push(KeyCode.SHORTCUT, KeyCode.J);
        OpenWindow.waitUntil(() ->
                !at.context.calibrationQuality().viewProperty().get().odd().isEmpty());
        at.waitForRest();

        assertThat(OpenWindow.text(robot, "#calibration-verdict")).contains("for 8 bits");
        int worst = at.context
                .calibrationQuality()
                .viewProperty()
                .get()
                .odd()
                .getFirst()
                .index();
        OpenWindow.doOnFx(
                () -> robot.lookup("#leave-out-" + worst).queryAs(Button.class).requestFocus());
        robot.push(KeyCode.SPACE);
        OpenWindow.waitUntil(() ->
                at.context.bench().calibrationData().orElseThrow().dropped().contains(worst));
        OpenWindow.waitUntil(
                () -> robot.lookup("#use-again-" + worst).tryQuery().isPresent());
        robot.push(KeyCode.SHORTCUT, KeyCode.Z);
        OpenWindow.waitUntil(() ->
                at.context.bench().calibrationData().orElseThrow().dropped().isEmpty());
        at.waitForRest();
    }
}
