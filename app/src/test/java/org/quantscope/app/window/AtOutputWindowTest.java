package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Locale;
import java.util.OptionalDouble;
import javafx.scene.Node;
import javafx.scene.control.Label;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.ui.Figures;
import org.quantscope.cli.CommandLineBesideWindow;
import org.quantscope.core.tensor.TensorId;
import org.testfx.api.FxRobot;
import tools.jackson.databind.JsonNode;

/** What the window says of the output of a layer is what the command line says. */
class AtOutputWindowTest {
    private static final String WEIGHT = "2.weight";

    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST);

    @TempDir
    Path folder;

    private JsonNode error(String calibrator) {
        return CommandLineBesideWindow.run(
                folder,
                "error",
                SampleFiles.DIGITS,
                "--tensor",
                WEIGHT,
                "--bits",
                3,
                "--calibrator",
                calibrator,
                "--calibration-data",
                SampleFiles.FOLDER.resolve("digits_calibration.npz"),
                "--json");
    }

    @Test
    void showsTheFiguresOfTheCommandLine(FxRobot robot) throws Exception {
        OpenWindow.doOnFx(() -> at.context.bench().select(new TensorId(WEIGHT)));
        assertThat(OpenWindow.text(robot, "#output-name")).isEqualTo("at its output: open calibration data to see it");

        OpenWindow.doOnFx(() -> SampleFiles.calibrateDigits(at.context));
        OpenWindow.doOnFx(() -> at.context.quantizer().setBits(3));
        OpenWindow.waitUntil(() -> at.context.bench().calibration().moments().isPresent());
        for (String calibrator : new String[] {"minmax", "output-mse"}) {
            OpenWindow.doOnFx(() -> at.context.quantizer().setCalibrator(calibrator));
            double db = error(calibrator).get("output_sqnr_db").asDouble();
            String shown = Figures.decibels(OptionalDouble.of(db));
            OpenWindow.waitUntil(() ->
                    robot.lookup("#output-sqnr").queryAs(Label.class).getText().equals(shown));
            at.waitForRest();
            assertThat(OpenWindow.text(robot, "#output-sqnr")).as(calibrator).isEqualTo(shown);
            assertThat(OpenWindow.text(robot, "#output-name")).isEqualTo("at its output");
            assertThat(OpenWindow.onFx(() -> at.context
                            .tensors()
                            .row(new TensorId(WEIGHT))
                            .orElseThrow()
                            .result()
                            .output()
                            .orElseThrow()
                            .sqnrDb()
                            .orElseThrow()))
                    .isEqualTo(db);
        }
        OpenWindow.waitUntil(() ->
                robot.lookup("#current-output").tryQuery().map(Node::isVisible).orElse(false));
        assertThat(OpenWindow.text(robot, "#output-note"))
                .contains(String.format(
                        Locale.ROOT, "%.1f", error("mse").get("output_sqnr_db").asDouble()));
    }
}
