package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeoutException;
import javafx.scene.Node;
import javafx.scene.control.MenuButton;
import javafx.scene.control.MenuItem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.accuracy.TriedViewModel;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.tensor.TensorId;
import org.testfx.api.FxRobot;

/** The rescaled LeNet collapses at 8 bits; one click of equalization brings it back. On 512 samples: CrossLayerEqualizationTest takes them all. */
class CorrectionFlowTest {
    @TempDir
    static Path folder;

    @RegisterExtension
    final OpenWindow at = new OpenWindow(
                    SampleFiles.FOLDER.resolve("fashion_lenet_unequalized.onnx"),
                    SampleFiles.FOLDER.resolve("fashion_mnist_calibration.npz"))
            .withoutCurve();

    private MenuItem item(FxRobot robot, String id) {
        return robot.lookup("#correct").queryAs(MenuButton.class).getItems().stream()
                .filter(i -> id.equals(i.getId()))
                .findFirst()
                .orElseThrow();
    }

    private void equalize(FxRobot robot) throws TimeoutException {
        OpenWindow.doOnFx(() -> item(robot, "correct-cross-layer-equalization").fire());
        OpenWindow.waitUntil(() -> at.rests()
                && at.context
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
        assertThat(OpenWindow.text(robot, "#accuracy")).isEqualTo("8.8 %");
        float[] before = weight();

        equalize(robot);

        assertThat(OpenWindow.text(robot, "#accuracy")).isIn("90.6 %", "90.8 %");
        assertThat(OpenWindow.text(robot, "#float-accuracy")).isEqualTo("float 90.8 %");
        assertThat(OpenWindow.text(robot, "#correction-titles")).isEqualTo("Cross-layer equalization");
        assertThat(OpenWindow.text(robot, "#correction-accuracy"))
                .isEqualTo("8.8 % → " + OpenWindow.text(robot, "#accuracy"));
        assertThat(OpenWindow.text(robot, "#correction-changed")).isEqualTo("7 tensors");
        assertThat(OpenWindow.text(robot, "#correction-worst")).matches("-?\\d+\\.\\d dB → 3\\d\\.\\d dB");
        assertThat(weight()).isNotEqualTo(before);
        assertThat(OpenWindow.onFx(() -> at.context.corrections().sqnrBefore(new TensorId("c2.weight"))))
                .isPresent();

        // At once, wherever the card is; and the way back is beside it.
        assertThat(OpenWindow.text(robot, "#notice-text"))
                .isEqualTo("Cross-layer equalization: 7 tensors changed, top-1 accuracy 8.8 % → "
                        + OpenWindow.text(robot, "#accuracy"));
        OpenWindow.doOnFx(() -> robot.lookup("#notice-action").queryButton().fire());
        at.waitForRest();
        assertThat(OpenWindow.text(robot, "#accuracy")).isEqualTo("8.8 %");
        assertThat(weight()).isEqualTo(before);
        assertThat(OpenWindow.onFx(() -> robot.lookup("#correction-titles")
                        .query()
                        .getParent()
                        .getParent()
                        .getParent()
                        .isVisible()))
                .isFalse();

        robot.clickOn("#redo");
        at.waitForRest();
        assertThat(OpenWindow.text(robot, "#accuracy")).isIn("90.6 %", "90.8 %");
    }

    @Test
    void whatWasTriedBeforeACorrectionComesBackWithoutItInOneStep(FxRobot robot) throws Exception {
        equalize(robot);
        List<TriedViewModel.Tried> points =
                OpenWindow.onFx(() -> at.context.tried().viewProperty().get().points());
        assertThat(points)
                .extracting(TriedViewModel.Tried::label)
                .containsExactlyInAnyOrder("float32", "W8", "W8 corrected");

        OpenWindow.doOnFx(() -> at.context
                .tried()
                .adopt(points.stream()
                        .filter(p -> p.label().equals("W8"))
                        .findFirst()
                        .orElseThrow()));
        at.waitForRest();
        assertThat(at.state().corrections()).isEmpty();
        assertThat(OpenWindow.text(robot, "#accuracy")).isEqualTo("8.8 %");

        OpenWindow.doOnFx(() -> at.context.bench().undo());
        at.waitForRest();
        assertThat(at.state().corrections()).hasSize(1);
        assertThat(OpenWindow.text(robot, "#accuracy")).isIn("90.6 %", "90.8 %");
    }

    @Test
    void aSavedSessionOpensCorrected(FxRobot robot) throws Exception {
        equalize(robot);
        float[] corrected = weight();
        Path file = folder.resolve("corrected.quantscope.json");
        SessionFile.write(Session.of(at.state()), file);
        OpenWindow.doOnFx(() -> at.context.bench().undo());
        OpenWindow.doOnFx(() -> at.context.session().openSession(file));
        OpenWindow.waitUntil(() -> at.rests()
                && at.context
                                .bench()
                                .stateProperty()
                                .get()
                                .orElseThrow()
                                .corrections()
                                .size()
                        == 1);
        assertThat(weight()).isEqualTo(corrected);
        assertThat(OpenWindow.text(robot, "#accuracy")).isIn("90.6 %", "90.8 %");
    }

    /** Where channels differ, whoever chooses a rounding is told what to do first, and does it with one click. */
    @Test
    void equalizationIsOfferedAtTheRounding(FxRobot robot) throws Exception {
        assertThat(offered(robot)).isFalse();
        OpenWindow.doOnFx(() -> at.context.quantizer().setRounding("gptq"));
        OpenWindow.waitUntil(() -> offered(robot));
        assertThat(OpenWindow.text(robot, "#equalize-first")).contains("bits of its grid", "equalize first");
        OpenWindow.doOnFx(
                () -> robot.lookup("#equalize-first-now").queryButton().fire());
        OpenWindow.waitUntil(() -> at.state().corrections().size() == 1 && !offered(robot));
        OpenWindow.doOnFx(() -> at.context.bench().undo());
        OpenWindow.waitUntil(() -> offered(robot));
        OpenWindow.doOnFx(() -> at.context.bench().undo());
        OpenWindow.waitUntil(() -> !offered(robot));
    }

    private static boolean offered(FxRobot robot) {
        return OpenWindow.onFx(() -> {
            Node note = robot.lookup("#equalize-first").query();
            return note.getParent().isVisible() && note.getParent().getParent().isVisible();
        });
    }

    @Test
    void biasCorrectionSaysWhatItNeeds(FxRobot robot) throws Exception {
        robot.clickOn("#correct");
        assertThat(OpenWindow.onFx(() -> item(robot, "correct-bias-correction").isDisable()))
                .isTrue();
        assertThat(OpenWindow.onFx(() -> item(robot, "correct-bias-correction").getText()))
                .isEqualTo("Bias correction – needs calibration data");
        assertThat(OpenWindow.onFx(
                        () -> item(robot, "correct-cross-layer-equalization").isDisable()))
                .isFalse();
    }

    private float[] weight() {
        return OpenWindow.onFx(() -> at.context
                .bench()
                .analysed()
                .orElseThrow()
                .find(new TensorId("c2.weight"))
                .orElseThrow()
                .data()
                .toFloats());
    }
}
