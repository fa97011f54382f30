package org.quantscope.app.ui;

import java.util.concurrent.Executor;

/** The thread of the scene, as view-models know it: it runs tasks later, in the order of submission. Thread-safe. */
@FunctionalInterface
public interface UiThread extends Executor {
    /**
     * Runs a task before the next frame is laid out, in the order of submission. For what may change more often than
     * anyone can see. By itself this is the same as {@link #execute}.
     */
    default void beforeFrame(Runnable task) {
        execute(task);
    }
}
