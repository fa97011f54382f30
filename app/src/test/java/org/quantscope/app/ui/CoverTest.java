package org.quantscope.app.ui;

import static org.assertj.core.api.Assertions.assertThat;

import javafx.scene.Scene;
import javafx.scene.control.Button;
import javafx.scene.input.KeyCode;
import javafx.scene.layout.HBox;
import javafx.scene.layout.StackPane;
import javafx.stage.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.testfx.api.FxRobot;
import org.testfx.framework.junit5.ApplicationExtension;
import org.testfx.framework.junit5.Start;
import org.testfx.util.WaitForAsyncUtils;

@ExtendWith(ApplicationExtension.class)
class CoverTest {
    private Button other;
    private StackPane card;
    private Cover cover;
    private int fired;

    @Start
    void start(Stage stage) {
        other = new Button("other");
        Button inside = new Button("inside");
        card = new StackPane(inside);
        cover = new Cover(card, "a card");
        inside.setOnAction(e -> fired++);
        stage.setScene(new Scene(new HBox(other, cover), 400, 200));
        stage.show();
        other.requestFocus();
    }

    private void fade(FxRobot robot, boolean on) {
        robot.interact(() -> cover.setFaded(on));
        WaitForAsyncUtils.waitForFxEvents();
    }

    @Test
    void aFadedCardIsPaleUntilTheKeyboardIsInItAndWorks(FxRobot robot) {
        robot.moveTo(other);
        assertThat(card.getOpacity()).isEqualTo(1);
        fade(robot, true);
        assertThat(card.getOpacity()).isLessThan(0.5);

        robot.push(KeyCode.TAB);
        assertThat(card.getOpacity()).isEqualTo(1);
        robot.push(KeyCode.SPACE);
        assertThat(fired).isEqualTo(1);

        robot.interact(other::requestFocus);
        assertThat(card.getOpacity()).isLessThan(0.5);
        fade(robot, false);
        assertThat(card.getOpacity()).isEqualTo(1);
    }

    @Test
    void aCoveredCardStaysCoveredAndItsNoteIsNotPale(FxRobot robot) {
        robot.moveTo(other);
        robot.interact(() -> cover.setCovered(true));
        fade(robot, true);
        assertThat(card.isVisible()).isFalse();
        assertThat(cover.getOpacity()).isEqualTo(1);
        assertThat(cover.isCovered()).isTrue();
    }
}
