package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeoutException;
import javafx.scene.control.MenuButton;
import javafx.scene.control.MenuItem;
import javafx.stage.Stage;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.accuracy.TriedViewModel;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.tensor.TensorId;
import org.testfx.api.FxRobot;
import org.testfx.framework.junit5.ApplicationExtension;
import org.testfx.framework.junit5.Start;
import org.testfx.framework.junit5.Stop;

/** The rescaled LeNet collapses at 8 bits; one click of equalization brings it back. */
@ExtendWith(ApplicationExtension.class)
class CorrectionFlowTest {
    @TempDir
    static Path folder;

    private ContextInWindow at;

    @Start
    void start(Stage shared) {
        at = new ContextInWindow(folder.resolve("config" + System.nanoTime()));
        at.show(
                ContextInWindow.SAMPLES.resolve("fashion_lenet_unequalized.onnx"),
                ContextInWindow.SAMPLES.resolve("fashion_mnist_test.npz"));
    }

    @Stop
    void stop() {
        at.end();
    }

    @BeforeEach
    void atRest() throws TimeoutException {
        at.waitForRest();
    }

    private MenuItem item(FxRobot robot, String id) {
        return robot.lookup("#correct").queryAs(MenuButton.class).getItems().stream()
                .filter(i -> id.equals(i.getId()))
                .findFirst()
                .orElseThrow();
    }

    private void equalize(FxRobot robot) throws TimeoutException {
        ContextInWindow.doOnFx(
                () -> item(robot, "correct-cross-layer-equalization").fire());
        ContextInWindow.waitUntil(() -> at.rests()
                && at.desk
                                .bench()
                                .stateProperty()
                                .get()
                                .orElseThrow()
                                .corrections()
                                .size()
                        == 1);
    }

    @Test
    void oneClickBringsTheAccuracyBackAndUndoTakesItAway(FxRobot robot) throws Exception {
        assertThat(ContextInWindow.text(robot, "#accuracy")).isEqualTo("10.0 %");
        float[] before = weight();

        equalize(robot);

        assertThat(ContextInWindow.text(robot, "#accuracy")).isIn("90.0 %", "90.1 %");
        assertThat(ContextInWindow.text(robot, "#float-accuracy")).isEqualTo("float 90.1 %");
        assertThat(ContextInWindow.text(robot, "#correction-titles")).isEqualTo("Cross-layer equalization");
        assertThat(ContextInWindow.text(robot, "#correction-accuracy"))
                .isEqualTo("10.0 % → " + ContextInWindow.text(robot, "#accuracy"));
        assertThat(ContextInWindow.text(robot, "#correction-changed")).isEqualTo("7 tensors");
        assertThat(ContextInWindow.text(robot, "#correction-worst")).matches("-?\\d+\\.\\d dB → 3\\d\\.\\d dB");
        assertThat(weight()).isNotEqualTo(before);
        assertThat(ContextInWindow.onFx(() -> at.desk.corrections().sqnrBefore(new TensorId("c2.weight"))))
                .isPresent();

        // At once, wherever the card is; and the way back is beside it.
        assertThat(ContextInWindow.text(robot, "#notice-text"))
                .isEqualTo("Cross-layer equalization: 7 tensors changed, top-1 accuracy 10.0 % → "
                        + ContextInWindow.text(robot, "#accuracy"));
        ContextInWindow.doOnFx(
                () -> robot.lookup("#notice-action").queryButton().fire());
        at.waitForRest();
        assertThat(ContextInWindow.text(robot, "#accuracy")).isEqualTo("10.0 %");
        assertThat(weight()).isEqualTo(before);
        assertThat(ContextInWindow.onFx(() -> robot.lookup("#correction-titles")
                        .query()
                        .getParent()
                        .getParent()
                        .getParent()
                        .isVisible()))
                .isFalse();

        robot.clickOn("#redo");
        at.waitForRest();
        assertThat(ContextInWindow.text(robot, "#accuracy")).isIn("90.0 %", "90.1 %");
    }

    @Test
    void whatWasTriedBeforeACorrectionComesBackWithoutItInOneStep(FxRobot robot) throws Exception {
        equalize(robot);
        List<TriedViewModel.Tried> points =
                ContextInWindow.onFx(() -> at.desk.tried().viewProperty().get().points());
        assertThat(points)
                .extracting(TriedViewModel.Tried::label)
                .containsExactlyInAnyOrder("float32", "W8", "W8 corrected");

        ContextInWindow.doOnFx(() -> at.desk
                .tried()
                .adopt(points.stream()
                        .filter(p -> p.label().equals("W8"))
                        .findFirst()
                        .orElseThrow()));
        at.waitForRest();
        assertThat(at.state().corrections()).isEmpty();
        assertThat(ContextInWindow.text(robot, "#accuracy")).isEqualTo("10.0 %");

        ContextInWindow.doOnFx(() -> at.desk.bench().undo());
        at.waitForRest();
        assertThat(at.state().corrections()).hasSize(1);
        assertThat(ContextInWindow.text(robot, "#accuracy")).isIn("90.0 %", "90.1 %");
    }

    @Test
    void aSavedSessionOpensCorrected(FxRobot robot) throws Exception {
        equalize(robot);
        float[] corrected = weight();
        Path file = folder.resolve("corrected.quantscope.json");
        SessionFile.write(at.state(), file);
        ContextInWindow.doOnFx(() -> at.desk.bench().undo());
        ContextInWindow.doOnFx(() -> at.desk.session().openSession(file));
        ContextInWindow.waitUntil(() -> at.rests()
                && at.desk
                                .bench()
                                .stateProperty()
                                .get()
                                .orElseThrow()
                                .corrections()
                                .size()
                        == 1);
        assertThat(weight()).isEqualTo(corrected);
        assertThat(ContextInWindow.text(robot, "#accuracy")).isIn("90.0 %", "90.1 %");
    }

    @Test
    void biasCorrectionSaysWhatItNeeds(FxRobot robot) throws Exception {
        robot.clickOn("#correct");
        assertThat(ContextInWindow.onFx(
                        () -> item(robot, "correct-bias-correction").isDisable()))
                .isTrue();
        assertThat(ContextInWindow.onFx(
                        () -> item(robot, "correct-bias-correction").getText()))
                .isEqualTo("Bias correction – needs calibration data");
        assertThat(ContextInWindow.onFx(
                        () -> item(robot, "correct-cross-layer-equalization").isDisable()))
                .isFalse();
    }

    private float[] weight() {
        return ContextInWindow.onFx(() -> at.desk
                .bench()
                .analysed()
                .orElseThrow()
                .find(new TensorId("c2.weight"))
                .orElseThrow()
                .data()
                .toFloats());
    }
}
