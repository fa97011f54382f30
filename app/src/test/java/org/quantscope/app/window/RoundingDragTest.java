package org.quantscope.app.window;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import javafx.geometry.Point2D;
import javafx.scene.Node;
import javafx.scene.control.Label;
import javafx.scene.input.MouseButton;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.quantscope.app.SampleFiles;
import org.quantscope.app.selected.HistogramView;
import org.quantscope.app.selected.Positions;
import org.quantscope.app.session.Measured;
import org.quantscope.app.session.Solutions;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.quantscope.core.tensor.TensorId;
import org.testfx.api.FxRobot;

/** Under a rounding the hand on a range sees the codes that it would get, before it lets go. */
class RoundingDragTest {
    @RegisterExtension
    final OpenWindow at = new OpenWindow(SampleFiles.DIGITS, SampleFiles.DIGITS_TEST).withoutCurve();

    private boolean hold() {
        return at.context.solutions().viewProperty().get().status() == Solutions.Status.HOLD;
    }

    @Test
    void theFiguresFollowTheHandAndSayWhoseTheyAre(FxRobot robot) throws Exception {
        OpenWindow.doOnFx(() -> {
            SampleFiles.calibrateDigits(at.context);
            at.context.bench().apply(new Edit.SetActivations(Optional.empty()));
            at.context
                    .bench()
                    .apply(new Edit.SetWeights(
                            Optional.of(QuantSpec.WEIGHTS.withBits(3).withRounding("gptq"))));
            at.context.bench().select(new TensorId("2.weight"));
        });
        OpenWindow.waitUntil(this::hold);
        at.waitForRest();
        assertThat(OpenWindow.text(robot, "#sqnr-name")).isEqualTo("SQNR, chosen codes");
        String before = OpenWindow.text(robot, "#sqnr");
        Measured committed = at.hand().measured().orElseThrow();
        List<String> said = Collections.synchronizedList(new ArrayList<>());
        OpenWindow.doOnFx(() ->
                robot.lookup("#sqnr-name").queryAs(Label.class).textProperty().subscribe(text -> said.add(text)));

        HistogramView histogram = robot.lookup("#histogram").queryAs(HistogramView.class);
        Node handle = robot.lookup("#handle-hi").query();
        Point2D grip = OpenWindow.onFx(() -> new Point2D(
                histogram
                        .localToScreen(
                                Positions.x(histogram, committed.envelope().hi()), 0)
                        .getX(),
                handle.localToScreen(handle.getBoundsInLocal()).getCenterY()));
        robot.drag(grip, MouseButton.PRIMARY).moveTo(grip.add(-60, 0));

        OpenWindow.waitUntil(() -> at.hand().preview()
                && robot.lookup("#sqnr-name").queryAs(Label.class).getText().equals("SQNR, chosen codes"));
        assertThat(said).contains("SQNR, nearest levels").endsWith("SQNR, chosen codes");
        assertThat(OpenWindow.text(robot, "#rounding-note"))
                .isEqualTo("Codes of GPTQ for this range; the layers behind follow when you let go.");
        Measured moving = at.hand().measured().orElseThrow();
        String during = OpenWindow.text(robot, "#sqnr");
        assertThat(during).isEqualTo(Figures.decibels(moving.error().sqnrDb())).isNotEqualTo(before);
        assertThat(moving.error().exact()).isTrue();

        robot.drop();
        OpenWindow.waitUntil(() -> !at.hand().preview() && hold());
        at.waitForRest();
        assertThat(OpenWindow.text(robot, "#sqnr")).isEqualTo(during);
        assertThat(OpenWindow.text(robot, "#sqnr-name")).isEqualTo("SQNR, chosen codes");
    }
}
