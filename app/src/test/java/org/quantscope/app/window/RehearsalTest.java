package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javafx.animation.AnimationTimer;
import javafx.scene.Node;
import javafx.scene.input.MouseButton;
import javafx.scene.input.MouseEvent;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.accuracy.AccuracyState;
import org.quantscope.app.selected.HistogramView;
import org.quantscope.app.selected.SelectedTensor;
import org.quantscope.app.session.Measurements;
import org.quantscope.app.ui.Theme;
import org.quantscope.core.session.SessionState;
import org.testfx.api.FxRobot;

class RehearsalTest {
    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST).sized(1280, 720);

    /** All that a person could see of it, or find changed by it. */
    private record Seen(
            Optional<SessionState> state,
            Optional<SelectedTensor.View> selected,
            AccuracyState accuracy,
            Measurements.Snapshot measurements,
            boolean dirty,
            boolean canUndo,
            Node focused,
            long charts,
            long overlays,
            String error) {}

    private Seen seen(FxRobot robot) {
        HistogramView histogram = robot.lookup("#histogram").queryAs(HistogramView.class);
        return OpenWindow.onFx(() -> new Seen(
                at.context.bench().stateProperty().get(),
                at.context.selected().viewProperty().get(),
                at.context.accuracy().viewProperty().get(),
                at.context.measurements().snapshotProperty().get(),
                at.context.bench().dirtyProperty().get(),
                at.context.bench().canUndoProperty().get(),
                at.stage.getScene().getFocusOwner(),
                histogram.chartRedraws(),
                histogram.overlayPaints(),
                at.context
                        .error()
                        .viewProperty()
                        .get()
                        .orElseThrow()
                        .deviation()
                        .mse()));
    }

    private Rehearsal rehearse() {
        return OpenWindow.onFx(() -> {
            Rehearsal made = new Rehearsal(at.stage, Theme.DARK, at.context.background());
            made.beginBehind(at.context.selected());
            return made;
        });
    }

    @Test
    void movesTheHandleOfACopyAndNothingThatIsSeen(FxRobot robot) throws Exception {
        Seen before = seen(robot);
        List<Object> changes = new ArrayList<>();
        OpenWindow.doOnFx(() -> {
            at.context.selected().viewProperty().subscribe((was, is) -> changes.add(is));
            at.context.accuracy().viewProperty().subscribe((was, is) -> changes.add(is));
            at.context.error().viewProperty().subscribe((was, is) -> changes.add(is));
            at.context.quantizer().viewProperty().subscribe((was, is) -> changes.add(is));
            at.context.jobs().onChange(running -> changes.add(List.copyOf(running)));
        });
        OpenWindow.doOnFx(changes::clear);
        Rehearsal rehearsal = rehearse();
        OpenWindow.waitUntil(rehearsal::isOver);
        assertThat(OpenWindow.onFx(rehearsal::moves)).isGreaterThan(100);
        assertThat(OpenWindow.onFx(() -> List.copyOf(changes))).isEmpty();
        assertThat(seen(robot)).isEqualTo(before);
        assertThat(robot.lookup(".notice").tryQuery()).isEmpty();
    }

    @Test
    void waitsWhileThereIsInput() throws Exception {
        List<Integer> left = new ArrayList<>();
        Rehearsal rehearsal = rehearse();
        AnimationTimer hand = OpenWindow.onFx(() -> new AnimationTimer() {
            @Override
            public void handle(long now) {
                at.stage.getScene().getRoot().fireEvent(moved());
                left.add(rehearsal.left());
            }
        });
        OpenWindow.doOnFx(hand::start);
        OpenWindow.waitUntil(() -> !left.isEmpty() && left.getLast() > 0);
        OpenWindow.doOnFx(left::clear);
        OpenWindow.waitUntil(() -> left.size() > 20);
        OpenWindow.doOnFx(hand::stop);
        assertThat(left.getLast()).isPositive().isEqualTo(left.getFirst());
        OpenWindow.waitUntil(rehearsal::isOver);
        assertThat(OpenWindow.onFx(rehearsal::left)).isZero();
    }

    private static MouseEvent moved() {
        return new MouseEvent(
                MouseEvent.MOUSE_MOVED,
                5,
                5,
                5,
                5,
                MouseButton.NONE,
                0,
                false,
                false,
                false,
                false,
                false,
                false,
                false,
                false,
                false,
                true,
                null);
    }
}
