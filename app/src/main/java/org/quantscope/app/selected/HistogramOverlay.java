package org.quantscope.app.selected;

import javafx.geometry.Rectangle2D;
import javafx.scene.canvas.GraphicsContext;
import javafx.scene.paint.Color;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.ui.Palette;
import org.quantscope.app.ui.StillChart;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.UniformGrid;

/**
 * The part of a histogram that changes with the range, painted over the bars: the clipped values, and how many values
 * each level gets.
 */
final class HistogramOverlay {
    private static final double STEMS_FROM = 2;
    private static final double DOTS_FROM = 5;
    private static final double ENVELOPE_PITCH = 3;

    private final StillChart chart;
    private final CountAxis y;

    /** @param y the vertical axis of {@code chart} */
    HistogramOverlay(StillChart chart, CountAxis y) {
        this.chart = chart;
        this.y = y;
    }

    /** True if the levels are too close to each other to be drawn separately. */
    boolean tooFine(UniformGrid grid) {
        return grid.scale() / chart.pixel() < STEMS_FROM;
    }

    /**
     * Paints on an empty canvas.
     *
     * @param bars the counts of the chart's bars, which have equal widths and fill the plot from left to right
     */
    void paint(
            GraphicsContext g,
            Palette palette,
            HistogramData data,
            double[] bars,
            @Nullable ClipRange clip,
            @Nullable Grid grid) {
        Rectangle2D area = chart.area();
        g.save();
        g.beginPath();
        g.rect(area.getMinX(), area.getMinY(), area.getWidth(), area.getHeight());
        g.clip();
        ClipRange kept = grid != null ? grid.effective() : clip;
        if (kept != null) {
            paintClipped(g, area, palette.clipping(), kept, data, bars);
        }
        if (grid != null) {
            g.setStroke(palette.quantized());
            g.setFill(palette.quantized());
            if (grid instanceof UniformGrid u && tooFine(u)) {
                paintEnvelope(g, area, data, u);
            } else {
                paintStems(g, area, data, grid);
            }
        }
        g.restore();
    }

    private void paintClipped(
            GraphicsContext g, Rectangle2D area, Color clipping, ClipRange kept, HistogramData data, double[] bars) {
        double left = Math.clamp(chart.toX(kept.lo()), area.getMinX(), area.getMaxX());
        double right = Math.clamp(chart.toX(kept.hi()), area.getMinX(), area.getMaxX());
        g.setFill(clipping.deriveColor(0, 1, 1, 0.11));
        g.fillRect(area.getMinX(), area.getMinY(), left - area.getMinX(), area.getHeight());
        g.fillRect(right, area.getMinY(), area.getMaxX() - right, area.getHeight());
        g.setFill(clipping);
        // A bar across an end of the range is painted only if some value really lies beyond that end.
        boolean below = data.min() < kept.lo();
        boolean above = data.max() > kept.hi();
        for (int i = 0; i < bars.length; i++) {
            if (bars[i] > 0) {
                double start = area.getMinX() + i * area.getWidth() / bars.length;
                double l = SnappedBarRenderer.left(start);
                double r = SnappedBarRenderer.right(start, area.getMinX() + (i + 1) * area.getWidth() / bars.length);
                double top = chart.toY(y.position(bars[i]));
                if (below && l < left) {
                    g.fillRect(l, top, Math.min(r, left) - l, area.getMaxY() - top);
                }
                if (above && r > right) {
                    g.fillRect(Math.max(l, right), top, r - Math.max(l, right), area.getMaxY() - top);
                }
            }
        }
    }

    private void paintStems(GraphicsContext g, Rectangle2D area, HistogramData data, Grid grid) {
        // For a codebook this is the mean distance; where its levels are closer, stems may touch.
        double pitch = ((double) grid.hi() - grid.lo()) / Math.max(1, grid.size() - 1) / chart.pixel();
        double radius = pitch >= DOTS_FROM ? Math.min(3.5, pitch * 0.35) : 0;
        double[] n = LevelCounts.of(data, grid);
        double width = Math.min(1.6, pitch / 2.5);
        for (int i = 0; i < n.length; i++) {
            double at = chart.toX(grid.level(i));
            if (at < area.getMinX() - radius || at > area.getMaxX() + radius) {
                continue;
            }
            double top = Math.max(area.getMinY(), chart.toY(y.position(n[i])));
            if (area.getMaxY() - top >= 1) {
                g.fillRect(at - width / 2, top, width, area.getMaxY() - top);
            }
            if (radius > 0) {
                double r = n[i] > 0 ? radius : Math.min(radius, 1.5);
                g.fillOval(at - r, top - r, 2 * r, 2 * r);
            }
        }
    }

    /**
     * Paints levels that are closer than pixels: one line, whose height in each column of a few pixels is the mean
     * count of the levels there.
     */
    private void paintEnvelope(GraphicsContext g, Rectangle2D area, HistogramData data, UniformGrid grid) {
        double from = Math.max(chart.fromX(area.getMinX()), grid.lo() - 0.5 * grid.scale());
        double to = Math.min(chart.fromX(area.getMaxX()), grid.hi() + 0.5 * grid.scale());
        if (!(to > from)) {
            return;
        }
        int columns = (int) Math.max(1, (to - from) / chart.pixel() / ENVELOPE_PITCH);
        double[] n = data.histogram(from, to, columns);
        double levels = (to - from) / columns / grid.scale();
        g.setLineWidth(1.4);
        g.beginPath();
        for (int i = 0; i < columns; i++) {
            double at = chart.toX(from + (i + 0.5) * (to - from) / columns);
            double top = chart.toY(y.position(n[i] / levels));
            if (i == 0) {
                g.moveTo(at, top);
            } else {
                g.lineTo(at, top);
            }
        }
        g.stroke();
    }
}
