package org.quantscope.app.session;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import org.quantscope.app.ui.UiThread;

/**
 * Runs tasks of one kind on the FX thread, about once a frame: the first one after a frame at once, so that it is not too
 * late when something newer replaces it, and those that come before the next frame together with that frame.
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
                shut = true;
                runWaiting();
                ui.beforeFrame(this::frame);
            }
        });
    }

    /**
     * What waits may be stale by now and show nothing. The next task runs at once in any case: if it had to wait for
     * another frame, a drag that asks for something newer in every frame would never see a result.
     */
    private void frame() {
        shut = false;
        runWaiting();
    }

    private void runWaiting() {
        for (Runnable task = waiting.poll(); task != null; task = waiting.poll()) {
            task.run();
        }
    }
}
