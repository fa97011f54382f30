package org.quantscope.app.bench;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import javafx.animation.AnimationTimer;
import javafx.application.Platform;
import javafx.event.EventType;
import javafx.geometry.Bounds;
import javafx.geometry.Point2D;
import javafx.scene.Node;
import javafx.scene.Scene;
import javafx.scene.control.Label;
import javafx.scene.input.MouseButton;
import javafx.scene.input.MouseEvent;
import javafx.scene.input.PickResult;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import javafx.stage.Stage;
import org.quantscope.app.histogram.HistogramData;
import org.quantscope.app.histogram.HistogramView;
import org.quantscope.app.histogram.RangeListener;
import org.quantscope.app.theme.Theme;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.UniformGrid;
import org.quantscope.core.sketch.MomentSketch;

/**
 * Drags a handle by 300 mouse events in five seconds over a tensor of 4 million weights, in a window of 1440 by 900, and
 * says how the picture followed: {@code mvn -q -Pbench-drag}. Headless with software rendering unless flags say otherwise.
 */
public final class DragBench {
    private static final int WEIGHTS = 4 << 20;
    private static final int EVENTS = 300;
    private static final long PERIOD = TimeUnit.SECONDS.toNanos(5) / EVENTS;
    private static final int CODE_MAX = 127;

    private final MomentSketch sketch = new MomentSketch();
    private final HistogramView view = new HistogramView();
    private final Label error = new Label();
    private final AtomicBoolean dragging = new AtomicBoolean();
    private final AtomicLong longestStall = new AtomicLong();
    private final AtomicLong previews = new AtomicLong();
    private final long[] handling = new long[EVENTS];
    private final long[] gaps = new long[10_000];
    private int frames;
    private int moved;
    private int newFigures;

    private DragBench() {}

    public static void main(String[] args) throws InterruptedException {
        CountDownLatch started = new CountDownLatch(1);
        Platform.startup(started::countDown);
        started.await();
        ask(DragBench::new).run();
        Platform.exit();
    }

    private void run() throws InterruptedException {
        Random random = new Random(7);
        float[] weights = new float[WEIGHTS];
        for (int i = 0; i < WEIGHTS; i++) {
            weights[i] = (float) (random.nextGaussian() * (i % 64 == 0 ? 0.3 : 0.05));
        }
        sketch.add(weights, 0, WEIGHTS);

        onFx(this::open);
        Thread.sleep(1500);
        Point2D grip = ask(this::grip);
        onFx(() -> mouse(MouseEvent.MOUSE_PRESSED, grip.getX(), grip.getY()));
        onFx(this::watch);
        long chartsBefore = view.chartRedraws();
        long paintsBefore = view.overlayPaints();
        dragging.set(true);
        Thread heart = Thread.ofPlatform().daemon().start(this::beat);
        long fxBefore = cpu("JavaFX Application Thread");
        long renderBefore = cpu("QuantumRenderer-0");
        long start = System.nanoTime();
        for (int i = 0; i < EVENTS; i++) {
            int event = i;
            long due = start + event * PERIOD;
            while (System.nanoTime() < due) {
                LockSupport.parkNanos(due - System.nanoTime());
            }
            // There and back, a pixel at a time.
            double dx = -1.0 - Math.min(event, EVENTS - event);
            Platform.runLater(() -> {
                long from = System.nanoTime();
                mouse(MouseEvent.MOUSE_DRAGGED, grip.getX() + dx, grip.getY());
                handling[event] = System.nanoTime() - from;
            });
        }
        onFx(() -> {});
        double seconds = (System.nanoTime() - start) / 1e9;
        long fx = cpu("JavaFX Application Thread") - fxBefore;
        long render = cpu("QuantumRenderer-0") - renderBefore;
        dragging.set(false);
        heart.join();
        onFx(() -> mouse(MouseEvent.MOUSE_RELEASED, grip.getX(), grip.getY()));

        double perSecond = moved / seconds;
        double share = (double) newFigures / Math.max(1, moved);
        long[] sorted = Arrays.copyOf(gaps, Math.max(1, frames));
        Arrays.sort(sorted);
        long[] cost = handling.clone();
        Arrays.sort(cost);
        print("weights", String.format(Locale.ROOT, "%,d", WEIGHTS));
        print("mouse events", String.format(Locale.ROOT, "%d in %.2f s, %d previews", EVENTS, seconds, previews.get()));
        print("frames a second", String.format(Locale.ROOT, "%.1f with a changed picture (target 50), %.1f in all", perSecond, frames / seconds));
        print("with a new error figure", String.format(Locale.ROOT, "%.0f %% of them (target 80 %%)", share * 100));
        print("gap between frames", String.format(Locale.ROOT, "median %.1f ms, p99 %.1f ms, longest %.1f ms", sorted[sorted.length / 2] / 1e6, sorted[(int) (sorted.length * 0.99)] / 1e6, sorted[sorted.length - 1] / 1e6));
        print("handling one event", String.format(Locale.ROOT, "median %.2f ms, p99 %.2f ms, mean %.2f ms", cost[EVENTS / 2] / 1e6, cost[(int) (EVENTS * 0.99)] / 1e6, LongStream.of(cost).average().orElse(0) / 1e6));
        print("CPU a frame", String.format(Locale.ROOT, "%.2f ms on the FX thread (target 4), %.2f ms rendering", fx / 1e6 / Math.max(1, frames), render / 1e6 / Math.max(1, frames)));
        print("longest FX stall", String.format(Locale.ROOT, "%.1f ms", longestStall.get() / 1e6));
        print("redraws", String.format(Locale.ROOT, "%d of the chart (target 0), %d of the overlay", view.chartRedraws() - chartsBefore, view.overlayPaints() - paintsBefore));
    }

    private void open() {
        Theme.DARK.install();
        view.setData(HistogramData.of(sketch));
        view.setListener(new RangeListener() {
            @Override
            public void preview(ClipRange range) {
                previews.incrementAndGet();
                follow(range);
            }

            @Override
            public void commit(ClipRange range) {
                follow(range);
            }

            @Override
            public void cancel() {}
        });
        view.setClip(ClipRange.symmetric(0.9f), true);
        follow(ClipRange.symmetric(0.9f));
        error.getStyleClass().add("number");
        VBox card = new VBox(8, error, view);
        card.getStyleClass().add("card");
        card.setMaxSize(760, 320);
        Scene scene = new Scene(new StackPane(card), 1440, 900);
        Theme.DARK.applyTo(scene);
        Stage stage = new Stage();
        stage.setScene(scene);
        stage.setX(0);
        stage.setY(0);
        stage.show();
    }

    private void follow(ClipRange range) {
        UniformGrid grid = new UniformGrid(range.absMax() / CODE_MAX, 0, -CODE_MAX, CODE_MAX);
        view.setGrid(grid);
        error.setText(String.format(Locale.ROOT, "%.6e", sketch.estimate(grid).mse()));
    }

    private Point2D grip() {
        Node grip = view.lookup("#handle-hi > .grip");
        Bounds b = grip.localToScene(grip.getBoundsInLocal());
        return new Point2D(Math.rint(b.getCenterX()), Math.rint(b.getCenterY()));
    }

    /** Sends what a mouse would; the headless robot cannot reach windows that are larger than its screen. */
    private void mouse(EventType<MouseEvent> type, double x, double y) {
        Node handle = view.lookup("#handle-hi");
        handle.fireEvent(new MouseEvent(type, x, y, x, y, MouseButton.PRIMARY, 1, false, false, false, false, type != MouseEvent.MOUSE_RELEASED, false, false, false, false, true, new PickResult(handle, x, y)));
    }

    /** Looks at each frame what has changed since the last. */
    private void watch() {
        new AnimationTimer() {
            private long last;
            private ClipRange clip = view.clip();
            private String figure = error.getText();

            @Override
            public void handle(long now) {
                long time = System.nanoTime();
                if (dragging.get() && last != 0) {
                    gaps[frames++] = time - last;
                    if (!view.clip().equals(clip)) {
                        moved++;
                        if (!error.getText().equals(figure)) {
                            newFigures++;
                        }
                    }
                }
                clip = view.clip();
                figure = error.getText();
                last = time;
            }
        }.start();
    }

    /** Asks the FX thread for a sign of life all the time and keeps the longest wait. */
    private void beat() {
        while (dragging.get()) {
            CountDownLatch answered = new CountDownLatch(1);
            long asked = System.nanoTime();
            Platform.runLater(() -> {
                longestStall.accumulateAndGet(System.nanoTime() - asked, Math::max);
                answered.countDown();
            });
            try {
                answered.await();
            } catch (InterruptedException e) {
                return;
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    /** CPU time that a thread has used, in nanoseconds: what is left of a measurement on a busy machine. */
    private static long cpu(String thread) {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        return Arrays.stream(threads.dumpAllThreads(false, false))
                .filter(t -> t.getThreadName().equals(thread))
                .mapToLong(t -> threads.getThreadCpuTime(t.getThreadId()))
                .sum();
    }

    private static void print(String what, String figures) {
        System.out.println((what + " ".repeat(25)).substring(0, 25) + figures);
    }

    private static void onFx(Runnable action) {
        ask(() -> {
            action.run();
            return true;
        });
    }

    private static <T> T ask(Supplier<T> question) {
        var answer = new CompletableFuture<T>();
        Platform.runLater(() -> {
            try {
                answer.complete(question.get());
            } catch (RuntimeException e) {
                answer.completeExceptionally(e);
            }
        });
        return answer.join();
    }
}
