package org.quantscope.app.chart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import javafx.scene.Scene;
import javafx.scene.control.Button;
import javafx.scene.input.KeyCode;
import javafx.scene.shape.Circle;
import javafx.stage.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.quantscope.app.theme.Theme;
import org.testfx.api.FxRobot;
import org.testfx.framework.junit5.ApplicationExtension;
import org.testfx.framework.junit5.Start;
import org.testfx.util.WaitForAsyncUtils;

@ExtendWith(ApplicationExtension.class)
class ErrorCurveViewTest {
    private static final List<ErrorCurve.Point> POINTS =
            IntStream.rangeClosed(1, 50).mapToObj(i -> new ErrorCurve.Point(i / 10.0, 0.1 / i + i * 1e-3, i * 1e-3, i < 50 ? 0.1 / i : 0)).toList();

    private ErrorCurveView view;
    private final List<String> adopted = new ArrayList<>();

    @Start
    void start(Stage stage) {
        Theme.LIGHT.install();
        view = new ErrorCurveView();
        view.paletteProperty().set(Theme.LIGHT.palette());
        view.setOnPin(pin -> adopted.add(pin.id()));
        view.setCurve(new ErrorCurve(
                POINTS,
                List.of(
                        new ErrorCurve.Pin("minmax", "min-max", 5, 0.05),
                        new ErrorCurve.Pin("mse", "MSE", 1, 0.02),
                        new ErrorCurve.Pin("aciq-gauss", "ACIQ Gauss", 1.02, 0.02),
                        new ErrorCurve.Pin("percentile", "99.9 %", 1.04, 0.02),
                        new ErrorCurve.Pin("beyond", "beyond", 70, 0.3))));
        Scene scene = new Scene(view, 700, 200);
        Theme.LIGHT.applyTo(scene);
        stage.setScene(scene);
        stage.show();
    }

    @Test
    void pinIsAButtonThatHandsItselfOver(FxRobot robot) {
        robot.clickOn("#pin-minmax");
        robot.interact(() -> view.lookup("#pin-mse").requestFocus());
        robot.type(KeyCode.SPACE);
        assertThat(adopted).containsExactly("minmax", "mse");
    }

    @Test
    void labelsOfPinsDoNotOverlapAndStayInTheView() {
        WaitForAsyncUtils.waitForFxEvents();
        List<Button> shown = view.lookupAll(".pin").stream().map(n -> (Button) n).filter(Button::isVisible).toList();
        assertThat(shown).extracting(Button::getText).containsExactlyInAnyOrder("min-max", "MSE", "ACIQ Gauss");
        for (Button a : shown) {
            assertThat(view.getLayoutBounds().contains(a.getBoundsInParent())).isTrue();
            for (Button b : shown) {
                assertThat(!a.getText().equals(b.getText()) && a.getBoundsInParent().intersects(b.getBoundsInParent())).as("%s over %s", a.getText(), b.getText()).isFalse();
            }
        }
    }

    @Test
    void pointMovesAndTheChartStandsStill(FxRobot robot) {
        WaitForAsyncUtils.waitForFxEvents();
        Circle point = (Circle) view.lookup("#current-point");
        assertThat(point.isVisible()).isFalse();
        robot.interact(() -> view.setCurrent(1, 0.02));
        assertThat(point.isVisible()).isTrue();
        double x = point.getCenterX();
        long redraws = view.chartRedraws();
        for (int i = 2; i <= 40; i++) {
            double clip = i / 10.0;
            robot.interact(() -> view.setCurrent(clip, 0.02));
        }
        // The plot is 636 pixels wide and shows clips up to 5.15.
        assertThat(point.getCenterX() - x).isCloseTo(3 / 5.15 * 636, within(0.1));
        assertThat(view.chartRedraws()).isEqualTo(redraws);
        robot.interact(view::clearCurrent);
        assertThat(point.isVisible()).isFalse();
    }

    @Test
    void noCurveShowsNoPins(FxRobot robot) {
        robot.interact(() -> view.setCurve(null));
        WaitForAsyncUtils.waitForFxEvents();
        assertThat(view.lookupAll(".pin")).isEmpty();
    }
}
