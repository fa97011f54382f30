package org.quantscope.app.chart;

import java.awt.BasicStroke;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;
import javafx.animation.AnimationTimer;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.geometry.Rectangle2D;
import javafx.scene.control.Button;
import javafx.scene.control.Tooltip;
import javafx.scene.layout.Region;
import javafx.scene.shape.Circle;
import javafx.scene.shape.Line;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.renderer.xy.XYLineAndShapeRenderer;
import org.jfree.data.xy.DefaultXYDataset;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.theme.Palette;
import org.quantscope.app.theme.Theme;

/**
 * Error against clip on a logarithmic axis: the total and its two parts, a pin for each calibrator, and a point for the
 * clip in hand. The point is a node and moves without the chart being drawn again.
 */
public final class ErrorCurveView extends Region {
    private static final double TOP = 40;
    private static final double RIGHT = 12;
    private static final double ROW = 14;
    private static final int ROWS = 2;
    /** Decades shown below the lowest total, for the parts. */
    private static final double DEPTH = 1.6;

    private record Mark(ErrorCurve.Pin pin, Button button, Line leader, Circle dot) {}

    private final ObjectProperty<Palette> palette = new SimpleObjectProperty<>(this, "palette", Theme.DARK.palette());
    private final NumberAxis x = new NumberAxis();
    private final DecadeAxis y = new DecadeAxis();
    private final DefaultXYDataset lines = new DefaultXYDataset();
    private final XYLineAndShapeRenderer renderer = new XYLineAndShapeRenderer(true, false);
    private final StillChart chart = new StillChart(x, y, lines, renderer, TOP, RIGHT, 24, 52);
    private final Circle current = new Circle(6);
    private final List<Mark> marks = new ArrayList<>();

    private @Nullable ErrorCurve curve;
    private double currentClip = Double.NaN;
    private double currentMse = Double.NaN;
    private Consumer<ErrorCurve.Pin> onPin = pin -> {};
    private boolean dirty = true;
    private final AnimationTimer nextPulse = new AnimationTimer() {
        @Override
        public void handle(long now) {
            stop();
            settle();
        }
    };

    public ErrorCurveView() {
        getStyleClass().add("error-curve-view");
        setAccessibleText("Error of the tensor against its clip");
        setMinSize(240, 110);
        setPrefSize(680, 180);
        chart.node().setManaged(false);
        current.setId("current-point");
        current.getStyleClass().add("current-point");
        current.setManaged(false);
        current.setMouseTransparent(true);
        renderer.setDrawSeriesLineAsPath(true);
        chart.hideVerticalLines();
        getChildren().addAll(chart.node(), current);
        palette.addListener((o, was, is) -> touch());
        placeCurrent();
    }

    /** Shows another curve, or none. */
    public void setCurve(@Nullable ErrorCurve curve) {
        this.curve = curve;
        for (Mark m : marks) {
            getChildren().removeAll(m.button(), m.leader(), m.dot());
        }
        marks.clear();
        if (curve != null) {
            curve.pins().stream().sorted(Comparator.comparingDouble(ErrorCurve.Pin::clip)).forEach(this::addMark);
        }
        current.toFront();
        touch();
    }

    /** Where the clip in hand stands; may be called for every frame of a gesture. */
    public void setCurrent(double clip, double mse) {
        currentClip = clip;
        currentMse = mse;
        placeCurrent();
    }

    /** Takes the point away. */
    public void clearCurrent() {
        setCurrent(Double.NaN, Double.NaN);
    }

    /** What a click on a pin does. */
    public void setOnPin(Consumer<ErrorCurve.Pin> onPin) {
        this.onPin = onPin;
    }

    public ObjectProperty<Palette> paletteProperty() {
        return palette;
    }

    /** How often the chart has been drawn. */
    public long chartRedraws() {
        return chart.redraws();
    }

    private void addMark(ErrorCurve.Pin pin) {
        Button button = new Button(pin.label());
        button.setId("pin-" + pin.id());
        button.getStyleClass().add("pin");
        button.setManaged(false);
        button.setMinSize(USE_PREF_SIZE, USE_PREF_SIZE);
        button.setOnAction(e -> onPin.accept(pin));
        button.setTooltip(new Tooltip(String.format(Locale.ROOT, "%s: clip %.4g, MSE %.3g", pin.label(), pin.clip(), pin.mse())));
        Circle dot = new Circle(4);
        dot.getStyleClass().add("pin-dot");
        dot.setManaged(false);
        dot.setOnMouseClicked(e -> button.fire());
        Line leader = new Line();
        leader.getStyleClass().add("pin-leader");
        leader.setManaged(false);
        leader.setMouseTransparent(true);
        marks.add(new Mark(pin, button, leader, dot));
        button.fontProperty().addListener((o, was, is) -> requestLayout());
        getChildren().add(1, leader);
        getChildren().addAll(button, dot);
    }

    private void touch() {
        dirty = true;
        nextPulse.start();
    }

    private void settle() {
        if (!dirty || chart.node().getWidth() < 1) {
            return;
        }
        dirty = false;
        while (lines.getSeriesCount() > 0) {
            lines.removeSeries(lines.getSeriesKey(0));
        }
        if (curve != null && !curve.points().isEmpty()) {
            List<ErrorCurve.Point> points = curve.points();
            double most = points.stream().mapToDouble(ErrorCurve.Point::mse).filter(v -> v > 0).max().orElse(1);
            double least = points.stream().mapToDouble(ErrorCurve.Point::mse).filter(v -> v > 0).min().orElse(0.1);
            y.setRange(Math.log10(least) - DEPTH, Math.log10(most) + 0.2);
            x.setRange(0, Math.max(Double.MIN_NORMAL, points.getLast().clip()) * 1.03);
            // Later series are drawn over earlier ones.
            lines.addSeries("clipping", series(points, ErrorCurve.Point::clipping));
            lines.addSeries("rounding", series(points, ErrorCurve.Point::rounding));
            lines.addSeries("total", series(points, ErrorCurve.Point::mse));
        }
        BasicStroke dashed = new BasicStroke(1.5f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1, new float[] {5, 3}, 0);
        renderer.setSeriesPaint(0, Palette.awt(palette.get().clipping()));
        renderer.setSeriesStroke(0, dashed);
        renderer.setSeriesPaint(1, Palette.awt(palette.get().rounding()));
        renderer.setSeriesStroke(1, dashed);
        renderer.setSeriesPaint(2, Palette.awt(palette.get().text()));
        renderer.setSeriesStroke(2, new BasicStroke(2, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
        chart.paint(palette.get());
        chart.draw();
        placeMarks();
        placeCurrent();
    }

    private double[][] series(List<ErrorCurve.Point> points, ToDoubleFunction<ErrorCurve.Point> part) {
        // What is 0 has no logarithm: it leaves the plot at its foot.
        double floor = y.getLowerBound() - 1;
        return new double[][] {
            points.stream().mapToDouble(ErrorCurve.Point::clip).toArray(),
            points.stream().mapToDouble(part).map(v -> v > 0 ? Math.max(floor, Math.log10(v)) : floor).toArray()
        };
    }

    @Override
    protected void layoutChildren() {
        double w = Math.floor(getWidth());
        double h = Math.floor(getHeight());
        if (w != chart.node().getWidth() || h != chart.node().getHeight()) {
            chart.resize(w, h);
        }
        settle();
        placeMarks();
        placeCurrent();
    }

    /** Labels in two rows above the plot; a label without room is left out and its dot keeps the tooltip. */
    private void placeMarks() {
        Rectangle2D area = chart.area();
        double[] free = new double[ROWS];
        Arrays.fill(free, Double.NEGATIVE_INFINITY);
        for (Mark m : marks) {
            double at = chart.toX(m.pin().clip());
            double dot = m.pin().mse() > 0 ? Math.clamp(chart.toY(Math.log10(m.pin().mse())), area.getMinY(), area.getMaxY()) : area.getMaxY();
            boolean inSight = at >= area.getMinX() - 1 && at <= area.getMaxX() + 1;
            double w = Math.ceil(m.button().prefWidth(-1));
            double left = Math.clamp(at - w / 2, 0, Math.max(0, getWidth() - w));
            int row = 0;
            while (row < ROWS && free[row] > left) {
                row++;
            }
            boolean labelled = inSight && row < ROWS;
            m.button().setVisible(labelled);
            m.leader().setVisible(inSight);
            m.dot().setVisible(inSight);
            m.dot().setCenterX(at);
            m.dot().setCenterY(dot);
            if (labelled) {
                free[row] = left + w;
                m.button().resizeRelocate(Math.rint(left), row * (ROW + 1), w, ROW);
            }
            m.leader().setStartX(Math.rint(at) + 0.5);
            m.leader().setEndX(Math.rint(at) + 0.5);
            m.leader().setStartY(labelled ? (row + 1) * ROW + 2 : ROWS * ROW + 2);
            m.leader().setEndY(dot - 5);
        }
    }

    private void placeCurrent() {
        boolean shown = curve != null && currentMse > 0 && currentClip >= x.getLowerBound() && currentClip <= x.getUpperBound();
        current.setVisible(shown);
        if (shown) {
            Rectangle2D area = chart.area();
            current.setCenterX(chart.toX(currentClip));
            current.setCenterY(Math.clamp(chart.toY(Math.log10(currentMse)), area.getMinY(), area.getMaxY()));
        }
    }
}
