package org.quantscope.app.ui;

import javafx.scene.Node;

/** What a node has to do before the next frame is laid out: once, however often it was asked for since the last. */
public final class OncePerPulse {
    private final Runnable work;
    private boolean due = true;

    /**
     * @param node nothing happens by itself while it is in no scene
     * @param work may be asked for again by itself; it then runs before the frame after
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

    /** Asks for it. */
    public void touch() {
        due = true;
        FxThread.requestPulse();
    }

    /** Does it now if it is due. */
    public void settle() {
        if (due) {
            due = false;
            work.run();
        }
    }
}
