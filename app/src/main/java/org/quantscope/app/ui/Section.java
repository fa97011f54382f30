package org.quantscope.app.ui;

import java.util.Locale;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.Label;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;

/** A card with a small heading. */
public final class Section extends VBox {
    private static final double GAP = 6;

    private final Label head = new SteadyLabel();
    private final VBox card = new VBox(GAP);

    private final HBox top = new HBox(head);

    public Section(String title, Node... content) {
        super(GAP);
        Explained.as(this, title);
        Explained.as(head, title);
        getStyleClass().add("section");
        head.getStyleClass().add("section-head");
        setTitle(title);
        top.setAlignment(Pos.CENTER_LEFT);
        card.getStyleClass().add("card");
        card.getChildren().addAll(content);
        getChildren().addAll(top, card);
    }

    /** Adds something small at the right end of the heading. */
    public Section withAside(Node aside) {
        Region space = new Region();
        HBox.setHgrow(space, Priority.ALWAYS);
        top.getChildren().addAll(space, aside);
        return this;
    }

    public void setTitle(String title) {
        head.setText(title.toUpperCase(Locale.ROOT));
    }
}
