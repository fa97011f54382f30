package org.quantscope.app.cards;

import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;

/**
 * Which cards are where. A card is in its place, alone in the window with all others hidden, or in a window of its own.
 * Knows no window, so it is used on any one thread.
 */
public final class Cards {
    /**
     * The places of all cards.
     *
     * @param alone the one that has the window for itself
     * @param away those in windows of their own; never the one that is alone
     */
    public record Places(Optional<ShownCard> alone, Set<ShownCard> away) {
        public Places {
            away = Set.copyOf(away);
            if (alone.filter(away::contains).isPresent()) {
                throw new IllegalArgumentException("alone: " + alone.orElseThrow() + " is in a window of its own");
            }
        }

        /** True if the card is seen in the main window. */
        public boolean here(ShownCard card) {
            return !away.contains(card) && alone.map(a -> a == card).orElse(true);
        }
    }

    private static final Places USUAL = new Places(Optional.empty(), Set.of());

    private final ReadOnlyObjectWrapper<Places> places = new ReadOnlyObjectWrapper<>(this, "places", USUAL);

    public ReadOnlyObjectProperty<Places> placesProperty() {
        return places.getReadOnlyProperty();
    }

    /** Hides all other cards, or shows all again. A card in a window of its own comes back first. */
    public void toggleAlone(ShownCard card) {
        Places now = places.get();
        Set<ShownCard> away = without(now, card);
        boolean on = now.alone().filter(a -> a == card).isEmpty();
        places.set(new Places(on ? Optional.of(card) : Optional.empty(), away));
    }

    /** Shows all cards that are not in windows of their own. */
    public void showAll() {
        places.set(new Places(Optional.empty(), places.get().away()));
    }

    /** Gives a card a window of its own, or brings it back. */
    public void toggleAway(ShownCard card) {
        Places now = places.get();
        Set<ShownCard> away = without(now, card);
        if (!now.away().contains(card)) {
            away.add(card);
        }
        places.set(new Places(now.alone().filter(a -> a != card), away));
    }

    /** Brings a card back that is in a window of its own. */
    public void bringBack(ShownCard card) {
        places.set(new Places(places.get().alone(), without(places.get(), card)));
    }

    /** Puts everything into its place. */
    public void reset() {
        places.set(USUAL);
    }

    private static Set<ShownCard> without(Places now, ShownCard card) {
        Set<ShownCard> away = EnumSet.noneOf(ShownCard.class);
        away.addAll(now.away());
        away.remove(card);
        return away;
    }
}
