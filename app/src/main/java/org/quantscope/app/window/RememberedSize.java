package org.quantscope.app.window;

import javafx.scene.control.Dialog;
import javafx.scene.control.DialogEvent;
import javafx.scene.control.DialogPane;
import org.quantscope.app.session.Settings;

/** A resizable dialog that opens as large as it was closed. */
record RememberedSize(Settings settings, String name, double width, double height) {
    /** @param minWidth of the content, as {@code minHeight} in pixels */
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
