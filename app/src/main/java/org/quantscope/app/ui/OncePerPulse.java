package org.quantscope.app.ui;

import javafx.scene.Node;

/**
 * Work that a node must do before the next frame is laid out. It is done once per frame, however often it is requested.
 */
public final class OncePerPulse {
    private final Runnable work;
    private boolean due = true;

    /**
     * @param node while it is in no scene, the work is done by {@link #settle} only
     * @param work may request itself again; it then runs before the following frame
     */
    public OncePerPulse(Node node, Runnable work) {
        this.work = work;
        Runnable listener = this::settle;
        node.sceneProperty().subscribe((was, is) -> {
            if (was != null) {
                was.removePreLayoutPulseListener(listener);
            }
            if (is != null) {
                is.addPreLayoutPulseListener(listener);
            }
        });
    }

    /** Requests the work. */
    public void touch() {
        due = true;
        FxThread.requestPulse();
    }

    /** Does the work now if it was requested. */
    public void settle() {
        if (due) {
            due = false;
            work.run();
        }
    }
}
