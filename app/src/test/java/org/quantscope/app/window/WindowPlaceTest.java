package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import javafx.geometry.Rectangle2D;
import org.junit.jupiter.api.Test;
import org.quantscope.app.window.WindowPlace.Corner;

class WindowPlaceTest {
    /** With a bar at the top. */
    private static final Rectangle2D SMALL = new Rectangle2D(0, 24, 1280, 696);

    private static final Rectangle2D LARGE = new Rectangle2D(1280, 0, 2560, 1440);

    private static WindowPlace first() {
        return new WindowPlace(Optional.empty(), 1440, 900);
    }

    private static WindowPlace at(double x, double y) {
        return new WindowPlace(Optional.of(new Corner(x, y)), 1440, 900);
    }

    @Test
    void aFirstStartIsInTheMiddleOfTheMainScreen() {
        assertThat(first().on(List.of(LARGE, SMALL))).isEqualTo(new Rectangle2D(1280 + 560, 270, 1440, 900));
    }

    @Test
    void aFirstStartFillsAScreenThatIsSmaller() {
        assertThat(first().on(List.of(SMALL))).isEqualTo(SMALL);
    }

    @Test
    void aRememberedPlaceIsKept() {
        assertThat(at(1300, 40).on(List.of(SMALL, LARGE))).isEqualTo(new Rectangle2D(1300, 40, 1440, 900));
    }

    @Test
    void aPlaceAcrossTwoScreensGoesToTheOneWithMostOfIt() {
        assertThat(at(1180, 300).on(List.of(SMALL, LARGE))).isEqualTo(new Rectangle2D(1280, 300, 1440, 900));
    }

    @Test
    void aPlaceThatHangsOverTheEdgeIsMovedOntoTheScreen() {
        assertThat(at(3000, 1000).on(List.of(SMALL, LARGE))).isEqualTo(new Rectangle2D(3840 - 1440, 540, 1440, 900));
        assertThat(new WindowPlace(Optional.of(new Corner(-50, 0)), 1000, 600).on(List.of(SMALL)))
                .isEqualTo(new Rectangle2D(0, 24, 1000, 600));
    }

    @Test
    void aPlaceOnAScreenThatIsGoneCountsAsNone() {
        assertThat(at(1300, 40).on(List.of(new Rectangle2D(0, 0, 1280, 1024))))
                .isEqualTo(new Rectangle2D(0, 62, 1280, 900));
    }

    @Test
    void aPlaceThatLeavesNoRoomForAFrameIsForAMaximizedWindow() {
        assertThat(WindowPlace.fills(SMALL, List.of(SMALL, LARGE))).isTrue();
        assertThat(WindowPlace.fills(new Rectangle2D(0, 24, 1000, 690), List.of(SMALL)))
                .isTrue();
        assertThat(WindowPlace.fills(new Rectangle2D(100, 50, 1000, 600), List.of(SMALL)))
                .isFalse();
        assertThat(WindowPlace.fills(new Rectangle2D(1300, 40, 1440, 900), List.of(SMALL, LARGE)))
                .isFalse();
    }
}
