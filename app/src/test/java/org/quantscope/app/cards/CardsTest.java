package org.quantscope.app.cards;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CardsTest {
    private final Cards cards = new Cards();

    private Cards.Places places() {
        return cards.placesProperty().get();
    }

    @Test
    void oneCardAloneHidesTheOthersUntilAllAreShownAgain() {
        cards.toggleAlone(ShownCard.CURVE);
        assertThat(places().here(ShownCard.CURVE)).isTrue();
        assertThat(places().here(ShownCard.HISTOGRAM)).isFalse();
        cards.toggleAlone(ShownCard.PAGES);
        assertThat(places().alone()).contains(ShownCard.PAGES);
        cards.toggleAlone(ShownCard.PAGES);
        assertThat(places().here(ShownCard.HISTOGRAM)).isTrue();
    }

    @Test
    void aCardInItsOwnWindowIsNotHereAndComesBack() {
        cards.toggleAlone(ShownCard.CURVE);
        cards.toggleAway(ShownCard.CURVE);
        assertThat(places()).isEqualTo(new Cards.Places(Optional.empty(), Set.of(ShownCard.CURVE)));
        cards.toggleAway(ShownCard.TRIED);
        assertThat(places().away()).containsExactlyInAnyOrder(ShownCard.CURVE, ShownCard.TRIED);
        cards.showAll();
        assertThat(places().here(ShownCard.CURVE)).isFalse();
        cards.toggleAlone(ShownCard.CURVE);
        assertThat(places()).isEqualTo(new Cards.Places(Optional.of(ShownCard.CURVE), Set.of(ShownCard.TRIED)));
        cards.bringBack(ShownCard.TRIED);
        cards.reset();
        assertThat(ShownCard.values()).allMatch(places()::here);
    }

    @Test
    void nothingIsAloneAndAway() {
        assertThatThrownBy(() -> new Cards.Places(Optional.of(ShownCard.TRIED), Set.of(ShownCard.TRIED)))
                .hasMessage("alone: TRIED is in a window of its own");
    }
}
