package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import javafx.scene.Scene;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import javafx.stage.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.testfx.framework.junit5.ApplicationExtension;
import org.testfx.framework.junit5.Start;

@ExtendWith(ApplicationExtension.class)
class ColumnsTest {
    private static final double DIVIDERS = 12;

    private final Region left = new StackPane();
    private final Region middle = new StackPane();
    private final Region right = new StackPane();
    private Columns columns;

    @Start
    void start(Stage stage) {
        left.setMinWidth(200);
        middle.setMinWidth(300);
        right.setMinWidth(200);
        columns = new Columns(left, middle, right);
        stage.setScene(new Scene(columns, 900, 300));
        stage.show();
    }

    private void layOut(double width) {
        columns.resize(width, 300);
        columns.layout();
    }

    @Test
    void theSidesKeepTheirWidthsAndTheMiddleTakesTheRest() {
        OpenWindow.doOnFx(() -> {
            // Laid out before anyone says how wide the sides are, as a window manager may do it.
            layOut(900);
            columns.setSides(380, 350);
            layOut(900);
            layOut(1400);
            assertThat(left.getWidth()).isCloseTo(380, within(DIVIDERS));
            assertThat(right.getWidth()).isCloseTo(350, within(DIVIDERS));
            layOut(1100);
            assertThat(left.getWidth()).isCloseTo(380, within(DIVIDERS));
            assertThat(right.getWidth()).isCloseTo(350, within(DIVIDERS));
        });
    }

    @Test
    void whereTheyLeaveTooLittleTheyGetNarrowerAndWideAgain() {
        OpenWindow.doOnFx(() -> {
            columns.setSides(380, 350);
            layOut(800);
            assertThat(middle.getWidth()).isGreaterThanOrEqualTo(300 - DIVIDERS);
            assertThat(left.getWidth()).isLessThan(380 - DIVIDERS);
            layOut(1400);
            assertThat(left.getWidth()).isCloseTo(380, within(DIVIDERS));
        });
    }

    @Test
    void aWidthThatAPersonChoseStays() {
        OpenWindow.doOnFx(() -> {
            columns.setSides(380, 350);
            layOut(1400);
            columns.setDividerPosition(0, 0.4);
            columns.layout();
            layOut(1300);
            assertThat(columns.leftWidth()).isCloseTo(560, within(1.0));
            assertThat(left.getWidth()).isCloseTo(560, within(DIVIDERS));
            assertThat(right.getWidth()).isCloseTo(350, within(DIVIDERS));
        });
    }

    @Test
    void whereOneSideIsAsNarrowAsItMayBeTheOtherGivesTheRest() {
        OpenWindow.doOnFx(() -> {
            columns.setSides(500, 220);
            layOut(800);
            assertThat(left.getWidth()).isCloseTo(280, within(DIVIDERS));
            assertThat(right.getWidth()).isCloseTo(200, within(DIVIDERS));
            assertThat(middle.getWidth()).isGreaterThanOrEqualTo(300 - DIVIDERS);
        });
    }
}
