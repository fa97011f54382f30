package org.quantscope.app.cards;

import javafx.geometry.Pos;
import javafx.scene.control.Button;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Region;

/** The two buttons at the end of a card's head: only this card, and a window of its own. */
public final class CardButtons extends HBox {
    private static final double GAP = 2;

    public CardButtons(Cards cards, ShownCard card) {
        super(GAP);
        Button alone = button("alone", card, () -> cards.toggleAlone(card));
        Button away = button("away", card, () -> cards.toggleAway(card));
        getChildren().addAll(alone, away);
        setAlignment(Pos.CENTER_RIGHT);
        setMinWidth(USE_PREF_SIZE);
        cards.placesProperty().subscribe(p -> {
            boolean isAway = p.away().contains(card);
            alone.setVisible(!isAway);
            alone.setManaged(!isAway);
            say(alone, p.alone().isPresent() ? "All cards again (Esc)" : "Only this card (F11)");
            say(away, isAway ? "Back into the main window" : "In a window of its own");
        });
    }

    private static Button button(String what, ShownCard card, Runnable action) {
        Region sign = new Region();
        sign.getStyleClass().add("sign-" + what);
        Button button = new Button("", sign);
        button.setId("card-" + what + "-" + card.id());
        button.getStyleClass().addAll("icon", "flat");
        button.setOnAction(e -> action.run());
        return button;
    }

    private static void say(Button button, String what) {
        button.setTooltip(new Tooltip(what));
        button.setAccessibleText(what);
    }
}
