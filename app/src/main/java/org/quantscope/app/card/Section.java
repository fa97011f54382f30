package org.quantscope.app.card;

import java.util.Locale;
import javafx.scene.Node;
import javafx.scene.control.Label;
import javafx.scene.layout.VBox;

/** A card under a small heading. */
public final class Section extends VBox {
    private static final double GAP = 6;

    private final Label head = new Label();
    private final VBox card = new VBox(GAP);

    public Section(String title, Node... content) {
        super(GAP);
        head.getStyleClass().add("section-head");
        setTitle(title);
        card.getStyleClass().add("card");
        card.getChildren().addAll(content);
        getChildren().addAll(head, card);
    }

    public void setTitle(String title) {
        head.setText(title.toUpperCase(Locale.ROOT));
    }
}
