package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import javafx.scene.Node;
import javafx.scene.control.Labeled;
import javafx.scene.input.KeyCode;
import javafx.stage.Stage;
import javafx.stage.WindowEvent;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.cards.Cards;
import org.quantscope.app.cards.ShownCard;
import org.quantscope.core.lesson.Lessons;
import org.testfx.api.FxRobot;

/** Cards alone in the window and in windows of their own. */
class CardsFlowTest {
    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST);

    private static boolean seen(Node node) {
        return OpenWindow.onFx(() -> {
            for (Node n = node; n != null; n = n.getParent()) {
                if (!n.isVisible()) {
                    return false;
                }
            }
            return node.getScene() != null;
        });
    }

    private static boolean seen(FxRobot robot, String id) {
        return OpenWindow.onFx(
                () -> robot.lookup(id).tryQuery().map(CardsFlowTest::seen).orElse(false));
    }

    @Test
    void f11GivesOneCardTheRoomOfAllAndEscapeEndsIt(FxRobot robot) throws Exception {
        Node histogram = robot.lookup("#histogram").query();
        double before = OpenWindow.onFx(() -> histogram.getLayoutBounds().getHeight());
        assertThat(seen(robot, "#card-alone-curve")).isTrue();

        robot.push(KeyCode.F11);

        OpenWindow.waitUntil(() -> histogram.getLayoutBounds().getHeight() > 1.5 * before);
        assertThat(seen(robot, "#card-alone-curve")).isFalse();
        assertThat(seen(robot, "#card-alone-tried")).isFalse();
        assertThat(seen(robot, "#filter")).isFalse();
        // The accuracy is what the range is chosen for.
        assertThat(seen(robot, "#accuracy")).isTrue();
        robot.push(KeyCode.ESCAPE);
        OpenWindow.waitUntil(() -> histogram.getLayoutBounds().getHeight() == before);
        assertThat(seen(robot, "#card-alone-curve")).isTrue();
        assertThat(seen(robot, "#filter")).isTrue();
    }

    @Test
    void everythingTriedCanHaveTheWindowToo(FxRobot robot) throws Exception {
        OpenWindow.doOnFx(() -> robot.lookup("#card-alone-tried").queryButton().fire());
        assertThat(seen(robot, "#histogram")).isFalse();
        assertThat(seen(robot, "#card-alone-tried")).isTrue();
        OpenWindow.doOnFx(() -> robot.lookup("#card-alone-tried").queryButton().fire());
        assertThat(seen(robot, "#histogram")).isTrue();
    }

    @Test
    void aCardInItsOwnWindowGoesOnAndIsBackWhenThatIsClosed(FxRobot robot) throws Exception {
        Node histogram = robot.lookup("#histogram").query();
        Stage main = (Stage) histogram.getScene().getWindow();

        OpenWindow.doOnFx(
                () -> robot.lookup("#card-away-histogram").queryButton().fire());

        Stage own = OpenWindow.onFx(() -> (Stage) histogram.getScene().getWindow());
        assertThat(own).isNotSameAs(main);
        assertThat(own.getTitle()).isEqualTo("Histogram – Quantscope");
        OpenWindow.doOnFx(() -> at.context.quantizer().setHi("0.25"));
        at.waitForRest();
        assertThat(OpenWindow.text(robot, "#tensor-name")).endsWith(" weight");
        assertThat(OpenWindow.onFx(() -> ((Labeled) histogram.lookup("#value-hi")).getText()))
                .contains("0.25");
        OpenWindow.doOnFx(() -> own.fireEvent(new WindowEvent(own, WindowEvent.WINDOW_CLOSE_REQUEST)));
        assertThat(OpenWindow.onFx(() -> histogram.getScene().getWindow())).isSameAs(main);
        assertThat(own.isShowing()).isFalse();
        assertThat(seen(histogram)).isTrue();
    }

    @Test
    void aLessonPutsAllCardsBack() throws Exception {
        Cards cards = at.context.cards();
        OpenWindow.doOnFx(() -> {
            cards.toggleAway(ShownCard.HISTOGRAM);
            cards.toggleAlone(ShownCard.CURVE);
            at.context.lessons().start(Lessons.bundled().getFirst(), Optional.empty());
        });
        OpenWindow.waitUntil(() -> at.context.lessons().viewProperty().get().isPresent());
        assertThat(ShownCard.values()).allMatch(cards.placesProperty().get()::here);
    }
}
