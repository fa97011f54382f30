package org.quantscope.app.ui;

import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.Scene;
import javafx.scene.control.Label;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import org.jspecify.annotations.Nullable;

/**
 * A card that can be covered. It keeps its place and goes on as before; what is seen says what lies below and why. One
 * that is only not needed is pale, but can be used, and is as clear as any while the pointer or the keyboard is in it.
 */
public final class Cover extends StackPane {
    private static final double PALE = 0.35;

    private final Region card;
    private final VBox note = new VBox();
    private boolean faded;
    private boolean keyboard;

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
        hoverProperty().subscribe(x -> fade());
        // Not focusWithin, which stays true where the focused node was taken away.
        sceneProperty().flatMap(Scene::focusOwnerProperty).subscribe(owner -> {
            keyboard = isBelow(owner);
            fade();
        });
    }

    private boolean isBelow(@Nullable Node node) {
        Node at = node;
        while (at != null && !at.equals(this)) {
            at = at.getParent();
        }
        return at != null;
    }

    private void fade() {
        card.setOpacity(isFaded() ? PALE : 1);
    }

    /** Says that the card is not needed now, or is again. */
    public void setFaded(boolean on) {
        faded = on;
        fade();
    }

    /** True while it is pale. */
    public boolean isFaded() {
        return faded && !isHover() && !keyboard;
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
