package org.quantscope.app.window;

import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import javafx.beans.value.ObservableValue;
import javafx.scene.Node;
import javafx.scene.Scene;
import javafx.scene.control.TextInputControl;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import org.quantscope.app.cards.CardWindows;
import org.quantscope.app.cards.Cards;
import org.quantscope.app.cards.ShownCard;
import org.quantscope.app.session.Settings;
import org.quantscope.app.ui.Theme;

/** Shows the cards of the main window where they are wanted, and the keys for it. */
final class CardPlaces {
    private final Cards cards;
    private final Scene scene;
    private final Map<ShownCard, Node> nodes;

    /** @param tried the strip of everything tried */
    CardPlaces(Cards cards, Scene scene, TensorPane tensor, Node tried) {
        this.cards = cards;
        this.scene = scene;
        this.nodes = new EnumMap<>(Map.of(
                ShownCard.HISTOGRAM,
                tensor.card(ShownCard.HISTOGRAM),
                ShownCard.CURVE,
                tensor.card(ShownCard.CURVE),
                ShownCard.PAGES,
                tensor.card(ShownCard.PAGES),
                ShownCard.TRIED,
                tried));
    }

    /**
     * @param scale how much larger than designed
     * @param onScene is told of each window of a card
     * @param onPlaces makes room in the main window; it is told before windows open
     */
    void install(
            Settings settings,
            ObservableValue<Theme> theme,
            ObservableValue<Number> scale,
            Consumer<Scene> onScene,
            Consumer<Cards.Places> onPlaces) {
        CardWindows windows = new CardWindows(cards, scene.getWindow(), settings, theme, scale, nodes, own -> {
            // The keys of the main window work here too.
            own.getAccelerators().putAll(scene.getAccelerators());
            onScene.accept(own);
        });
        cards.placesProperty().subscribe((was, is) -> {
            onPlaces.accept(is);
            windows.follow(is.away());
        });
    }

    /**
     * Escape shows all cards again. The list would take it for the end of an edit, so it comes first; but a drag and a field
     * have an end of their own.
     */
    void installEscape(BooleanSupplier dragging) {
        scene.addEventFilter(KeyEvent.KEY_PRESSED, e -> {
            if (e.getCode() == KeyCode.ESCAPE
                    && cards.placesProperty().get().alone().isPresent()
                    && !dragging.getAsBoolean()
                    && !(scene.getFocusOwner() instanceof TextInputControl)) {
                cards.showAll();
                e.consume();
            }
        });
    }

    /** The card that has the keyboard, or else the histogram, gets all the room; or all are shown again. */
    void oneOrAll() {
        if (cards.placesProperty().get().alone().isPresent()) {
            cards.showAll();
        } else {
            cards.toggleAlone(withKeyboard());
        }
    }

    private ShownCard withKeyboard() {
        Set<Map.Entry<ShownCard, Node>> all = nodes.entrySet();
        for (Node at = scene.getFocusOwner(); at != null; at = at.getParent()) {
            for (Map.Entry<ShownCard, Node> e : all) {
                if (e.getValue().equals(at)) {
                    return e.getKey();
                }
            }
        }
        return ShownCard.HISTOGRAM;
    }
}
