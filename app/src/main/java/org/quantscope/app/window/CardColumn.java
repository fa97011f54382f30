package org.quantscope.app.window;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import javafx.scene.Node;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import org.quantscope.app.cards.Cards;
import org.quantscope.app.cards.ShownCard;
import org.quantscope.app.ui.Cover;
import org.quantscope.app.ui.TabbedCard;

/**
 * The three cards of the middle, one below the other: as many as there is height for, or the one that is wanted alone. A
 * page that needs more room takes that of the curve.
 */
final class CardColumn {
    /** Below this height in pixels there is no room for the pages. */
    private static final double PAGES_HEIGHT = 440;

    /** Height in pixels of a page that needs more room; it grows with the window. */
    private static final double TALL = 330;

    private final VBox column;
    private final Cards cards;
    private final TabbedCard pages;
    private final Map<ShownCard, Region> inside = new EnumMap<>(ShownCard.class);
    private final Map<ShownCard, Cover> covers = new EnumMap<>(ShownCard.class);

    CardColumn(VBox column, Cards cards, Region values, Region errors, TabbedCard pages) {
        this.column = column;
        this.cards = cards;
        this.pages = pages;
        put(ShownCard.HISTOGRAM, values, "the values of the tensor");
        put(ShownCard.CURVE, errors, "the error for every range");
        put(ShownCard.PAGES, pages, "channels, codes and layers");
        pages.tallProperty().subscribe(x -> arrange());
        column.heightProperty().subscribe(h -> arrange());
        cards.placesProperty().subscribe(p -> arrange());
    }

    private void put(ShownCard card, Region region, String what) {
        inside.put(card, region);
        covers.put(card, new Cover(region, what));
    }

    /** The card as it is moved to another window. */
    Cover of(ShownCard card) {
        return Objects.requireNonNull(covers.get(card));
    }

    /** Makes cards pale, and all others clear. */
    void fade(Set<ShownCard> faded) {
        covers.forEach((card, cover) -> cover.setFaded(faded.contains(card)));
    }

    /** Covers cards, which keep their place, and uncovers all others. */
    void cover(Set<ShownCard> covered) {
        covers.forEach((card, cover) -> cover.setCovered(covered.contains(card)));
        arrange();
    }

    private void arrange() {
        Cards.Places places = cards.placesProperty().get();
        double height = column.getHeight();
        boolean tall = pages.tallProperty().get() && places.here(ShownCard.PAGES);
        boolean low = height > 0 && height < PAGES_HEIGHT;
        List<Node> here = new ArrayList<>();
        boolean first = true;
        for (Map.Entry<ShownCard, Cover> e : covers.entrySet()) {
            ShownCard card = e.getKey();
            Cover cover = e.getValue();
            boolean away = places.away().contains(card);
            boolean alone = places.alone().filter(a -> a == card).isPresent();
            boolean room = switch (card) {
                case CURVE -> !tall;
                case PAGES -> !low;
                case HISTOGRAM, TRIED -> true;
            };
            boolean shown = away || alone || (room && places.here(card));
            Region region = Objects.requireNonNull(inside.get(card));
            region.setManaged(shown);
            region.setVisible(shown && !cover.isCovered());
            if (!away) {
                here.add(cover);
                boolean grows = alone || (shown && (first || (card == ShownCard.PAGES && tall)));
                VBox.setVgrow(cover, grows ? Priority.ALWAYS : Priority.SOMETIMES);
                first &= !shown;
            }
        }
        pages.setPrefHeight(tall && places.alone().isEmpty() ? TALL : Region.USE_COMPUTED_SIZE);
        if (!column.getChildren().equals(here)) {
            column.getChildren().setAll(here);
        }
    }
}
