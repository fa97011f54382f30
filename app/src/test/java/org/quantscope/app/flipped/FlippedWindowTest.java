package org.quantscope.app.flipped;

import static org.assertj.core.api.Assertions.assertThat;

import javafx.geometry.Rectangle2D;
import org.junit.jupiter.api.Test;

class FlippedWindowTest {
    @Test
    void liesOnItsScreenWithRoomForTheTitle() {
        assertThat(FlippedWindow.place(new Rectangle2D(100, 20, 1366, 768)))
                .isEqualTo(new Rectangle2D(100 + 153, 20 + 40, 1060, 688));
        assertThat(FlippedWindow.place(new Rectangle2D(0, 0, 1920, 1080)))
                .isEqualTo(new Rectangle2D(430, 180, 1060, 720));
        assertThat(FlippedWindow.place(new Rectangle2D(0, 0, 1024, 768)).getWidth())
                .isEqualTo(1024);
    }
}
