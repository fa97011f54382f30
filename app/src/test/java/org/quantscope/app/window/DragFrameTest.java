package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import javafx.animation.AnimationTimer;
import javafx.application.Platform;
import javafx.event.EventType;
import javafx.geometry.Bounds;
import javafx.scene.Node;
import javafx.scene.Parent;
import javafx.scene.input.MouseButton;
import javafx.scene.input.MouseEvent;
import javafx.scene.input.PickResult;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.accuracy.AccuracyState.Status;
import org.quantscope.app.accuracy.AccuracyView;
import org.quantscope.app.graph.GraphView;
import org.quantscope.app.selected.CodesView;
import org.quantscope.app.selected.ErrorCurveView;
import org.quantscope.app.selected.ErrorView;
import org.quantscope.app.selected.HistogramView;
import org.quantscope.app.selected.QuantizerView;
import org.quantscope.app.selected.SelectedTensor;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.tensor.TensorId;
import org.testfx.api.FxRobot;

/** What a frame of a drag may cost, counted: times would be those of the machine. */
class DragFrameTest {
    private static final int FRAMES = 40;
    private static final int EVENTS_A_FRAME = 5;

    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST)
            .sized(1280, 720)
            .restingWhen(
                    window -> window.context.accuracy().viewProperty().get().status() == Status.DONE
                            && window.context.jobs().running().isEmpty()
                            && window.context
                                    .selected()
                                    .viewProperty()
                                    .get()
                                    .map(SelectedTensor.View::draggable)
                                    .orElse(false));

    @Test
    void eachFrameAsksOnceAndPaintsOnceHoweverOftenTheMouseMoves(FxRobot robot) throws Exception {
        HistogramView histogram = robot.lookup("#histogram").queryAs(HistogramView.class);
        Hand hand = new Hand(robot.lookup("#handle-hi").query());
        List<ClipRange> asked = new ArrayList<>();
        OpenWindow.onFx(() -> {
            hand.press();
            at.context
                    .selected()
                    .viewProperty()
                    .subscribe((was, is) -> is.flatMap(SelectedTensor.View::clip)
                            .filter(range -> asked.isEmpty() || !asked.getLast().equals(range))
                            .ifPresent(asked::add));
            return true;
        });
        long charts = OpenWindow.onFx(histogram::chartRedraws);
        long paints = OpenWindow.onFx(histogram::overlayPaints);
        eachFrame(frame -> {
            for (int i = 0; i < EVENTS_A_FRAME; i++) {
                hand.move(-1.0 - frame - i * 0.15);
            }
        });
        assertThat(OpenWindow.onFx(histogram::chartRedraws) - charts).isZero();
        // An exact result may come between two frames and paint in the frame after.
        assertThat(OpenWindow.onFx(histogram::overlayPaints) - paints).isBetween(FRAMES / 2L, FRAMES + 5L);
        assertThat(OpenWindow.onFx(() -> List.copyOf(asked)).size()).isBetween(FRAMES / 2, FRAMES + 1);
        OpenWindow.onFx(() -> {
            hand.release();
            return true;
        });
    }

    @Test
    void newFiguresDoNotLayOutTheCardsThatTheyStandIn(FxRobot robot) throws Exception {
        Hand hand = new Hand(robot.lookup("#handle-hi").query());
        AtomicInteger layouts = new AtomicInteger();
        OpenWindow.onFx(() -> {
            hand.press();
            return true;
        });
        // Figures take the room that they need on the first way.
        eachFrame(frame -> hand.move(-1.0 - frame));
        String before = OpenWindow.text(robot, "#mse");
        OpenWindow.onFx(() -> {
            for (Node card : robot.lookup(".answers").queryAs(Parent.class).getChildrenUnmodifiable()) {
                if (card instanceof QuantizerView || card instanceof ErrorView || card instanceof AccuracyView) {
                    ((Parent) card).needsLayoutProperty().subscribe((was, is) -> layouts.addAndGet(is ? 1 : 0));
                }
            }
            return true;
        });
        eachFrame(frame -> hand.move(-1.0 - (FRAMES - frame)));
        assertThat(OpenWindow.text(robot, "#mse")).isNotEqualTo(before);
        assertThat(layouts.get()).isLessThan(FRAMES / 8);
        OpenWindow.onFx(() -> {
            hand.release();
            return true;
        });
    }

    @Test
    void aTensorSeenBeforeDrawsEachChartOnceAndNoHiddenPage(FxRobot robot) throws Exception {
        HistogramView histogram = robot.lookup("#histogram").queryAs(HistogramView.class);
        ErrorCurveView curve = robot.lookup(".error-curve-view").queryAs(ErrorCurveView.class);
        TensorId first = at.hand().subject().id();
        select(at.context.bench().weights().getLast().id());
        assertThat(at.hand().subject().id()).isNotEqualTo(first);
        settled(histogram::chartRedraws);
        settled(curve::chartRedraws);
        long charts = OpenWindow.onFx(histogram::chartRedraws);
        long curves = OpenWindow.onFx(curve::chartRedraws);
        select(first);
        assertThat(OpenWindow.onFx(histogram::chartRedraws) - charts).isEqualTo(1);
        assertThat(OpenWindow.onFx(curve::chartRedraws) - curves).isEqualTo(1);
        Predicate<Node> hidden = node -> node instanceof GraphView || node instanceof CodesView;
        assertThat(robot.lookup(hidden).queryAll()).isEmpty();
    }

    /** Waits until nothing is drawn any more: on a busy machine a pulse comes late. */
    private static void settled(LongSupplier redraws) throws Exception {
        long before;
        do {
            before = OpenWindow.onFx(redraws::getAsLong);
            eachFrame(frame -> {});
        } while (OpenWindow.onFx(redraws::getAsLong) != before);
    }

    /** Selects a tensor, and is back when all that follows has been drawn. */
    private void select(TensorId id) throws Exception {
        OpenWindow.doOnFx(() -> at.context.bench().select(id));
        OpenWindow.waitUntil(() -> at.context.jobs().running().isEmpty()
                && at.context
                        .selected()
                        .viewProperty()
                        .get()
                        .map(v -> v.slices().isPresent())
                        .orElse(false)
                && at.context.selected().curveProperty().get().isPresent());
        eachFrame(frame -> {});
    }

    /** Does something between frames, and is back after the last. */
    private static void eachFrame(IntConsumer work) throws Exception {
        var done = new CompletableFuture<Boolean>();
        OpenWindow.onFx(() -> {
            new AnimationTimer() {
                private int frame;

                @Override
                public void handle(long now) {
                    if (frame < FRAMES) {
                        int at = frame++;
                        Platform.runLater(() -> work.accept(at));
                    } else {
                        stop();
                        done.complete(true);
                    }
                }
            }.start();
            return true;
        });
        assertThat(done.get(60, TimeUnit.SECONDS)).isTrue();
    }

    /** Sends what a mouse would, as often as is wanted between two frames. */
    private static final class Hand {
        private final Node handle;
        private double x;
        private double y;

        Hand(Node handle) {
            this.handle = handle;
        }

        void press() {
            Node grip = handle.lookup(".grip");
            Bounds b = grip.localToScene(grip.getBoundsInLocal());
            x = b.getCenterX();
            y = b.getCenterY();
            send(MouseEvent.MOUSE_PRESSED, 0);
        }

        void move(double dx) {
            send(MouseEvent.MOUSE_DRAGGED, dx);
        }

        void release() {
            send(MouseEvent.MOUSE_RELEASED, 0);
        }

        private void send(EventType<MouseEvent> type, double dx) {
            handle.fireEvent(new MouseEvent(
                    type,
                    x + dx,
                    y,
                    x + dx,
                    y,
                    MouseButton.PRIMARY,
                    1,
                    false,
                    false,
                    false,
                    false,
                    type != MouseEvent.MOUSE_RELEASED,
                    false,
                    false,
                    false,
                    false,
                    true,
                    new PickResult(handle, x + dx, y)));
        }
    }
}
