package org.quantscope.app.selected;

import java.awt.BasicStroke;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import javafx.geometry.Rectangle2D;
import org.jfree.chart.annotations.XYTextAnnotation;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.renderer.xy.XYLineAndShapeRenderer;
import org.jfree.chart.ui.TextAnchor;
import org.jfree.data.xy.DefaultXYDataset;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.ui.DecadeAxis;
import org.quantscope.app.ui.Fonts;
import org.quantscope.app.ui.Palette;
import org.quantscope.app.ui.StillChart;

/**
 * The lines of an error curve in its chart: the total and its two parts, and faint curves of neighbours with their
 * names.
 */
final class CurveLines {
    /** Decades shown below the lowest total error, where its parts are. */
    private static final double DEPTH = 1.6;
    /** Factor by which the horizontal axis extends beyond the curves. */
    private static final double ROOM = 1.03;

    /** Width right of the curves for the labels at their ends, in pixels. */
    private static final double WORDS = 46;

    private static final int WORD_SIZE = 10;
    /** The least distance between the middles of two labels, in pixels. */
    private static final double WORD_PITCH = 12;

    private final NumberAxis x = new NumberAxis();
    private final DecadeAxis y = new DecadeAxis();
    private final DefaultXYDataset lines = new DefaultXYDataset();
    private final XYLineAndShapeRenderer renderer = new XYLineAndShapeRenderer(true, false);
    private final StillChart chart;

    /** The arguments are the margins around the plot in pixels. */
    CurveLines(double top, double right, double bottom, double left) {
        chart = new StillChart(x, y, lines, renderer, top, right, bottom, left);
        renderer.setDrawSeriesLineAsPath(true);
        chart.hideVerticalLines();
    }

    /** The chart: the clip on the horizontal axis, log10 of the error on the vertical one. */
    StillChart chart() {
        return chart;
    }

    /** True if a clip lies on the visible horizontal axis. */
    boolean shows(double clip) {
        return clip >= x.getLowerBound() && clip <= x.getUpperBound();
    }

    /** Draws a curve with axes that fit it, or an empty chart. */
    void draw(@Nullable ErrorCurve curve, Palette palette) {
        while (lines.getSeriesCount() > 0) {
            lines.removeSeries(lines.getSeriesKey(0));
        }
        int faint = 0;
        if (curve != null && !curve.points().isEmpty()) {
            List<ErrorCurve.Point> points = curve.points();
            fitAxes(curve);
            // Later series are drawn over earlier ones.
            for (ErrorCurve.Neighbour neighbour : curve.neighbours()) {
                renderer.setSeriesPaint(faint, Palette.awt(palette.muted().deriveColor(0, 1, 1, 0.45)));
                renderer.setSeriesStroke(faint, new BasicStroke(1));
                lines.addSeries("neighbour " + faint++, series(neighbour.points(), ErrorCurve.Point::mse));
            }
            lines.addSeries("clipping", series(points, ErrorCurve.Point::clipping));
            lines.addSeries("rounding", series(points, ErrorCurve.Point::rounding));
            lines.addSeries("total", series(points, ErrorCurve.Point::mse));
            if (!curve.outputs().isEmpty()) {
                lines.addSeries("output", series(curve.outputs(), ErrorCurve.Point::mse));
            }
        }
        BasicStroke dashed =
                new BasicStroke(1.5f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1, new float[] {5, 3}, 0);
        renderer.setSeriesPaint(faint, Palette.awt(palette.clipping()));
        renderer.setSeriesStroke(faint, dashed);
        renderer.setSeriesPaint(faint + 1, Palette.awt(palette.rounding()));
        renderer.setSeriesStroke(faint + 1, dashed);
        renderer.setSeriesPaint(faint + 2, Palette.awt(palette.text()));
        renderer.setSeriesStroke(faint + 2, new BasicStroke(2, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
        renderer.setSeriesPaint(faint + 3, Palette.awt(palette.quantized()));
        renderer.setSeriesStroke(faint + 3, new BasicStroke(2, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
        chart.annotate(curve == null ? List.of() : words(curve, palette));
        chart.paint(palette);
        chart.draw();
    }

    private void fitAxes(ErrorCurve c) {
        double least = positive(c.points()).min().orElse(0.1);
        double most = positive(c.points()).max().orElse(1);
        double low = Math.log10(least) - DEPTH;
        double end = c.points().getLast().clip();
        for (ErrorCurve.Neighbour neighbour : c.neighbours()) {
            low = Math.min(low, Math.log10(positive(neighbour.points()).min().orElse(least)) - 0.2);
            most = Math.max(most, positive(neighbour.points()).max().orElse(most));
        }
        if (!c.outputs().isEmpty()) {
            low = Math.min(low, Math.log10(positive(c.outputs()).min().orElse(least)) - 0.2);
            most = Math.max(most, positive(c.outputs()).max().orElse(most));
        }
        y.setRange(low, Math.log10(most) + 0.2);
        double width = chart.area().getWidth();
        x.setRange(
                0,
                Math.max(Double.MIN_NORMAL, end)
                        * (c.neighbours().isEmpty() ? ROOM : width / Math.max(width / 2, width - WORDS)));
    }

    private static DoubleStream positive(List<ErrorCurve.Point> points) {
        return points.stream().mapToDouble(ErrorCurve.Point::mse).filter(v -> v > 0);
    }

    /**
     * The labels at the right ends of the curves, that of the main curve first. A label without enough room is left
     * out.
     */
    private List<XYTextAnnotation> words(ErrorCurve c, Palette palette) {
        List<XYTextAnnotation> words = new ArrayList<>();
        if (c.neighbours().isEmpty() || c.points().isEmpty()) {
            return words;
        }
        List<Double> taken = new ArrayList<>();
        word(words, taken, c.label(), c.points().getLast(), Palette.awt(palette.text()));
        for (ErrorCurve.Neighbour neighbour : c.neighbours()) {
            word(words, taken, neighbour.label(), neighbour.points().getLast(), Palette.awt(palette.muted()));
        }
        return words;
    }

    private void word(
            List<XYTextAnnotation> words,
            List<Double> taken,
            String text,
            ErrorCurve.Point end,
            java.awt.Color colour) {
        double curve = end.mse() > 0 ? chart.toY(Math.log10(end.mse())) : Double.NaN;
        Rectangle2D area = chart.area();
        // A curve that ends at an edge of the plot has its label within it, where no half of it is cut off.
        double half = Math.min(WORD_PITCH, area.getHeight()) / 2;
        double at = Math.clamp(curve, area.getMinY() + half, area.getMaxY() - half);
        if (curve >= area.getMinY()
                && curve <= area.getMaxY()
                && taken.stream().noneMatch(t -> Math.abs(t - at) < WORD_PITCH)) {
            taken.add(at);
            double decades = y.getUpperBound() - y.getLowerBound();
            double height = y.getLowerBound() + decades * (area.getMaxY() - at) / area.getHeight();
            var word = new XYTextAnnotation(text, end.clip() + 5 * chart.pixel(), height);
            word.setTextAnchor(TextAnchor.CENTER_LEFT);
            word.setFont(Fonts.awtMono(WORD_SIZE));
            word.setPaint(colour);
            words.add(word);
        }
    }

    private double[][] series(List<ErrorCurve.Point> points, ToDoubleFunction<ErrorCurve.Point> part) {
        // A part of 0 has no logarithm, so its curve leaves the plot at the lower end.
        double floor = y.getLowerBound() - 1;
        return new double[][] {
            points.stream().mapToDouble(ErrorCurve.Point::clip).toArray(),
            points.stream()
                    .mapToDouble(part)
                    .map(v -> v > 0 ? Math.max(floor, Math.log10(v)) : floor)
                    .toArray()
        };
    }
}
