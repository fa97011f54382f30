package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import javafx.scene.control.MenuButton;
import javafx.scene.control.TableView;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.quantscope.app.SampleFiles;
import org.testfx.api.FxRobot;

/** A person asks what of the open file is quantized. */
class ProofFlowTest {
    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST).withoutCurve();

    @Test
    void thePageSaysWhatIsQuantizedWithEveryWeight(FxRobot robot) throws Exception {
        OpenWindow.doOnFx(() -> robot.lookup("#open").queryAs(MenuButton.class).getItems().stream()
                .filter(i -> "what-is-quantized".equals(i.getId()))
                .findFirst()
                .orElseThrow()
                .fire());
        OpenWindow.waitUntil(() -> robot.lookup("#proof-verdict").tryQuery().isPresent()
                && OpenWindow.text(robot, "#proof-verdict").startsWith("Nothing is quantized"));

        assertThat(OpenWindow.text(robot, "#proof-verdict")).isEqualTo("Nothing is quantized: all 3 weights are f32.");
        assertThat(OpenWindow.onFx(() -> robot.lookup("#proof-weights")
                        .queryAs(TableView.class)
                        .getItems()
                        .size()))
                .isEqualTo(3);
        assertThat(OpenWindow.text(robot, "#proof-beside")).startsWith("What a grid costs is not known");
    }
}
