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
class RowsTest {
    private static final double DIVIDER = 12;

    private final Region lower = new StackPane();
    private Rows rows;

    @Start
    void start(Stage stage) {
        lower.setMinHeight(100);
        rows = new Rows(new StackPane(), lower);
        stage.setScene(new Scene(rows, 300, 700));
        stage.show();
    }

    private void layOut(double height) {
        rows.resize(300, height);
        rows.layout();
    }

    @Test
    void theLowerPartKeepsItsHeightAndAPersonMayChooseAnotherOne() {
        OpenWindow.doOnFx(() -> {
            layOut(700);
            rows.setLower(150);
            layOut(700);
            layOut(900);
            assertThat(lower.getHeight()).isCloseTo(150, within(DIVIDER));
            rows.setDividerPosition(0, 0.7);
            rows.layout();
            layOut(700);
            assertThat(rows.lower()).isCloseTo(270, within(1.0));
            assertThat(lower.getHeight()).isCloseTo(270, within(DIVIDER));
            rows.setLower(20);
            layOut(700);
            assertThat(lower.getHeight()).isGreaterThanOrEqualTo(100 - DIVIDER);
        });
    }
}
