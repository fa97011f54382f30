package org.quantscope.app.ui;

import static org.assertj.core.api.Assertions.assertThat;

import javafx.scene.Scene;
import javafx.scene.control.Label;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import javafx.scene.text.Font;
import javafx.stage.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.testfx.api.FxRobot;
import org.testfx.framework.junit5.ApplicationExtension;
import org.testfx.framework.junit5.Start;

@ExtendWith(ApplicationExtension.class)
class ThemeTest {
    private Scene scene;
    private Label title;
    private Label number;
    private StackPane card;

    @Start
    void start(Stage stage) {
        Theme.DARK.install();
        title = new Label("block1.conv1 weight");
        title.getStyleClass().add("title");
        number = new Label("-3.1400");
        number.getStyleClass().add("number");
        card = new StackPane();
        card.getStyleClass().add("card");
        scene = new Scene(new VBox(title, number, card), 300, 200);
        Theme.DARK.applyTo(scene);
        stage.setScene(scene);
        stage.sizeToScene();
        stage.show();
    }

    @Test
    void bundledFontsAreUsedForWordsAndNumbers() {
        assertThat(Font.getFamilies()).contains(Fonts.SANS, Fonts.SANS_SEMIBOLD, Fonts.MONO);
        assertThat(title.getFont().getFamily()).isEqualTo(Fonts.SANS_SEMIBOLD);
        assertThat(number.getFont().getFamily()).isEqualTo(Fonts.MONO);
        assertThat(Fonts.awtMono(11).getFamily()).isEqualTo(Fonts.MONO);
    }

    @Test
    void switchingTheThemeReplacesItsColours(FxRobot robot) {
        assertThat(title.getTextFill()).isEqualTo(Palette.DARK.text());
        int sheets = scene.getStylesheets().size();
        robot.interact(() -> {
            Theme.LIGHT.install();
            Theme.LIGHT.applyTo(scene);
            scene.getRoot().applyCss();
        });
        assertThat(title.getTextFill()).isEqualTo(Palette.LIGHT.text());
        assertThat(card.getBackground().getFills().getLast().getFill()).isEqualTo(Palette.LIGHT.panel());
        assertThat(scene.getStylesheets()).hasSize(sheets);
    }
}
