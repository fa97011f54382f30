package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import javafx.geometry.Point2D;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.ButtonType;
import javafx.scene.control.DialogPane;
import javafx.scene.control.ToggleButton;
import javafx.scene.input.KeyCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.quantscope.app.SampleFiles;
import org.testfx.api.FxRobot;

/** A bar, a level, a code and a weight of the real window are put under the glass. */
class GlassFlowTest {
    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST).withoutCurve();

    private double shown() {
        return at.context.glass().viewProperty().get().orElseThrow().value();
    }

    private static void close(FxRobot robot) {
        OpenWindow.doOnFx(() -> ((Button) ((DialogPane)
                                robot.lookup("#glass-title").query().getScene().getRoot())
                        .lookupButton(ButtonType.CLOSE))
                .fire());
    }

    @Test
    void aClickPutsAValueUnderTheGlass(FxRobot robot) throws Exception {
        OpenWindow.doOnFx(() -> at.context.quantizer().setBits(4));
        at.waitForRest();
        Node histogram = robot.lookup("#histogram").query();
        // At the foot of the plot there is a bar near 0, and the level 0.
        Point2D middle = OpenWindow.onFx(() -> histogram.localToScreen(
                histogram.getBoundsInLocal().getWidth() / 2 + 22,
                histogram.getBoundsInLocal().getHeight() - 34));
        robot.clickOn(middle);
        OpenWindow.waitUntil(() -> robot.lookup("#glass-title").tryQuery().isPresent());
        assertThat(Math.abs(shown())).isLessThan(0.5);
        assertThat(OpenWindow.text(robot, "#glass-title")).startsWith("A value of");

        OpenWindow.doOnFx(() -> robot.lookup("#glass-after").queryButton().fire());
        assertThat(OpenWindow.text(robot, "#glass-title")).startsWith("Weight 0 of");
        String before = OpenWindow.onFx(
                () -> robot.lookup("#glass-bit-0").queryAs(ToggleButton.class).getText());
        OpenWindow.doOnFx(
                () -> robot.lookup("#glass-bit-0").queryAs(ToggleButton.class).fire());
        assertThat(OpenWindow.onFx(() ->
                        robot.lookup("#glass-bit-0").queryAs(ToggleButton.class).getText()))
                .isNotEqualTo(before);
        assertThat(OpenWindow.text(robot, "#glass-flipped")).startsWith("With these bits");
        close(robot);
        assertThat(at.context.glass().viewProperty().get()).isEmpty();

        OpenWindow.doOnFx(
                () -> robot.lookup("#tab-codes").queryAs(ToggleButton.class).fire());
        OpenWindow.waitUntil(() -> robot.lookup("#code-strip").tryQuery().isPresent()
                && at.context.codes().viewProperty().get().isPresent());
        robot.clickOn("#code-strip");
        OpenWindow.waitUntil(() -> robot.lookup("#glass-title").tryQuery().isPresent());
        assertThat(shown() / at.hand().measured().orElseThrow().params().scale(0))
                .isBetween(-2.5, 2.5);
        close(robot);

        robot.push(KeyCode.CONTROL, KeyCode.G);
        OpenWindow.waitUntil(() -> robot.lookup("#glass-title").tryQuery().isPresent());
        assertThat(OpenWindow.text(robot, "#glass-title")).startsWith("Weight 0 of");
    }
}
