package org.quantscope.app.window;

import javafx.animation.PauseTransition;
import javafx.geometry.Rectangle2D;
import javafx.scene.control.Dialog;
import javafx.scene.control.DialogEvent;
import javafx.scene.control.DialogPane;
import javafx.stage.Screen;
import javafx.util.Duration;
import org.quantscope.app.session.Settings;

/** Remembers the size of a resizable dialog when it is closed. */
record RememberedSize(Settings settings, String name, double width, double height) {
    /** The pixels that the frame of a window manager takes at most, across or down. */
    private static final double FRAME = 48;

    /** The time in which a window manager has answered a new window, in milliseconds. */
    private static final double ANSWERED = 500;

    /**
     * Gives a dialog its remembered size.
     *
     * <p>While it opens, a dialog pane takes its least height for a moment, and where the window manager answers late the
     * window keeps it. So the least size is the size to open with until the window stands.
     *
     * @param minWidth least width of the content in pixels; {@code minHeight} is its least height
     */
    void giveTo(Dialog<?> dialog, double minWidth, double minHeight) {
        dialog.setResizable(true);
        DialogPane pane = dialog.getDialogPane();
        pane.getStyleClass().add("wide");
        // A smaller screen than the one where it was closed, or than the usual size, must show all of it.
        Rectangle2D screen = Screen.getPrimary().getVisualBounds();
        double wide = Math.min(settings.number(name + ".width").orElse(width), screen.getWidth() - FRAME);
        double high = Math.min(settings.number(name + ".height").orElse(height), screen.getHeight() - FRAME);
        pane.setPrefSize(wide, high);
        pane.setMinSize(wide, high);
        PauseTransition standing = new PauseTransition(Duration.millis(ANSWERED));
        standing.setOnFinished(e -> pane.setMinSize(
                Math.min(minWidth / wide, 1) * pane.getPrefWidth(),
                Math.min(minHeight / high, 1) * pane.getPrefHeight()));
        dialog.addEventHandler(DialogEvent.DIALOG_SHOWN, e -> standing.play());
        dialog.addEventHandler(DialogEvent.DIALOG_HIDDEN, e -> {
            settings.setNumber(name + ".width", pane.getWidth());
            settings.setNumber(name + ".height", pane.getHeight());
        });
    }
}
