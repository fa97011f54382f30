package org.quantscope.app.recover;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.DoubleStream;
import javafx.geometry.VPos;
import javafx.scene.canvas.GraphicsContext;
import javafx.scene.layout.Region;
import javafx.scene.text.TextAlignment;
import org.quantscope.app.ui.Copyable;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.Fonts;
import org.quantscope.app.ui.Palette;
import org.quantscope.app.ui.PulseCanvas;
import org.quantscope.core.correction.TrainedCorrection;
import org.quantscope.core.plot.Ink;
import org.quantscope.core.plot.Plot;

/**
 * The loss on held-out samples over the steps, on a logarithmic scale; a dashed line is what needs no training, a dot the
 * best.
 */
final class LossChart extends Region {
    private static final double LEFT = 64;
    private static final double RIGHT = 12;
    private static final double TOP = 10;
    private static final double BOTTOM = 34;
    private static final double TEXT = 11;
    private static final double TICK = 6;
    private static final double DOT = 4;
    private static final double LEAST_HEIGHT = 160;
    private static final double ROOM = 1.15;
    private static final int LINES = 4;

    private final PulseCanvas canvas = new PulseCanvas(this::paint);
    private Palette palette;
    private List<TrainedCorrection.Point> points = List.of();
    private OptionalDouble solved = OptionalDouble.empty();

    LossChart(Palette palette) {
        this.palette = palette;
        setId("recover-chart");
        setMinHeight(LEAST_HEIGHT);
        getChildren().add(canvas);
        setFocusTraversable(true);
        focusedProperty().subscribe(x -> canvas.touch());
        Copyable.install(this, this::figures);
    }

    private List<Plot> figures() {
        if (points.isEmpty()) {
            return List.of();
        }
        List<Plot.Spot> spots =
                points.stream().map(p -> new Plot.Spot(p.step(), p.loss())).toList();
        Plot.Spot best = spots.stream()
                .filter(s -> Double.isFinite(s.y()))
                .min(Comparator.comparingDouble(Plot.Spot::y))
                .orElse(spots.getLast());
        int steps = Math.max(1, points.getLast().steps());
        List<Plot.Series> series = new ArrayList<>();
        solved.ifPresent(loss -> series.add(new Plot.Line(
                "least-output-error, without training",
                Ink.QUANTIZED,
                true,
                List.of(new Plot.Spot(0, loss), new Plot.Spot(steps, loss)))));
        series.add(new Plot.Line("held-out loss", Ink.HAND, false, spots));
        series.add(new Plot.Points("best", Ink.HAND, List.of(best)));
        return List.of(new Plot(
                "training",
                "Loss on held-out samples while training",
                new Plot.Axis("steps", 0, steps, Plot.Scale.LINEAR),
                Plot.Axis.decades(
                        "loss on held-out samples",
                        DoubleStream.concat(spots.stream().mapToDouble(Plot.Spot::y), solved.stream())
                                .toArray()),
                series));
    }

    void setPalette(Palette next) {
        palette = next;
        canvas.touch();
    }

    void show(List<TrainedCorrection.Point> measured, OptionalDouble without) {
        points = measured;
        solved = without;
        setAccessibleText(
                measured.isEmpty()
                        ? "No loss is measured yet"
                        : "Held-out loss " + Figures.small(measured.getLast().loss()) + " at step "
                                + measured.getLast().step());
        canvas.touch();
    }

    @Override
    protected void layoutChildren() {
        canvas.fit(getWidth(), getHeight());
    }

    private void paint(GraphicsContext g) {
        double width = canvas.getWidth() - LEFT - RIGHT;
        double height = canvas.getHeight() - TOP - BOTTOM;
        g.setFont(Fonts.mono(TEXT));
        g.setLineWidth(1);
        if (isFocused()) {
            g.setStroke(palette.hand());
            g.strokeRoundRect(0.5, 0.5, canvas.getWidth() - 1, canvas.getHeight() - 1, TICK, TICK);
        }
        List<TrainedCorrection.Point> shown = points.stream()
                .filter(p -> Double.isFinite(p.loss()) && p.loss() > 0)
                .toList();
        if (shown.isEmpty()) {
            g.setFill(palette.muted());
            g.setTextAlign(TextAlignment.CENTER);
            g.setTextBaseline(VPos.CENTER);
            g.fillText("the loss on held-out samples", LEFT + width / 2, TOP + height / 2);
            return;
        }
        double lo =
                shown.stream().mapToDouble(TrainedCorrection.Point::loss).min().orElseThrow();
        double hi =
                shown.stream().mapToDouble(TrainedCorrection.Point::loss).max().orElseThrow();
        if (solved.isPresent() && solved.getAsDouble() > 0) {
            lo = Math.min(lo, solved.getAsDouble());
            hi = Math.max(hi, solved.getAsDouble());
        }
        double from = Math.log(lo / ROOM);
        double to = Math.log(hi * ROOM);
        int steps = Math.max(1, shown.getLast().steps());
        grid(g, width, height, from, to, steps);
        solved.ifPresent(loss -> {
            if (loss > 0) {
                double y = y(loss, height, from, to);
                g.setStroke(palette.quantized());
                g.setLineDashes(TICK, TICK);
                g.strokeLine(LEFT, y, LEFT + width, y);
                g.setLineDashes();
                g.setFill(palette.quantized());
                g.setTextAlign(TextAlignment.RIGHT);
                g.setTextBaseline(y < TOP + height / 2 ? VPos.TOP : VPos.BOTTOM);
                g.fillText("least-output-error " + Figures.small(loss), LEFT + width, y);
            }
        });
        g.setStroke(palette.hand());
        g.setLineWidth(2);
        g.beginPath();
        for (TrainedCorrection.Point p : shown) {
            g.lineTo(x(p, width, steps), y(p.loss(), height, from, to));
        }
        g.stroke();
        TrainedCorrection.Point best =
                shown.stream().reduce((a, b) -> b.loss() < a.loss() ? b : a).orElseThrow();
        g.setFill(palette.hand());
        g.fillOval(x(best, width, steps) - DOT, y(best.loss(), height, from, to) - DOT, 2 * DOT, 2 * DOT);
    }

    private void grid(GraphicsContext g, double width, double height, double from, double to, int steps) {
        g.setStroke(palette.line());
        g.setFill(palette.muted());
        g.setTextAlign(TextAlignment.RIGHT);
        g.setTextBaseline(VPos.CENTER);
        for (int i = 0; i <= LINES; i++) {
            double loss = Math.exp(from + (to - from) * i / LINES);
            double y = Math.round(y(loss, height, from, to)) + 0.5;
            g.strokeLine(LEFT, y, LEFT + width, y);
            g.fillText(Figures.small(loss), LEFT - TICK, y);
        }
        g.setTextBaseline(VPos.TOP);
        for (int i = 0; i <= LINES; i++) {
            g.setTextAlign(i == 0 ? TextAlignment.LEFT : i == LINES ? TextAlignment.RIGHT : TextAlignment.CENTER);
            g.fillText(
                    Figures.count(Math.round((double) steps * i / LINES)),
                    LEFT + width * i / LINES,
                    TOP + height + TICK);
        }
        g.setTextAlign(TextAlignment.CENTER);
        g.setTextBaseline(VPos.BOTTOM);
        g.fillText("steps", LEFT + width / 2, TOP + height + BOTTOM);
    }

    private static double x(TrainedCorrection.Point p, double width, int steps) {
        return LEFT + width * p.step() / steps;
    }

    private static double y(double loss, double height, double from, double to) {
        return TOP + height * (1 - (Math.log(loss) - from) / (to - from));
    }
}
