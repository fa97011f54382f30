package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import javafx.scene.control.Button;
import javafx.scene.control.RadioButton;
import javafx.scene.input.KeyCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.lesson.LessonViewModel.Phase;
import org.quantscope.core.lesson.Lessons;
import org.quantscope.core.quant.ClipRange;
import org.testfx.api.FxRobot;

/** The lesson Clip or round in the real window: what is covered, what is read, and what the goal says while the range moves. */
class LessonWindowTest {
    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST).withoutCurve();

    private boolean shown(FxRobot robot, String id) throws Exception {
        return OpenWindow.onFx(() -> robot.lookup(id)
                .tryQuery()
                .map(node -> {
                    for (javafx.scene.Node n = node; n != null; n = n.getParent()) {
                        if (!n.isVisible()) {
                            return false;
                        }
                    }
                    return true;
                })
                .orElse(false));
    }

    /** That of a node with everything that it lies in. */
    private double opacity(FxRobot robot, String id) throws Exception {
        return OpenWindow.onFx(() -> {
            double opacity = 1;
            for (javafx.scene.Node n = robot.lookup(id).query(); n != null; n = n.getParent()) {
                opacity *= n.getOpacity();
            }
            return opacity;
        });
    }

    /** The stage of the lesson has no data, so there is no accuracy to wait for. */
    private boolean calm() {
        return at.context.jobs().running().isEmpty();
    }

    private Phase phase() {
        return at.context.lessons().viewProperty().get().map(v -> v.phase()).orElse(Phase.OPENING);
    }

    @Test
    void aPersonGoesThroughClipOrRound(FxRobot robot) throws Exception {
        OpenWindow.doOnFx(
                () -> at.context.lessons().start(Lessons.byId("clip-or-round").orElseThrow(), Optional.empty()));
        OpenWindow.waitUntil(() -> calm() && phase() == Phase.ASKING);
        assertThat(shown(robot, "#sqnr")).isFalse();
        assertThat(shown(robot, "#lesson-choice-1")).isTrue();
        // The quantizer is not needed here: it is pale, and as clear as ever for who goes there with the keyboard.
        robot.moveTo("#lesson-choice-1");
        assertThat(opacity(robot, "#bits")).isLessThan(0.5);
        assertThat(opacity(robot, "#histogram")).isEqualTo(1);
        OpenWindow.doOnFx(() -> robot.lookup("#bits").query().requestFocus());
        assertThat(opacity(robot, "#bits")).isEqualTo(1);
        OpenWindow.doOnFx(() -> robot.lookup("#lesson-choice-1").query().requestFocus());
        assertThat(OpenWindow.onFx(
                        () -> robot.lookup("#lesson-next").queryButton().isDisabled()))
                .isTrue();

        // An answer is needed before anything is shown.
        OpenWindow.doOnFx(() -> robot.lookup("#lesson-answer").queryButton().fire());
        assertThat(phase()).isEqualTo(Phase.ASKING);
        OpenWindow.doOnFx(() ->
                robot.lookup("#lesson-choice-3").queryAs(RadioButton.class).fire());
        OpenWindow.doOnFx(() -> robot.lookup("#lesson-answer").queryButton().fire());
        OpenWindow.waitUntil(
                () -> calm() && robot.lookup("#lesson-reveal").tryQuery().isPresent());
        assertThat(shown(robot, "#sqnr")).isTrue();
        assertThat(OpenWindow.text(robot, "#lesson-said")).contains("Mostly clipping", "fairly sure", "not so");
        assertThat(OpenWindow.text(robot, "#lesson-truth")).contains("Only rounding");

        OpenWindow.doOnFx(
                () -> robot.lookup("#lesson-why-1").queryAs(RadioButton.class).fire());
        assertThat(OpenWindow.onFx(
                        () -> robot.lookup("#lesson-next").queryButton().isDisabled()))
                .isFalse();
        robot.push(KeyCode.PAGE_DOWN);
        OpenWindow.waitUntil(() -> calm() && phase() == Phase.ASKING);
        assertThat(at.context.lessons().viewProperty().get().orElseThrow().step())
                .isEqualTo(1);

        OpenWindow.doOnFx(() -> {
            at.context.selected().preview(ClipRange.symmetric(4.84f));
            at.context.selected().commit();
        });
        OpenWindow.doOnFx(
                () -> robot.lookup("#lesson-answer").queryAs(Button.class).fire());
        OpenWindow.waitUntil(
                () -> calm() && robot.lookup("#lesson-said").tryQuery().isPresent());
        assertThat(OpenWindow.text(robot, "#lesson-said")).contains("4.84", "right");

        OpenWindow.doOnFx(() -> robot.lookup("#lesson-leave").queryButton().fire());
        at.waitForRest();
        assertThat(at.state().model().path()).hasFileName("digits_mlp.onnx");
        assertThat(shown(robot, "#lesson")).isFalse();
        assertThat(opacity(robot, "#bits")).isEqualTo(1);
    }
}
