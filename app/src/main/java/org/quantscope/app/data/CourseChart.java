package org.quantscope.app.data;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import javafx.geometry.VPos;
import javafx.scene.canvas.GraphicsContext;
import javafx.scene.layout.Region;
import javafx.scene.paint.Color;
import javafx.scene.text.TextAlignment;
import org.quantscope.app.ui.Copyable;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.Fonts;
import org.quantscope.app.ui.Palette;
import org.quantscope.app.ui.PulseCanvas;
import org.quantscope.core.datacheck.DataCheck;
import org.quantscope.core.plot.Ink;
import org.quantscope.core.plot.Plot;

/**
 * How the range of an activation and its loss come near those of all samples as samples are added: the width above, the
 * loss below, both over the number of samples. The band holds several random orders, the line is the middle one.
 */
final class CourseChart extends Region {
    private static final double LEFT = 58;
    private static final double RIGHT = 14;
    private static final double TOP = 20;
    private static final double BETWEEN = 26;
    private static final double BOTTOM = 34;
    private static final double TEXT = 11;
    private static final double TICK = 6;
    private static final double DOT = 3;
    private static final double LEAST_HEIGHT = 190;
    private static final double BAND = 0.25;
    private static final double ROUND = 6;

    /** The least that the axis of the loss spans, in dB. */
    private static final double LEAST_DB = 1;

    private final PulseCanvas canvas = new PulseCanvas(this::paint);
    private Palette palette;
    private SortedMap<Integer, DataCheck.Course> course = Collections.emptySortedMap();

    private String shown = "";

    CourseChart(Palette palette) {
        this.palette = palette;
        setId("calibration-chart");
        setMinHeight(LEAST_HEIGHT);
        getChildren().add(canvas);
        setFocusTraversable(true);
        focusedProperty().subscribe(x -> canvas.touch());
        Copyable.install(this, this::figures);
        show("", course);
    }

    void setPalette(Palette next) {
        palette = next;
        canvas.touch();
    }

    void show(String of, SortedMap<Integer, DataCheck.Course> by) {
        course = by;
        shown = of;
        setAccessibleText(
                by.isEmpty()
                        ? "Convergence of a range; no activation is chosen"
                        : "Range of " + of + ": with " + by.firstKey() + " samples "
                                + Figures.percent(
                                        by.firstEntry().getValue().width().middle()) + " of its width with "
                                + by.lastKey());
        canvas.touch();
    }

    @Override
    protected void layoutChildren() {
        canvas.fit(getWidth(), getHeight());
    }

    private List<Plot> figures() {
        return course.isEmpty()
                ? List.of()
                : List.of(
                        figure(
                                "range-settles",
                                "Range of " + shown,
                                "width, % of that with all samples",
                                c -> c.width(),
                                v -> 100 * v,
                                Ink.HAND),
                        figure(
                                "loss-settles",
                                "Loss of " + shown,
                                "loss over that with all samples, dB",
                                c -> c.error(),
                                CourseChart::decibels,
                                Ink.QUANTIZED));
    }

    private Plot figure(
            String id,
            String title,
            String axis,
            Function<DataCheck.Course, DataCheck.Interval> get,
            DoubleUnaryOperator scale,
            Ink ink) {
        List<Plot.Series> series = List.of(
                line(
                        "least of several orders",
                        Ink.MUTED,
                        true,
                        c -> scale.applyAsDouble(get.apply(c).low())),
                line(
                        "most of several orders",
                        Ink.MUTED,
                        true,
                        c -> scale.applyAsDouble(get.apply(c).high())),
                line("middle", ink, false, c -> scale.applyAsDouble(get.apply(c).middle())));
        return new Plot(
                id,
                title + " by the number of samples",
                Plot.Axis.decades(
                        "samples", course.keySet().stream().mapToDouble(n -> n).toArray()),
                Plot.Axis.around(
                        axis,
                        series.stream()
                                .flatMap(s -> ((Plot.Line) s).spots().stream())
                                .mapToDouble(Plot.Spot::y)
                                .toArray()),
                series);
    }

    private Plot.Line line(String name, Ink ink, boolean dashed, ToDoubleFunction<DataCheck.Course> of) {
        return new Plot.Line(
                name,
                ink,
                dashed,
                course.entrySet().stream()
                        .map(e -> new Plot.Spot(e.getKey(), of.applyAsDouble(e.getValue())))
                        .toList());
    }

    static double decibels(double ratio) {
        return 10 * Math.log10(ratio);
    }

    private void paint(GraphicsContext g) {
        double width = canvas.getWidth() - LEFT - RIGHT;
        double height = (canvas.getHeight() - TOP - BETWEEN - BOTTOM) / 2;
        g.setFont(Fonts.mono(TEXT));
        g.setLineWidth(1);
        if (isFocused()) {
            g.setStroke(palette.hand());
            g.strokeRoundRect(0.5, 0.5, canvas.getWidth() - 1, canvas.getHeight() - 1, ROUND, ROUND);
        }
        if (course.isEmpty()) {
            g.setFill(palette.muted());
            g.setTextAlign(TextAlignment.CENTER);
            g.setTextBaseline(VPos.CENTER);
            g.fillText("how its range settles", LEFT + width / 2, canvas.getHeight() / 2);
            return;
        }
        double least =
                course.values().stream().mapToDouble(c -> c.width().low()).min().orElse(0);
        double most = course.values().stream()
                .mapToDouble(c -> decibels(c.error().high()))
                .filter(Double::isFinite)
                .max()
                .orElse(0);
        double lowest = course.values().stream()
                .mapToDouble(c -> decibels(c.error().low()))
                .filter(Double::isFinite)
                .min()
                .orElse(0);
        double from = Math.floor(least * 10) / 10;
        panel(
                g,
                TOP,
                height,
                width,
                "width of the range, of that with all",
                DataCheck.Course::width,
                v -> v,
                Math.min(from, 0.9),
                1,
                Figures::percent,
                palette.hand());
        panel(
                g,
                TOP + height + BETWEEN,
                height,
                width,
                "loss over that with all, dB",
                DataCheck.Course::error,
                CourseChart::decibels,
                Math.min(0, Math.floor(lowest)),
                Math.max(LEAST_DB, Math.ceil(most)),
                Figures::small,
                palette.quantized());
        g.setFill(palette.muted());
        g.setTextBaseline(VPos.TOP);
        double end = Double.NEGATIVE_INFINITY;
        double y = TOP + 2 * height + BETWEEN + TICK;
        for (int n : course.keySet()) {
            String text = Figures.count(n);
            double half = text.length() * TEXT * 0.3;
            double x = Math.min(x(n, width), LEFT + width + RIGHT - half);
            if (x - half > end + TICK) {
                g.setTextAlign(TextAlignment.CENTER);
                g.fillText(text, x, y);
                end = x + half;
            }
        }
        g.setTextAlign(TextAlignment.CENTER);
        g.setTextBaseline(VPos.BOTTOM);
        g.fillText("samples", LEFT + width / 2, canvas.getHeight());
    }

    private void panel(
            GraphicsContext g,
            double top,
            double height,
            double width,
            String title,
            Function<DataCheck.Course, DataCheck.Interval> get,
            Function<Double, Double> scale,
            double lo,
            double hi,
            Function<Double, String> text,
            Color color) {
        g.setStroke(palette.line());
        g.setFill(palette.muted());
        g.setTextAlign(TextAlignment.RIGHT);
        g.setTextBaseline(VPos.CENTER);
        for (double v : new double[] {lo, hi}) {
            double y = Math.round(y(v, top, height, lo, hi)) + 0.5;
            g.strokeLine(LEFT, y, LEFT + width, y);
            g.fillText(text.apply(v), LEFT - TICK, y);
        }
        g.setTextAlign(TextAlignment.LEFT);
        g.setTextBaseline(VPos.BOTTOM);
        g.fillText(title, LEFT, top - 2);
        int n = course.size();
        double[] xs = new double[2 * n];
        double[] ys = new double[2 * n];
        double[] middle = new double[n];
        int i = 0;
        for (Map.Entry<Integer, DataCheck.Course> e : course.entrySet()) {
            DataCheck.Interval at = get.apply(e.getValue());
            double x = x(e.getKey(), width);
            xs[i] = x;
            ys[i] = y(scale.apply(at.high()), top, height, lo, hi);
            xs[2 * n - 1 - i] = x;
            ys[2 * n - 1 - i] = y(scale.apply(at.low()), top, height, lo, hi);
            middle[i] = y(scale.apply(at.middle()), top, height, lo, hi);
            i++;
        }
        g.setFill(color.deriveColor(0, 1, 1, BAND));
        g.fillPolygon(xs, ys, 2 * n);
        g.setStroke(color);
        g.setFill(color);
        g.setLineWidth(2);
        g.strokePolyline(xs, middle, n);
        g.setLineWidth(1);
        for (int k = 0; k < n; k++) {
            g.fillOval(xs[k] - DOT, middle[k] - DOT, 2 * DOT, 2 * DOT);
        }
    }

    private double x(int n, double width) {
        double from = Math.log(course.firstKey());
        double to = Math.log(course.lastKey());
        return to > from ? LEFT + width * (Math.log(n) - from) / (to - from) : LEFT + width / 2;
    }

    private static double y(double v, double top, double height, double lo, double hi) {
        return top + height * (1 - Math.clamp((v - lo) / (hi - lo), 0, 1));
    }
}
