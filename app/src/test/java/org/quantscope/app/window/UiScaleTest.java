package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import javafx.scene.Node;
import javafx.scene.input.KeyCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.session.Settings;
import org.testfx.api.FxRobot;

/** Everything is shown larger by keys, it is remembered, and nothing is laid out beyond the window. */
class UiScaleTest {
    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST).withoutCurve();

    private static double right(Node node) {
        return node.localToScene(node.getBoundsInLocal()).getMaxX();
    }

    @Test
    void keysMakeEverythingLarger(FxRobot robot) throws Exception {
        double before = OpenWindow.onFx(() -> right(robot.lookup("#open").query()));
        for (int i = 0; i < 3; i++) {
            robot.push(KeyCode.CONTROL, KeyCode.EQUALS);
        }
        OpenWindow.waitUntil(() -> right(robot.lookup("#open").query()) > 1.4 * before);
        assertThat(new Settings(at.config).number("ui.scale")).hasValue(150);
        double width = OpenWindow.onFx(() -> at.stage.getScene().getWidth());
        assertThat(OpenWindow.onFx(() -> right(robot.lookup("#help").query()))).isLessThanOrEqualTo(width);
        assertThat(OpenWindow.onFx(() -> right(robot.lookup("#columns").query())))
                .isLessThanOrEqualTo(width + 1);

        robot.push(KeyCode.CONTROL, KeyCode.DIGIT0);
        OpenWindow.waitUntil(() -> right(robot.lookup("#open").query()) < 1.01 * before);
    }

    /** At 200 % on a large screen the middle column has little more than its least width. */
    @Test
    void theMiddleNeedsNoMoreThanTheLeastWidthOfItsColumn(FxRobot robot) {
        double needed = OpenWindow.onFx(() -> {
            Node pane = robot.lookup("#histogram").query();
            while (!(pane instanceof TensorPane)) {
                pane = pane.getParent();
            }
            at.stage.getScene().getRoot().applyCss();
            // Below them are the pages, which yield in a window that is as low as that.
            return ((TensorPane) pane)
                    .getChildren().subList(0, 2).stream()
                            .mapToDouble(card -> card.minWidth(-1))
                            .max()
                            .orElseThrow();
        });
        assertThat(needed).isLessThanOrEqualTo(376 - 2 * 12);
    }
}
