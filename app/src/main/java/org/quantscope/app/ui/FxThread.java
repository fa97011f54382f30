package org.quantscope.app.ui;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import javafx.animation.AnimationTimer;
import javafx.application.Platform;

/** The JavaFX application thread, the only one that may touch the scene graph. */
public final class FxThread implements UiThread {
    private static final FxThread THREAD = new FxThread();

    private final Queue<Runnable> due = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean scheduled = new AtomicBoolean();
    private final AnimationTimer frame = new AnimationTimer() {
        @Override
        public void handle(long now) {
            stop();
            scheduled.set(false);
            // What a task asks for waits for the next frame.
            for (int left = due.size(); left > 0; left--) {
                due.remove().run();
            }
        }
    };

    private FxThread() {}

    /** The only one there is. */
    public static UiThread executor() {
        return THREAD;
    }

    @Override
    public void execute(Runnable task) {
        Platform.runLater(task);
    }

    @Override
    public void beforeFrame(Runnable task) {
        due.add(task);
        if (scheduled.compareAndSet(false, true)) {
            Platform.runLater(frame::start);
        }
    }

    /** Asks JavaFX for another frame. */
    static void requestPulse() {
        Platform.requestNextPulse();
    }
}
