package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javafx.scene.control.Label;
import javafx.scene.control.MenuButton;
import javafx.scene.control.MenuItem;
import javafx.scene.layout.Pane;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.SampleFiles;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.rewrite.ModelRewrite;
import org.testfx.api.FxRobot;

/** Another float model to compare with, chosen in the menu of the score: its figures show, and the way back does too. */
class ReferenceFlowTest {
    @TempDir
    static Path folder;

    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST).withoutCurve();

    /** The digits with a first weight that is turned round. */
    private static Path worse() throws IOException {
        Model model = ModelLoaders.open(SampleFiles.DIGITS);
        float[] values = model.tensors().getFirst().data().toFloats();
        for (int i = 0; i < values.length; i++) {
            values[i] = -values[i];
        }
        ModelRewrite rewrite = new ModelRewrite(model);
        rewrite.values(model.tensors().getFirst().id(), values);
        Path file = folder.resolve("worse.onnx");
        ModelRewrite.write(rewrite.model(), Map.of(), file, new CancelToken());
        return file;
    }

    private Optional<MenuItem> item(FxRobot robot, String id) {
        return OpenWindow.onFx(() -> robot.lookup("#accuracy-task").queryAs(MenuButton.class).getItems().stream()
                .filter(i -> id.equals(i.getId()))
                .findFirst());
    }

    private static List<String> notes(FxRobot robot) {
        return OpenWindow.onFx(() -> robot.lookup("#accuracy-notes").queryAs(Pane.class).getChildren().stream()
                .map(note -> ((Label) note).getText())
                .toList());
    }

    @Test
    void theFloatFiguresAreThoseOfTheModelThatWasChosen(FxRobot robot) throws Exception {
        String own = OpenWindow.text(robot, "#float-accuracy");
        String quantized = OpenWindow.text(robot, "#accuracy");
        assertThat(own).isEqualTo("float 95.4 %");
        assertThat(item(robot, "compare-itself")).isEmpty();
        Path worse = worse();
        OpenWindow.doOnFx(() -> at.window.dialogs().chooseBy((chooser, owner) -> {
            assertThat(owner).isSameAs(at.stage);
            assertThat(chooser.getInitialDirectory().toPath())
                    .isEqualTo(SampleFiles.DIGITS.toAbsolutePath().getParent());
            return worse.toFile();
        }));

        robot.clickOn("#accuracy-task");
        robot.clickOn("#compare-with");
        OpenWindow.waitUntil(
                () -> at.rests() && at.context.bench().canUndoProperty().get());

        assertThat(OpenWindow.text(robot, "#float-accuracy"))
                .matches("float \\d\\.?\\d? %")
                .isNotEqualTo(own);
        assertThat(OpenWindow.text(robot, "#accuracy")).isEqualTo(quantized);
        assertThat(notes(robot)).contains("The float figures are those of worse.onnx.");

        robot.clickOn("#accuracy-task");
        robot.clickOn("#compare-itself");
        OpenWindow.waitUntil(
                () -> at.rests() && at.context.accuracy().chosenReference().isEmpty());
        assertThat(OpenWindow.text(robot, "#float-accuracy")).isEqualTo(own);
        assertThat(item(robot, "compare-itself")).isEmpty();
    }
}
