package org.quantscope.app.selected;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import javafx.scene.Node;
import javafx.scene.Scene;
import javafx.scene.control.Button;
import javafx.scene.input.KeyCode;
import javafx.scene.shape.Circle;
import javafx.stage.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.quantscope.app.ui.Theme;
import org.testfx.api.FxRobot;
import org.testfx.framework.junit5.ApplicationExtension;
import org.testfx.framework.junit5.Start;
import org.testfx.util.WaitForAsyncUtils;

@ExtendWith(ApplicationExtension.class)
class ErrorCurveViewTest {
    private static final List<ErrorCurve.Point> POINTS = IntStream.rangeClosed(1, 50)
            .mapToObj(i -> new ErrorCurve.Point(i / 10.0, 0.1 / i + i * 1e-3, i * 1e-3, i < 50 ? 0.1 / i : 0))
            .toList();

    private static final ErrorCurve CURVE = new ErrorCurve(
            POINTS,
            List.of(
                    new ErrorCurve.Pin("minmax", "min-max", 5, 0.05),
                    new ErrorCurve.Pin("mse", "MSE", 1, 0.019),
                    new ErrorCurve.Pin("aciq-gauss", "ACIQ Gauss", 1.02, 0.02),
                    new ErrorCurve.Pin("percentile", "99.9 %", 1.04, 0.02),
                    new ErrorCurve.Pin("octav", "OCTAV", 3, 0.03),
                    new ErrorCurve.Pin("beyond", "beyond", 70, 0.3)));

    private ErrorCurveView view;
    private final List<String> adopted = new ArrayList<>();

    @Start
    void start(Stage stage) {
        Theme.LIGHT.install();
        view = new ErrorCurveView();
        view.paletteProperty().set(Theme.LIGHT.palette());
        view.setOnPin(pin -> adopted.add(pin.id()));
        view.setCurve(CURVE);
        Scene scene = new Scene(view, 700, 200);
        Theme.LIGHT.applyTo(scene);
        stage.setScene(scene);
        stage.sizeToScene();
        stage.show();
    }

    @Test
    void pinIsAButtonThatHandsItselfOver(FxRobot robot) {
        robot.clickOn("#pin-minmax");
        robot.interact(() -> view.lookup("#pin-octav").requestFocus());
        robot.type(KeyCode.SPACE);
        assertThat(adopted).containsExactly("minmax", "octav");
    }

    private List<Button> labels() {
        WaitForAsyncUtils.waitForFxEvents();
        return view.lookupAll(".pin").stream()
                .map(n -> (Button) n)
                .filter(Button::isVisible)
                .toList();
    }

    @Test
    void pinsAlmostOnOneAnotherShareALabelThatListsThem(FxRobot robot) {
        assertThat(labels()).extracting(Button::getText).containsExactlyInAnyOrder("min-max", "MSE +2", "OCTAV");
        robot.clickOn("#pin-mse");
        assertThat(adopted).isEmpty();
        robot.clickOn("#choose-percentile");
        assertThat(adopted).containsExactly("percentile");
    }

    @Test
    void aListOfPinsIsReachedByTheKeyboard(FxRobot robot) {
        labels();
        robot.interact(() -> view.lookup("#pin-mse").requestFocus());
        robot.type(KeyCode.SPACE);
        WaitForAsyncUtils.waitForFxEvents();
        robot.type(KeyCode.DOWN, KeyCode.ENTER);
        assertThat(adopted).containsExactly("aciq-gauss");
        robot.interact(() -> view.lookup("#pin-mse").requestFocus());
        robot.type(KeyCode.SPACE, KeyCode.ESCAPE);
        assertThat(adopted).hasSize(1);
    }

    @Test
    void manyPinsAreAllReachableByLabelsThatDoNotOverlap(FxRobot robot) {
        List<ErrorCurve.Pin> pins = IntStream.range(0, 14)
                .mapToObj(i ->
                        new ErrorCurve.Pin("c" + i, "Calibrator number " + i, 1 + 0.11 * i * (i % 3), 0.02 + i * 1e-4))
                .toList();
        for (int width : new int[] {1100, 680, 420, 260}) {
            robot.interact(() -> {
                view.getScene().getWindow().setWidth(width);
                view.setCurve(new ErrorCurve(POINTS, pins));
            });
            List<Button> shown = labels();
            int reached = shown.size();
            for (Button a : shown) {
                int plus = a.getText().indexOf(" +");
                reached += plus < 0 ? 0 : Integer.parseInt(a.getText().substring(plus + 2));
                assertThat(view.getLayoutBounds().contains(a.getBoundsInParent()))
                        .as("%s at %s", a.getText(), width)
                        .isTrue();
                for (Button b : shown) {
                    assertThat(!a.equals(b) && a.getBoundsInParent().intersects(b.getBoundsInParent()))
                            .as("%s over %s at %s", a.getText(), b.getText(), width)
                            .isFalse();
                }
            }
            assertThat(reached).as("pins at %s", width).isEqualTo(14);
        }
    }

    @Test
    void aRoomFullOfPinsIsPackedBeforeTheyShareLabels(FxRobot robot) {
        // Six pins at the right edge, too near for labels over their middles, have three rows to go to.
        List<ErrorCurve.Pin> pins = IntStream.range(0, 6)
                .mapToObj(i -> new ErrorCurve.Pin("c" + i, "Calibrator " + i, 3.6 + 0.27 * i, 0.02))
                .toList();
        robot.interact(() -> view.setCurve(new ErrorCurve(POINTS, pins)));
        assertThat(labels()).hasSize(6);
    }

    @Test
    void curvesOfNeighboursMakeRoomForTheirNamesAndAreDrawnOnce(FxRobot robot) {
        labels();
        List<ErrorCurve.Point> finer = POINTS.stream()
                .map(p -> new ErrorCurve.Point(p.clip(), p.mse() / 4000, p.rounding(), p.clipping()))
                .toList();
        long redraws = view.chartRedraws();
        robot.interact(() -> {
            view.setCurve(
                    new ErrorCurve(POINTS, List.of(), "4 bit", List.of(new ErrorCurve.Neighbour("10 bit", finer))));
            view.setCurrent(5, finer.getLast().mse());
        });
        WaitForAsyncUtils.waitForFxEvents();
        Circle point = (Circle) view.lookup("#current-point");
        // The end of the lowest curve is within the plot, and there is room to its right.
        assertThat(point.isVisible()).isTrue();
        assertThat(point.getCenterY()).isLessThan(view.getHeight() - 24);
        assertThat(point.getCenterX()).isLessThan(view.getWidth() - 12 - 40);
        assertThat(view.chartRedraws()).isEqualTo(redraws + 1);
    }

    @Test
    void aNoteStandsInPlaceOfTheCurve(FxRobot robot) {
        robot.interact(() -> view.setNote("there is no clip to search"));
        assertThat(view.lookup("#curve-note").isVisible()).isFalse();
        robot.interact(() -> view.setCurve(null));
        assertThat(view.lookup("#curve-note").isVisible()).isTrue();
        assertThat(labels()).isEmpty();
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
        assertThat(labels()).isEmpty();
        assertThat(view.lookupAll(".pin-dot")).noneMatch(Node::isVisible);
    }

    @Test
    void anotherCurveMovesThePinsThatItSharesWithTheLast(FxRobot robot) {
        Set<Node> before = view.lookupAll(".pin");
        robot.interact(() -> view.setCurve(null));
        robot.interact(() -> view.setCurve(CURVE));
        WaitForAsyncUtils.waitForFxEvents();
        assertThat(view.lookupAll(".pin")).containsExactlyInAnyOrderElementsOf(before);
        assertThat(labels()).isNotEmpty();
    }
}
