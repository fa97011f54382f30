package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import javafx.scene.Node;
import javafx.scene.control.ListView;
import javafx.scene.control.TextField;
import javafx.stage.Stage;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.fx.FxThread;
import org.quantscope.app.workbench.Figures;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Fingerprint;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.verify.Verification;
import org.quantscope.core.verify.Verifier;
import org.testfx.api.FxRobot;
import org.testfx.framework.junit5.ApplicationExtension;
import org.testfx.framework.junit5.Start;
import org.testfx.framework.junit5.Stop;

@ExtendWith(ApplicationExtension.class)
class ExportFlowTest {
    @TempDir
    static Path folder;

    private DeskInWindow at;

    @Start
    void start(Stage shared) {
        at = new DeskInWindow(folder.resolve("config" + System.nanoTime()));
        at.show(DeskInWindow.DIGITS, DeskInWindow.DIGITS_TEST);
    }

    @Stop
    void stop() {
        at.end();
    }

    @BeforeEach
    void atRest() throws TimeoutException {
        at.waitForRest();
    }

    private void export(FxRobot robot, String format, Path file) throws TimeoutException {
        // The dialog keeps the thread of the scene until it is answered, so nobody waits for the click.
        FxThread.executor().execute(() -> robot.lookup("#export").queryButton().fire());
        DeskInWindow.waitUntil(() -> robot.lookup("#export-write").tryQuery().isPresent());
        DeskInWindow.doOnFx(() -> {
            ListView<?> targets = robot.lookup("#export-targets").queryListView();
            targets.getSelectionModel().select(Exporters.all().indexOf(Exporters.byId(format)));
            robot.lookup("#export-file").queryAs(TextField.class).setText(file.toString());
        });
        robot.clickOn("#export-write");
        DeskInWindow.waitUntil(() -> robot.lookup("#result-sha256").tryQuery().map(Node::isVisible).orElse(false));
    }

    @Test
    void aSessionIsWrittenWhereTheDialogSays(FxRobot robot) throws Exception {
        Path file = folder.resolve("digits.quantscope.json");
        export(robot, "quantscope-json", file);
        assertThat(SessionFile.read(file).weights()).isEqualTo(at.state().weights());
        assertThat(DeskInWindow.text(robot, "#result-sha256")).isEqualTo(Fingerprint.sha256(file, new CancelToken()));
        assertThat(DeskInWindow.text(robot, "#result-size")).isEqualTo(Figures.bytes(Files.size(file)));
        robot.clickOn("#result-close");
    }

    @Test
    void anExportedModelIsSaidToDoWhatTheEngineSaysOfIt(FxRobot robot) throws Exception {
        Path file = folder.resolve("digits_qdq.onnx");
        export(robot, "onnx-qdq", file);
        ExportPlan plan = DeskInWindow.onFx(() -> at.desk.export().planProperty().get().orElseThrow());
        var engine = (Verification.Ran) Verifier.verify(Exporters.byId("onnx-qdq"), plan, List.of(file), Optional.of(Datasets.open(DeskInWindow.DIGITS_TEST)), Progress.NONE, new CancelToken()).orElseThrow();
        assertThat(DeskInWindow.text(robot, "#result-sha256")).isEqualTo(Fingerprint.sha256(file, new CancelToken()));
        assertThat(DeskInWindow.text(robot, "#result-samples")).isEqualTo("500 samples");
        assertThat(DeskInWindow.text(robot, "#result-accuracy")).isEqualTo(Figures.percent(engine.accuracy().orElseThrow()));
        assertThat(DeskInWindow.text(robot, "#result-agreement")).isEqualTo(Figures.percent(engine.liveAgreement()));
        assertThat(DeskInWindow.text(robot, "#result-float-agreement")).isEqualTo(Figures.percent(engine.floatAgreement()));
        assertThat(DeskInWindow.text(robot, "#result-accuracy")).isEqualTo(DeskInWindow.text(robot, "#accuracy"));
        robot.clickOn("#result-close");
    }

    @Test
    void theModelItselfIsNotWrittenOver(FxRobot robot) throws Exception {
        byte[] before = Files.readAllBytes(DeskInWindow.DIGITS);
        DeskInWindow.doOnFx(() -> at.desk.export().export(Exporters.byId("onnx-qdq"), DeskInWindow.DIGITS));
        assertThat(DeskInWindow.text(robot, "#notice-text")).contains("digits_mlp.onnx").contains("another name");
        assertThat(Files.readAllBytes(DeskInWindow.DIGITS)).isEqualTo(before);
    }
}
