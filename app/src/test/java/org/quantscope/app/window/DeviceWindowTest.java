package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import javafx.scene.control.Label;
import javafx.scene.control.TextField;
import javafx.scene.input.KeyCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.quantscope.app.SampleFiles;
import org.testfx.api.FxRobot;

/** The page Device in the real window. */
class DeviceWindowTest {
    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST);

    private static boolean isRed(FxRobot robot, String id) {
        return robot.lookup("#" + id + "-in-hand")
                .queryAs(Label.class)
                .getStyleClass()
                .contains("loss");
    }

    private static void type(FxRobot robot, String id, String text) throws Exception {
        TextField field = robot.lookup("#" + id).queryAs(TextField.class);
        OpenWindow.doOnFx(() -> {
            field.requestFocus();
            field.setText(text);
        });
        robot.push(KeyCode.ENTER);
    }

    @Test
    void aLimitTurnsRedWhenItIsNotKept(FxRobot robot) throws Exception {
        robot.clickOn("#tab-device");
        OpenWindow.waitUntil(() -> robot.lookup("#limit-flash_bytes").tryQuery().isPresent());
        at.waitForRest();

        type(robot, "limit-flash_bytes", "1 KiB");
        OpenWindow.waitUntil(() -> isRed(robot, "limit-flash_bytes"));
        assertThat(at.context
                        .bench()
                        .stateProperty()
                        .get()
                        .orElseThrow()
                        .budget()
                        .flashBytes())
                .hasValue(1024);

        type(robot, "limit-flash_bytes", "1 MB");
        OpenWindow.waitUntil(() -> !isRed(robot, "limit-flash_bytes"));
        type(robot, "limit-flash_bytes", "much");
        assertThat(OpenWindow.text(robot, "#limit-refused")).contains("flash").contains("much");
        assertThat(robot.lookup("#limit-flash_bytes").queryAs(TextField.class).getText())
                .isEqualTo("1000000 B");
    }
}
