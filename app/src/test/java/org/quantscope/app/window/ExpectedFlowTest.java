package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import javafx.scene.control.Button;
import javafx.scene.control.MenuButton;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.accuracy.ExpectedViewModel;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.testfx.api.FxRobot;

/** What corrections would bring is measured before one is applied, and the figures go when the settings change. */
class ExpectedFlowTest {
    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST).withoutCurve();

    private ExpectedViewModel.View view() {
        return OpenWindow.onFx(
                () -> at.context.corrections().expected().viewProperty().get());
    }

    private void open(FxRobot robot) throws Exception {
        OpenWindow.doOnFx(() -> robot.lookup("#correct").queryAs(MenuButton.class).getItems().stream()
                .filter(i -> "correct-expected".equals(i.getId()))
                .findFirst()
                .orElseThrow()
                .fire());
        OpenWindow.waitUntil(() -> robot.lookup("#expected-run").tryQuery().isPresent());
    }

    @Test
    void figuresAreMeasuredAndACorrectionIsAppliedFromTheirRow(FxRobot robot) throws Exception {
        open(robot);
        assertThat(OpenWindow.text(robot, "#expected-said")).startsWith("Calibration data is needed");
        assertThat(OpenWindow.onFx(() ->
                        robot.lookup("#expected-run").queryAs(Button.class).isDisable()))
                .isTrue();
        assertThat(OpenWindow.text(robot, "#expected-why-smoothquant")).isEqualTo("needs calibration data");

        OpenWindow.doOnFx(
                () -> at.context.bench().apply(new Edit.SetWeights(Optional.of(QuantSpec.WEIGHTS.withBits(2)))));
        OpenWindow.doOnFx(() -> SampleFiles.calibrateDigits(at.context));
        at.waitForRest();
        OpenWindow.doOnFx(
                () -> robot.lookup("#expected-run").queryAs(Button.class).fire());
        OpenWindow.waitUntil(() -> !view().running()
                && view().rows().stream().allMatch(row -> row.gain().isPresent()));

        assertThat(view().rows())
                .extracting(row -> row.correction().id())
                .doesNotContain("recover")
                .contains("awq");
        assertThat(OpenWindow.text(robot, "#expected-after-bias-correction")).matches("[0-9.e-]+");
        assertThat(view().said()).endsWith("on 128 calibration samples that no correction has seen.");
        assertThat(at.state().corrections()).isEmpty();

        OpenWindow.doOnFx(
                () -> ((Button) robot.lookup("#expected-apply-bias-correction").query()).fire());
        OpenWindow.waitUntil(() -> at.rests() && at.state().corrections().size() == 1);
        assertThat(view().rows()).allMatch(row -> row.gain().isEmpty());
    }
}
