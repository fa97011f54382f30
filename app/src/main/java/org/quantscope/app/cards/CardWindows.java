package org.quantscope.app.cards;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import javafx.beans.value.ObservableValue;
import javafx.scene.Node;
import javafx.scene.Scene;
import javafx.stage.Window;
import org.quantscope.app.session.Settings;
import org.quantscope.app.ui.Theme;

/** The windows of the cards that are away. Whoever shows a card at its place takes it out of its window. */
public final class CardWindows {
    private final Cards cards;
    private final Window owner;
    private final Settings settings;
    private final ObservableValue<Theme> theme;
    private final ObservableValue<Number> scale;
    private final Map<ShownCard, Node> nodes;
    private final Consumer<Scene> onScene;
    private final Map<ShownCard, CardWindow> open = new EnumMap<>(ShownCard.class);

    /**
     * @param scale how much larger than designed
     * @param nodes what is moved, for each card
     * @param onScene is told of each new window, to install keys and whatever else all windows have
     */
    public CardWindows(
            Cards cards,
            Window owner,
            Settings settings,
            ObservableValue<Theme> theme,
            ObservableValue<Number> scale,
            Map<ShownCard, Node> nodes,
            Consumer<Scene> onScene) {
        this.cards = cards;
        this.owner = owner;
        this.settings = settings;
        this.theme = theme;
        this.scale = scale;
        this.nodes = new EnumMap<>(nodes);
        this.onScene = onScene;
    }

    /** Opens the windows of cards that have left their places, and closes those of cards that are back. */
    public void follow(Set<ShownCard> away) {
        for (ShownCard card : ShownCard.values()) {
            CardWindow window = open.get(card);
            if (away.contains(card) && window == null) {
                window = new CardWindow(card, owner, settings, theme, scale, () -> cards.bringBack(card));
                onScene.accept(window.scene());
                open.put(card, window);
                window.show(Objects.requireNonNull(nodes.get(card)));
            } else if (!away.contains(card) && window != null) {
                window.hide();
                open.remove(card);
            }
        }
    }
}
