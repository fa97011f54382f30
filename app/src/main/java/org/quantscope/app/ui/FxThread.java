package org.quantscope.app.ui;

import java.util.concurrent.Executor;
import javafx.application.Platform;

/** The thread that may touch the scene. */
public final class FxThread {
    private FxThread() {}

    /** Runs tasks on the JavaFX thread, later, in the order in which they were handed over. */
    public static Executor executor() {
        return Platform::runLater;
    }

    /** Asks for another frame. */
    static void requestPulse() {
        Platform.requestNextPulse();
    }
}
