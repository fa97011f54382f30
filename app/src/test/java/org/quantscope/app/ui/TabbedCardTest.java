package org.quantscope.app.ui;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import javafx.scene.Scene;
import javafx.scene.control.Label;
import javafx.scene.control.ToggleButton;
import javafx.scene.input.KeyCode;
import javafx.stage.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.testfx.api.FxRobot;
import org.testfx.framework.junit5.ApplicationExtension;
import org.testfx.framework.junit5.Start;

@ExtendWith(ApplicationExtension.class)
class TabbedCardTest {
    private final List<String> told = new ArrayList<>();
    private TabbedCard card;

    @Start
    void start(Stage stage) {
        card = new TabbedCard(List.of(tab("one"), tab("two"), tab("three")));
        stage.setScene(new Scene(card, 400, 200));
        stage.show();
    }

    private CardTab tab(String id) {
        return new CardTab(
                id,
                id,
                "shows " + id,
                () -> {
                    told.add("make " + id);
                    return new Label("page " + id);
                },
                showing -> told.add((showing ? "show " : "hide ") + id));
    }

    @Test
    void aPageIsMadeWhenItIsFirstChosenAndWorksOnlyWhileItIsOnShow(FxRobot robot) {
        assertThat(told).containsExactly("make one", "show one");
        told.clear();
        robot.clickOn("#tab-two");
        assertThat(card.selectedProperty().get()).isEqualTo("two");
        assertThat(robot.lookup("page two").tryQuery()).isPresent();
        assertThat(robot.lookup("page one").tryQuery()).isEmpty();
        assertThat(told).containsExactly("hide one", "make two", "show two");
        told.clear();
        robot.clickOn("#tab-one");
        assertThat(told).containsExactly("hide two", "show one");
    }

    @Test
    void aSecondClickOnThePageOnShowChangesNothing(FxRobot robot) {
        told.clear();
        robot.clickOn("#tab-one");
        assertThat(told).isEmpty();
        assertThat(robot.lookup("#tab-one").queryAs(ToggleButton.class).isSelected())
                .isTrue();
    }

    @Test
    void theArrowKeysChooseTheNextPage(FxRobot robot) {
        robot.interact(() -> robot.lookup("#tab-one").query().requestFocus());
        robot.type(KeyCode.RIGHT);
        assertThat(card.selectedProperty().get()).isEqualTo("two");
        robot.type(KeyCode.RIGHT).type(KeyCode.LEFT);
        assertThat(told)
                .containsExactly(
                        "make one",
                        "show one",
                        "hide one",
                        "make two",
                        "show two",
                        "hide two",
                        "make three",
                        "show three",
                        "hide three",
                        "show two");
    }

    @Test
    void aPageIsChosenByItsIdAndOneThatIsNotThereChangesNothing(FxRobot robot) {
        robot.interact(() -> card.select("three"));
        robot.interact(() -> card.select("nowhere"));
        robot.interact(() -> card.select(7));
        assertThat(card.selectedProperty().get()).isEqualTo("three");
        assertThat(robot.lookup("#tab-three").queryAs(ToggleButton.class).isSelected())
                .isTrue();
        assertThat(robot.lookup("page three").tryQuery()).isPresent();
    }
}
