package org.quantscope.app.hold;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.DoubleStream;
import javafx.geometry.VPos;
import javafx.scene.canvas.GraphicsContext;
import javafx.scene.layout.Region;
import javafx.scene.paint.Color;
import javafx.scene.text.TextAlignment;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.Fonts;
import org.quantscope.app.ui.Palette;
import org.quantscope.app.ui.PulseCanvas;
import org.quantscope.core.corruption.Corrupted;
import org.quantscope.core.robustness.Robustness;
import org.quantscope.core.robustness.ShareInterval;

/** The score of both models against the severity, with the 95 % interval of each as a band. */
final class CurveChart extends Region {
    private static final double LEFT = 58;
    private static final double RIGHT = 14;
    private static final double TOP = 14;
    private static final double BOTTOM = 34;
    private static final double TEXT = 11;
    private static final double TICK = 6;
    private static final double DOT = 3;
    private static final double LEAST_HEIGHT = 180;
    private static final double BAND = 0.25;

    private final PulseCanvas canvas = new PulseCanvas(this::paint);
    private Palette palette;
    private List<Robustness.Point> points = List.of();
    private double severity;

    CurveChart(Palette palette) {
        this.palette = palette;
        setId("robustness-chart");
        setMinHeight(LEAST_HEIGHT);
        getChildren().add(canvas);
    }

    void setPalette(Palette next) {
        palette = next;
        canvas.touch();
    }

    /** @param at where the slider stands */
    void show(List<Robustness.Point> curve, double at) {
        points = curve;
        severity = at;
        setAccessibleText(
                curve.isEmpty()
                        ? "Score against severity; not computed yet"
                        : "Score against severity, " + curve.size() + " points; at severity "
                                + Corrupted.number(curve.getLast().severity()) + " float "
                                + text(curve.getLast().figure().floatScore()) + ", quantized "
                                + text(curve.getLast().figure().score()));
        canvas.touch();
    }

    @Override
    protected void layoutChildren() {
        canvas.fit(getWidth(), getHeight());
    }

    private String text(double v) {
        return !points.isEmpty() && points.getFirst().figure().task().isFraction()
                ? Figures.percent(v)
                : Figures.small(v);
    }

    private void paint(GraphicsContext g) {
        double width = canvas.getWidth() - LEFT - RIGHT;
        double height = canvas.getHeight() - TOP - BOTTOM;
        g.setFont(Fonts.mono(TEXT));
        g.setLineWidth(1);
        g.setFill(palette.muted());
        g.setTextAlign(TextAlignment.CENTER);
        g.setTextBaseline(VPos.TOP);
        for (int s = 0; s <= Corrupted.MOST; s++) {
            g.fillText(Integer.toString(s), x(s, width), TOP + height + TICK);
        }
        g.setTextBaseline(VPos.BOTTOM);
        g.fillText("severity", LEFT + width / 2, canvas.getHeight());
        g.setStroke(palette.line());
        g.strokeLine(LEFT, TOP + height + 0.5, LEFT + width, TOP + height + 0.5);
        if (points.isEmpty()) {
            g.setTextBaseline(VPos.CENTER);
            g.fillText("the curve of both models on all samples", LEFT + width / 2, TOP + height / 2);
            return;
        }
        double[] all = points.stream()
                .flatMapToDouble(p -> DoubleStream.concat(
                        DoubleStream.of(p.figure().floatScore(), p.figure().score()),
                        DoubleStream.concat(ends(p.ofFloat()), ends(p.quantized()))))
                .filter(Double::isFinite)
                .toArray();
        double lo = DoubleStream.of(all).min().orElse(0);
        double hi = DoubleStream.of(all).max().orElse(1);
        double span = hi > lo ? hi - lo : 1;
        double from = lo - span / 20;
        double to = hi + span / 20;
        g.setTextAlign(TextAlignment.RIGHT);
        g.setTextBaseline(VPos.CENTER);
        for (double v : new double[] {lo, (lo + hi) / 2, hi}) {
            double y = Math.round(y(v, height, from, to)) + 0.5;
            g.setStroke(palette.line());
            g.strokeLine(LEFT, y, LEFT + width, y);
            g.fillText(text(v), LEFT - TICK, y);
        }
        double at = Math.round(x(severity, width)) + 0.5;
        g.setStroke(palette.hand());
        g.strokeLine(at, TOP, at, TOP + height);
        curve(g, width, height, from, to, p -> p.figure().floatScore(), Robustness.Point::ofFloat, palette.muted());
        curve(g, width, height, from, to, p -> p.figure().score(), Robustness.Point::quantized, palette.quantized());
    }

    private static DoubleStream ends(Optional<ShareInterval> of) {
        return of.map(i -> DoubleStream.of(i.lo(), i.hi())).orElseGet(DoubleStream::empty);
    }

    private void curve(
            GraphicsContext g,
            double width,
            double height,
            double from,
            double to,
            Function<Robustness.Point, Double> score,
            Function<Robustness.Point, Optional<ShareInterval>> interval,
            Color color) {
        List<Robustness.Point> banded = new ArrayList<>(
                points.stream().filter(p -> interval.apply(p).isPresent()).toList());
        int n = banded.size();
        double[] xs = new double[2 * n];
        double[] ys = new double[2 * n];
        for (int i = 0; i < n; i++) {
            ShareInterval band = interval.apply(banded.get(i)).orElseThrow();
            xs[i] = x(banded.get(i).severity(), width);
            ys[i] = y(band.hi(), height, from, to);
            xs[2 * n - 1 - i] = xs[i];
            ys[2 * n - 1 - i] = y(band.lo(), height, from, to);
        }
        g.setFill(color.deriveColor(0, 1, 1, BAND));
        g.fillPolygon(xs, ys, 2 * n);
        double[] px = points.stream().mapToDouble(p -> x(p.severity(), width)).toArray();
        double[] py = points.stream()
                .mapToDouble(p -> y(score.apply(p), height, from, to))
                .toArray();
        g.setStroke(color);
        g.setFill(color);
        g.setLineWidth(2);
        g.strokePolyline(px, py, px.length);
        g.setLineWidth(1);
        for (int i = 0; i < px.length; i++) {
            g.fillOval(px[i] - DOT, py[i] - DOT, 2 * DOT, 2 * DOT);
        }
    }

    private static double x(double severity, double width) {
        return LEFT + width * severity / Corrupted.MOST;
    }

    private static double y(double v, double height, double from, double to) {
        return TOP + height * (1 - Math.clamp((v - from) / (to - from), 0, 1));
    }
}
