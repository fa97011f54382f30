package org.quantscope.app.window;

import javafx.geometry.Rectangle2D;
import javafx.scene.control.Dialog;
import javafx.scene.control.DialogEvent;
import javafx.scene.control.DialogPane;
import javafx.stage.Screen;
import org.quantscope.app.session.Settings;

/** Remembers the size of a resizable dialog when it is closed. */
record RememberedSize(Settings settings, String name, double width, double height) {
    /** The pixels that the frame of a window manager takes at most, across or down. */
    private static final double FRAME = 48;

    /**
     * Gives a dialog its remembered size.
     *
     * @param minWidth least width of the content in pixels; {@code minHeight} is its least height
     */
    void giveTo(Dialog<?> dialog, double minWidth, double minHeight) {
        dialog.setResizable(true);
        DialogPane pane = dialog.getDialogPane();
        pane.getStyleClass().add("wide");
        pane.setMinSize(minWidth, minHeight);
        // A smaller screen than the one where it was closed, or than the usual size, must show all of it.
        Rectangle2D screen = Screen.getPrimary().getVisualBounds();
        pane.setPrefSize(
                Math.min(settings.number(name + ".width").orElse(width), screen.getWidth() - FRAME),
                Math.min(settings.number(name + ".height").orElse(height), screen.getHeight() - FRAME));
        dialog.addEventHandler(DialogEvent.DIALOG_HIDDEN, e -> {
            settings.setNumber(name + ".width", pane.getWidth());
            settings.setNumber(name + ".height", pane.getHeight());
        });
    }
}
