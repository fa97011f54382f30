package org.quantscope.app.ui;

import java.util.concurrent.Executor;
import javafx.application.Platform;

/** The JavaFX application thread, the only one that may touch the scene graph. */
public final class FxThread {
    private FxThread() {}

    /** Runs tasks on the JavaFX thread later, in the order of submission. */
    public static Executor executor() {
        return Platform::runLater;
    }

    /** Asks JavaFX for another frame. */
    static void requestPulse() {
        Platform.requestNextPulse();
    }
}
