package org.quantscope.app.session;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import org.quantscope.app.ui.UiThread;

/**
 * Runs tasks of one kind on the FX thread, where a frame shows no more than one of them: the first one at once, so that it
 * is not too late when something newer replaces it, and those that come before the next frame together with that frame.
 */
final class OnceAFrame implements Executor {
    private final UiThread ui;
    private final Queue<Runnable> waiting = new ArrayDeque<>();
    private boolean shut;

    OnceAFrame(UiThread ui) {
        this.ui = ui;
    }

    @Override
    public void execute(Runnable task) {
        ui.execute(() -> {
            waiting.add(task);
            if (!shut) {
                runWaiting();
            }
        });
    }

    private void runWaiting() {
        shut = true;
        for (Runnable task = waiting.poll(); task != null; task = waiting.poll()) {
            task.run();
        }
        ui.beforeFrame(this::frame);
    }

    private void frame() {
        shut = false;
        if (!waiting.isEmpty()) {
            runWaiting();
        }
    }
}
