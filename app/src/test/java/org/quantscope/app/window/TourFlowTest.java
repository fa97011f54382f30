package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import javafx.geometry.Bounds;
import javafx.scene.AccessibleRole;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.MenuButton;
import javafx.scene.control.MenuItem;
import javafx.scene.input.KeyCode;
import javafx.stage.Window;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.tour.TourStop;
import org.quantscope.app.ui.Explained;
import org.testfx.api.FxRobot;

/** The tour over the real window, with the keyboard alone. */
class TourFlowTest {
    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST).withoutCurve();

    private TourStop stop() {
        return OpenWindow.onFx(() -> at.context.tour().stopProperty().get().orElseThrow());
    }

    private boolean going() {
        return OpenWindow.onFx(() -> at.context.tour().stopProperty().get().isPresent());
    }

    private static Bounds inScene(Node node) {
        return OpenWindow.onFx(() -> {
            node.getScene().getRoot().applyCss();
            node.getScene().getRoot().layout();
            return node.localToScene(node.getLayoutBounds());
        });
    }

    @Test
    void theWholeTourByKeys(FxRobot robot) throws Exception {
        assertThat(going()).as("nobody asked for it").isFalse();
        Node list = robot.lookup("#tensors").query();
        OpenWindow.doOnFx(list::requestFocus);
        OpenWindow.doOnFx(() -> robot.lookup("#help").queryAs(MenuButton.class).getItems().stream()
                .filter(item -> "help-tour".equals(item.getId()))
                .findFirst()
                .map(MenuItem.class::cast)
                .orElseThrow()
                .fire());
        Node card = robot.lookup("#tour-card").query();
        for (TourStop stop : TourStop.values()) {
            assertThat(stop()).isEqualTo(stop);
            assertThat(OpenWindow.text(robot, "#tour-title")).isEqualTo(stop.title());
            assertThat(card.isFocused()).isTrue();
            assertThat(card.getAccessibleRole()).isEqualTo(AccessibleRole.DIALOG);
            assertThat(card.getAccessibleText()).contains(stop.title(), stop.sentence(), stop.keys());
            assertThat(Explained.of(card)).isPresent();
            Bounds box = inScene(card);
            Bounds ring = inScene(robot.lookup(".tour-ring").query());
            assertThat(ring.getWidth()).isPositive();
            assertThat(box.getMinX()).isPositive();
            assertThat(box.getMaxX()).isLessThan(at.stage.getScene().getWidth());
            assertThat(box.getMaxY()).isLessThan(at.stage.getScene().getHeight());
            if (stop != TourStop.EXPORT) {
                robot.push(stop.number() % 2 == 0 ? KeyCode.ENTER : KeyCode.PAGE_DOWN);
            }
        }
        assertThat(OpenWindow.onFx(() -> robot.lookup("#tour-skip").query().isVisible()))
                .isFalse();
        robot.push(KeyCode.PAGE_UP);
        assertThat(stop()).isEqualTo(TourStop.ACCURACY);

        // The keyboard goes round in the card, and Enter presses what has it.
        robot.push(KeyCode.SHIFT, KeyCode.TAB);
        robot.push(KeyCode.SHIFT, KeyCode.TAB);
        assertThat(robot.lookup("#tour-back").queryAs(Button.class).isFocused()).isTrue();
        robot.push(KeyCode.ENTER);
        assertThat(stop()).isEqualTo(TourStop.ERROR);
        for (int i = 0; i < 4; i++) {
            robot.push(KeyCode.TAB);
        }
        assertThat(card.isFocused()).isTrue();
        robot.push(KeyCode.TAB);
        robot.push(KeyCode.ENTER);
        assertThat(going()).as("skipped").isFalse();
        assertThat(list.isFocused()).isTrue();
    }

    @Test
    void givesTheWindowBackAndMakesRoomForWhatItIsNamedFor(FxRobot robot) throws Exception {
        robot.push(KeyCode.F8);
        robot.push(KeyCode.F9);
        OpenWindow.doOnFx(() -> at.context.tour().start());
        Node tensors = robot.lookup("#tensors").query();
        Bounds list = inScene(tensors);
        Bounds ring = inScene(robot.lookup(".tour-ring").query());
        assertThat(ring.contains(list.getCenterX(), list.getCenterY())).isTrue();
        robot.push(KeyCode.CONTROL, KeyCode.SHIFT, KeyCode.EQUALS);
        robot.push(KeyCode.CONTROL, KeyCode.DIGIT0);
        robot.push(KeyCode.A);
        robot.push(KeyCode.DOWN);
        assertThat(stop()).as("other keys do nothing").isEqualTo(TourStop.TENSORS);
        robot.push(KeyCode.ESCAPE);
        assertThat(going()).isFalse();
        assertThat(robot.lookup("#tensors").tryQuery()).isEmpty();

        // The key that a card names does it: the dialog opens, and nothing lies over it.
        OpenWindow.doOnFx(() -> at.context.tour().start());
        robot.push(KeyCode.CONTROL, KeyCode.E);
        OpenWindow.waitUntil(() -> Window.getWindows().size() > 1);
        assertThat(going()).isFalse();
        OpenWindow.doOnFx(() -> at.context.tour().start());
        assertThat(going()).as("over a dialog").isFalse();
        OpenWindow.doOnFx(() -> Window.getWindows().getLast().hide());
        OpenWindow.doOnFx(() -> at.context.tour().start());
        assertThat(going()).isTrue();
    }
}
