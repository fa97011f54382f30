package org.quantscope.app;

import static org.assertj.core.api.Assertions.assertThat;

import javafx.scene.Scene;
import javafx.scene.control.Button;
import javafx.stage.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.testfx.api.FxRobot;
import org.testfx.framework.junit5.ApplicationExtension;
import org.testfx.framework.junit5.Start;

@ExtendWith(ApplicationExtension.class)
class HeadlessStageTest {
    private Button button;

    @Start
    void start(Stage stage) {
        button = new Button("count");
        button.setOnAction(e -> button.setText("counted"));
        stage.setScene(new Scene(button, 200, 100));
        stage.sizeToScene();
        stage.show();
    }

    @Test
    void robotClicksAButtonWithoutADisplay(FxRobot robot) {
        robot.clickOn(button);
        assertThat(button.getText()).isEqualTo("counted");
    }
}
