package org.quantscope.app.window;

import javafx.scene.control.Dialog;
import javafx.scene.control.DialogEvent;
import javafx.scene.control.DialogPane;
import org.quantscope.app.session.Settings;

/** Remembers the size of a resizable dialog when it is closed. */
record RememberedSize(Settings settings, String name, double width, double height) {
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
        pane.setPrefSize(
                settings.number(name + ".width").orElse(width),
                settings.number(name + ".height").orElse(height));
        dialog.addEventHandler(DialogEvent.DIALOG_HIDDEN, e -> {
            settings.setNumber(name + ".width", pane.getWidth());
            settings.setNumber(name + ".height", pane.getHeight());
        });
    }
}
