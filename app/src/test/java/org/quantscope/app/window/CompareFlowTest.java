package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import javafx.scene.control.Button;
import javafx.scene.control.TableView;
import javafx.scene.input.KeyCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.SampleFiles;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.testkit.ArrayFiles;
import org.testfx.api.FxRobot;

/** A person chooses what was deployed, reads where it departs, and goes from a row to its tensor. */
class CompareFlowTest {
    @TempDir
    Path folder;

    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST).withoutCurve();

    @Test
    void aDeployedModelIsComparedAndItsRowsLeadToTheTensors(FxRobot robot) throws Exception {
        Path dump = Files.createDirectory(folder.resolve("dump"));
        Files.write(dump.resolve("logits.npy"), ArrayFiles.npy("<f4", "(10, 10)", ArrayFiles.f4(new float[100])));
        robot.push(KeyCode.CONTROL, KeyCode.D);
        OpenWindow.waitUntil(() -> robot.lookup("#compare-run").tryQuery().isPresent());
        assertThat(OpenWindow.onFx(() -> robot.lookup("#compare-run").query().isDisabled()))
                .isTrue();
        assertThat(OpenWindow.text(robot, "#compare-deployed-name")).isEqualTo("nothing is chosen yet");

        OpenWindow.doOnFx(() -> at.context.compare().choose(dump));
        OpenWindow.waitUntil(() -> !OpenWindow.text(robot, "#compare-first").isEmpty());
        assertThat(OpenWindow.text(robot, "#compare-first")).startsWith("First departure: logits. ");
        assertThat(OpenWindow.text(robot, "#compare-outcome")).contains("compared on 10 samples");
        at.waitForRest();
        assertThat(at.context.bench().selectionProperty().get()).isEqualTo(Optional.of(new TensorId("logits")));

        // The rows are one for each tensor; that of the last Relu leads to it.
        OpenWindow.doOnFx(() -> {
            TableView<?> rows = robot.lookup("#compare-rows").queryAs(TableView.class);
            for (int i = 0; i < rows.getItems().size(); i++) {
                if (rows.getColumns().getFirst().getCellData(i).equals("/3/Relu_output_0")) {
                    rows.getSelectionModel().select(i);
                }
            }
        });
        assertThat(at.context.bench().selectionProperty().get())
                .isEqualTo(Optional.of(new TensorId("/3/Relu_output_0")));
        OpenWindow.doOnFx(
                () -> robot.lookup("#compare-run").queryAs(Button.class).fire());
        OpenWindow.waitUntil(() -> !at.context.compare().isRunning());
        assertThat(OpenWindow.text(robot, "#compare-first")).startsWith("First departure: logits. ");
    }
}
