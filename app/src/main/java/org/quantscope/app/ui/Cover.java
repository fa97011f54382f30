package org.quantscope.app.ui;

import javafx.geometry.Pos;
import javafx.scene.control.Label;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;

/** A card that can be covered. It keeps its place and goes on as before; what is seen says what lies below and why. */
public final class Cover extends StackPane {
    private final Region card;
    private final VBox note = new VBox();

    /** @param name what the card shows, to end "Covered: " with */
    public Cover(Region card, String name) {
        this.card = card;
        Label what = wrapped("Covered: " + name);
        what.getStyleClass().add("covered-name");
        Label why = wrapped("You see it when you have answered.");
        why.getStyleClass().add("hint");
        note.getChildren().addAll(what, why);
        note.setAlignment(Pos.CENTER);
        note.getStyleClass().add("covered");
        note.setVisible(false);
        note.managedProperty().bind(note.visibleProperty());
        managedProperty().bind(card.managedProperty());
        getChildren().addAll(card, note);
    }

    private static Label wrapped(String text) {
        Label label = new Label(text);
        label.setWrapText(true);
        label.setMinHeight(Region.USE_PREF_SIZE);
        return label;
    }

    /** Covers the card, or shows it again. */
    public void setCovered(boolean covered) {
        note.setVisible(covered);
        card.setVisible(!covered);
    }

    public boolean isCovered() {
        return note.isVisible();
    }
}
