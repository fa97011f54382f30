package org.quantscope.app.tour;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quantscope.app.tour.CardPlace.Box;

class CardPlaceTest {
    @ParameterizedTest
    @CsvSource({
        // a left column, the middle, a right column, a button at the top, one at the top of a narrow window
        "1440, 900, 0, 60, 392, 700, 406, 60",
        "1440, 900, 404, 90, 670, 400, 1088, 90",
        "1440, 900, 1088, 60, 352, 800, 756, 60",
        "1440, 900, 500, 8, 90, 30, 604, 14",
        "600, 900, 260, 8, 90, 30, 260, 52",
        // below is the edge of the window
        "600, 900, 10, 600, 580, 290, 14, 386",
    })
    void standsBesideAndHidesNothingOfIt(
            double width, double height, double x, double y, double w, double h, double cardX, double cardY) {
        Box spoken = new Box(x, y, w, h);
        CardPlace at = CardPlace.beside(width, height, spoken, 318, 200);
        assertThat(at).isEqualTo(new CardPlace(cardX, cardY));
        assertThat(new Box(at.x(), at.y(), 318, 200).meets(spoken)).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"480, 270", "512, 384", "960, 540", "1920, 1080"})
    void staysInTheWindowWhereNowhereIsRoom(double width, double height) {
        CardPlace at = CardPlace.beside(width, height, new Box(0, 0, width, height), 318, 200);
        assertThat(at.x()).isBetween(CardPlace.GAP, width - CardPlace.GAP - 318);
        assertThat(at.y()).isBetween(CardPlace.GAP, height - CardPlace.GAP - 200);
    }
}
