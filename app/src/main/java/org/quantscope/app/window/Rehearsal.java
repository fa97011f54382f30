package org.quantscope.app.window;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import javafx.animation.AnimationTimer;
import javafx.event.EventHandler;
import javafx.event.EventType;
import javafx.geometry.Bounds;
import javafx.scene.Node;
import javafx.scene.Scene;
import javafx.scene.input.InputEvent;
import javafx.scene.input.MouseButton;
import javafx.scene.input.MouseEvent;
import javafx.scene.input.PickResult;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import javafx.stage.Stage;
import javafx.util.Subscription;
import org.quantscope.app.cards.Cards;
import org.quantscope.app.selected.ErrorView;
import org.quantscope.app.selected.HistogramView;
import org.quantscope.app.selected.QuantizerView;
import org.quantscope.app.selected.SelectedTensor;
import org.quantscope.app.selected.SlicesView;
import org.quantscope.app.session.Background;
import org.quantscope.app.ui.CardTab;
import org.quantscope.app.ui.TabbedCard;
import org.quantscope.app.ui.Theme;
import org.quantscope.core.quant.ClipRange;

/**
 * Drags a handle of a copy that nobody sees, so that Java has loaded and compiled what a drag runs before a person drags
 * for the first time. It begins when the first tensor can be dragged, shows nothing, and changes nothing that is open.
 *
 * <p>The view-models are rehearsed in the background. The views follow on the FX thread, a few milliseconds between two
 * frames, and only while there is no input.
 */
final class Rehearsal {
    private static final int PREVIEWS = 400;
    private static final int MOVES = 150;
    private static final double WIDTH = 1060;
    private static final double HEIGHT = 800;

    /** No further step begins in the same gap between two frames after this time. */
    private static final long SLICE_NANOS = 3_000_000;

    /** So long after the last input it goes on. */
    private static final long QUIET_NANOS = 400_000_000;

    private final Stage stage;
    private final Scene watched;
    private final Theme theme;
    private final Background background;
    private final Queue<Runnable> steps = new ArrayDeque<>();
    private final EventHandler<InputEvent> onInput = e -> lastInput = System.nanoTime();
    private final AnimationTimer frames = new AnimationTimer() {
        @Override
        public void handle(long now) {
            if (!stage.isShowing()) {
                end();
            } else if (!waiting && System.nanoTime() - lastInput >= QUIET_NANOS) {
                waiting = true;
                background.ui().execute(Rehearsal.this::slice);
            }
        }
    };
    private Subscription start = Subscription.EMPTY;
    private long lastInput = System.nanoTime() - QUIET_NANOS;
    private boolean begun;
    private boolean waiting;
    private boolean over;
    private int moves;

    /** @param stage the window whose input has precedence; its scene is set */
    Rehearsal(Stage stage, Theme theme, Background background) {
        this.stage = stage;
        this.watched = stage.getScene();
        this.theme = theme;
        this.background = background;
    }

    /** Begins as soon as {@code shown} can be dragged. To be called once, on the FX thread. */
    void beginBehind(SelectedTensor shown) {
        start = shown.viewProperty().subscribe(view -> {
            if (!begun && view.filter(SelectedTensor.View::draggable).isPresent()) {
                begun = true;
                // What has just become draggable is laid out and painted first.
                background.ui().execute(this::begin);
            }
        });
    }

    private void begin() {
        start.unsubscribe();
        watched.addEventFilter(InputEvent.ANY, onInput);
        background.work().execute(() -> {
            preview(RehearsedTensor.make());
            RehearsedTensor copy = RehearsedTensor.make();
            background.ui().execute(() -> show(copy));
        });
    }

    private static void preview(RehearsedTensor copy) {
        float widest = copy.selected()
                .viewProperty()
                .get()
                .flatMap(SelectedTensor.View::clip)
                .orElseThrow()
                .absMax();
        for (int i = 0; i < PREVIEWS; i++) {
            copy.selected().preview(ClipRange.symmetric(widest * (1 - 0.5f * i / PREVIEWS)));
        }
        copy.selected().commit();
    }

    /** Plans what is to be done on the FX thread, and begins with it. */
    private void show(RehearsedTensor copy) {
        HBox root = new HBox();
        VBox answers = new VBox();
        answers.getStyleClass().add("answers");
        plan(root, () -> theme.applyTo(new Scene(root, WIDTH, HEIGHT)));
        plan(root, () -> root.getChildren().add(pane(copy)));
        plan(root, () -> root.getChildren().add(answers));
        plan(root, () -> answers.getChildren().add(new QuantizerView(copy.quantizer(), () -> {}, new Region())));
        plan(root, () -> answers.getChildren().add(new ErrorView(copy.error())));
        plan(root, () -> drag(root));
        frames.start();
    }

    /** Adds a step that ends with what a window would do in its next frame. */
    private void plan(HBox root, Runnable step) {
        steps.add(() -> {
            step.run();
            root.resize(WIDTH, HEIGHT);
            root.applyCss();
            root.layout();
        });
    }

    private static TensorPane pane(RehearsedTensor copy) {
        TensorPane pane = new TensorPane(
                copy.selected(),
                copy.quantizer(),
                new TabbedCard(List.of(new CardTab("channels", "Channels", "", () -> new SlicesView(copy.slices())))),
                new Cards());
        HBox.setHgrow(pane, Priority.ALWAYS);
        return pane;
    }

    private void drag(HBox root) {
        HistogramView histogram = (HistogramView) root.lookup("#histogram");
        Node handle = root.lookup("#handle-hi");
        Bounds at = handle.localToScene(handle.getBoundsInLocal());
        double x = at.getCenterX();
        double y = at.getCenterY();
        send(handle, MouseEvent.MOUSE_PRESSED, x, y);
        for (int i = 1; i <= MOVES; i++) {
            double to = x - i;
            plan(root, () -> {
                send(handle, MouseEvent.MOUSE_DRAGGED, to, y);
                histogram.settle();
                moves++;
            });
        }
        plan(root, () -> send(handle, MouseEvent.MOUSE_RELEASED, x - MOVES, y));
        steps.add(this::end);
    }

    private void slice() {
        waiting = false;
        long until = System.nanoTime() + SLICE_NANOS;
        do {
            Runnable step = steps.poll();
            if (step == null) {
                return;
            }
            step.run();
        } while (System.nanoTime() < until);
    }

    private void end() {
        frames.stop();
        steps.clear();
        watched.removeEventFilter(InputEvent.ANY, onInput);
        over = true;
    }

    /** True when nothing of it will run any more. */
    boolean isOver() {
        return over;
    }

    /** Steps that are still to be done on the FX thread; 0 before they are planned. */
    int left() {
        return steps.size();
    }

    /** How often the handle of the copy has been moved. */
    int moves() {
        return moves;
    }

    private static void send(Node handle, EventType<MouseEvent> type, double x, double y) {
        boolean down = type != MouseEvent.MOUSE_RELEASED;
        handle.fireEvent(new MouseEvent(
                type,
                x,
                y,
                x,
                y,
                MouseButton.PRIMARY,
                1,
                false,
                false,
                false,
                false,
                down,
                false,
                false,
                false,
                false,
                true,
                new PickResult(handle, x, y)));
    }
}
