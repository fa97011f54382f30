package org.quantscope.app.ui;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import javafx.scene.Scene;
import javafx.scene.layout.Pane;
import javafx.stage.Stage;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.axis.ValueTick;
import org.jfree.chart.renderer.xy.XYLineAndShapeRenderer;
import org.jfree.chart.ui.RectangleEdge;
import org.jfree.data.xy.DefaultXYDataset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.testfx.api.FxRobot;
import org.testfx.framework.junit5.ApplicationExtension;
import org.testfx.framework.junit5.Start;

@ExtendWith(ApplicationExtension.class)
class StillChartTest {
    private final NumberAxis x = new NumberAxis();
    private final DecadeAxis y = new DecadeAxis();
    private StillChart chart;

    @Start
    void start(Stage stage) {
        x.setRange(-2, 3);
        y.setRange(-3, 1);
        chart = new StillChart(x, y, new DefaultXYDataset(), new XYLineAndShapeRenderer(true, false), 8, 12, 24, 52);
        chart.resize(500, 200);
        stage.setScene(new Scene(new Pane(chart.node())));
        stage.sizeToScene();
        stage.show();
    }

    @Test
    void positionsAreThoseOfTheDrawnChart() {
        var drawn = chart.drawnArea();
        assertThat(chart.area().getMinX()).isEqualTo(drawn.getMinX());
        assertThat(chart.area().getMinY()).isEqualTo(drawn.getMinY());
        assertThat(chart.area().getWidth()).isEqualTo(drawn.getWidth());
        assertThat(chart.area().getHeight()).isEqualTo(drawn.getHeight());
        assertThat(chart.toX(0.7)).isCloseTo(x.valueToJava2D(0.7, drawn, RectangleEdge.BOTTOM), within(1e-9));
        assertThat(chart.toY(-1)).isCloseTo(y.valueToJava2D(-1, drawn, RectangleEdge.LEFT), within(1e-9));
        assertThat(chart.fromX(chart.toX(2.5))).isCloseTo(2.5, within(1e-12));
    }

    @Test
    void onlyAnExplicitDrawDraws(FxRobot robot) {
        long before = chart.redraws();
        robot.interact(() -> {
            x.setRange(0, 1);
            y.setRange(0, 1);
        });
        assertThat(chart.redraws()).isEqualTo(before);
        robot.interact(chart::draw);
        assertThat(chart.redraws()).isEqualTo(before + 1);
    }

    @Test
    void decadesAreWrittenAsPowersOfTen() {
        assertThat(texts(y, -3, 1)).containsExactly("1e-3", "1e-2", "1e-1", "1e0", "1e1");
        assertThat(texts(y, -2.2, -1.1)).containsExactly("1e-2", "2e-2", "5e-2");
    }

    private static List<String> texts(DecadeAxis axis, double from, double to) {
        axis.setRange(from, to);
        return axis
                .refreshTicks(null, null, new java.awt.geom.Rectangle2D.Double(0, 0, 400, 200), RectangleEdge.LEFT)
                .stream()
                .map(ValueTick::getText)
                .toList();
    }
}
