package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeoutException;
import javafx.geometry.Bounds;
import javafx.geometry.Point2D;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.TableView;
import javafx.scene.input.KeyCode;
import javafx.scene.input.MouseButton;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.accuracy.BudgetState;
import org.quantscope.app.accuracy.BudgetState.Status;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.budget.MixedPrecision.Assignment;
import org.quantscope.core.session.SessionState;
import org.testfx.api.FxRobot;

/** A bit budget by the mouse: what is missing is said, the handle is dragged, the numbers follow, and undo takes it back. */
class BudgetFlowTest {
    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST).withoutCurve();

    private BudgetState budget() {
        return OpenWindow.onFx(() -> at.context.budget().viewProperty().get());
    }

    private Assignment chosen() {
        return budget().chosen().orElseThrow();
    }

    private static Point2D centre(Node node) {
        return OpenWindow.onFx(() -> {
            Bounds bounds = node.localToScreen(node.getBoundsInLocal());
            return new Point2D(bounds.getCenterX(), bounds.getCenterY());
        });
    }

    private static String bits(Assignment a) {
        return String.format(Locale.ROOT, "%.2f bits", a.averageBits());
    }

    @Test
    void theHandleIsDraggedTheNumbersFollowAndUndoTakesItBack(FxRobot robot) throws TimeoutException {
        robot.clickOn("#mixed-precision");
        OpenWindow.waitUntil(() -> robot.lookup("#budget-hint").tryQuery().isPresent());
        assertThat(OpenWindow.text(robot, "#budget-hint")).contains("calibration data", "“Data…”");
        assertThat(OpenWindow.onFx(
                        () -> robot.lookup("#budget-data").queryButton().isVisible()))
                .isTrue();
        Button apply = OpenWindow.onFx(() -> robot.lookup("#budget-apply").queryButton());
        assertThat(OpenWindow.onFx(apply::isDisabled)).isTrue();

        OpenWindow.doOnFx(() -> SampleFiles.calibrateDigits(at.context));
        at.waitForRest();
        robot.clickOn("#budget-measure");
        OpenWindow.waitUntil(() -> at.context.budget().viewProperty().get().status() == Status.DONE
                && at.context.jobs().running().isEmpty());
        assertThat(OpenWindow.text(robot, "#budget-samples")).isEqualTo("256 calibration samples");
        assertThat(OpenWindow.text(robot, "#budget-accuracy")).endsWith(" on 500");
        assertThat(OpenWindow.onFx(() -> robot.lookup("#budget-table")
                        .queryAs(TableView.class)
                        .getItems()
                        .size()))
                .isEqualTo(3);

        // In the dialog, letting go shows and applies nothing; a key goes to the next mixture.
        SessionState before = at.state();
        OpenWindow.doOnFx(() -> robot.lookup("#budget-front-handle").query().requestFocus());
        Assignment largest = chosen();
        robot.type(KeyCode.LEFT).type(KeyCode.LEFT);
        OpenWindow.waitUntil(
                () -> at.context.budget().viewProperty().get().accuracy().isPresent());
        assertThat(chosen().sizeBytes()).isLessThan(largest.sizeBytes());
        assertThat(OpenWindow.text(robot, "#budget-size")).isEqualTo(Figures.bytes(chosen().sizeBytes()));
        assertThat(at.state()).isEqualTo(before);
        robot.clickOn("Close");

        Node handle = robot.lookup("#tried-budget").query();
        Point2D from = centre(handle);
        robot.drag(from, MouseButton.PRIMARY).moveTo(from.add(-60, 0)).moveTo(from.add(-120, 0));
        Assignment held = chosen();
        assertThat(held.sizeBytes()).isLessThan(largest.sizeBytes());
        assertThat(OpenWindow.text(robot, "#tried-budget-value"))
                .startsWith(bits(held) + " · " + Figures.bytes(held.sizeBytes()) + " · KL ");
        assertThat(centre(handle).getX()).isLessThan(from.getX() - 60);
        assertThat(at.state()).as("a drag is no edit").isEqualTo(before);
        robot.drop();

        OpenWindow.waitUntil(() -> at.context.budget().viewProperty().get().applied() && at.rests());
        BudgetState now = budget();
        assertThat(new TreeMap<>(chosen().bits()))
                .isEqualTo(at.state().overrides().entrySet().stream()
                        .collect(
                                TreeMap::new,
                                (all, e) -> all.put(e.getKey(), e.getValue().bits()),
                                TreeMap::putAll));
        double score = now.accuracy().orElseThrow().score();
        assertThat(OpenWindow.text(robot, "#accuracy")).isEqualTo(Figures.percent(score));
        assertThat(OpenWindow.text(robot, "#tried-budget-value"))
                .endsWith("top-1 " + Figures.percent(score) + " on 500");
        assertThat(OpenWindow.text(robot, "#model-size")).startsWith(Figures.bytes(chosen().sizeBytes()));

        robot.press(KeyCode.CONTROL).type(KeyCode.Z).release(KeyCode.CONTROL);
        at.waitForRest();
        assertThat(at.state()).isEqualTo(before);
        assertThat(budget().applied()).isFalse();
        assertThat(OpenWindow.onFx(handle::isVisible))
                .as("what was measured still stands")
                .isTrue();

        // A drag that is taken back leaves all as it was.
        Point2D again = centre(handle);
        Optional<Assignment> standing = budget().chosen();
        robot.drag(again, MouseButton.PRIMARY).moveTo(again.add(70, 0));
        assertThat(budget().chosen()).isNotEqualTo(standing);
        robot.press(KeyCode.ESCAPE).release(KeyCode.ESCAPE);
        robot.drop();
        assertThat(budget().chosen()).isEqualTo(standing);
        assertThat(at.state()).isEqualTo(before);
    }
}
