package org.quantscope.app.selected;

import java.awt.Graphics2D;
import java.awt.geom.Rectangle2D;
import org.jfree.chart.axis.ValueAxis;
import org.jfree.chart.plot.CrosshairState;
import org.jfree.chart.plot.PlotRenderingInfo;
import org.jfree.chart.plot.XYPlot;
import org.jfree.chart.renderer.xy.XYBarRenderer;
import org.jfree.chart.renderer.xy.XYItemRendererState;
import org.jfree.chart.ui.RectangleEdge;
import org.jfree.data.xy.IntervalXYDataset;
import org.jfree.data.xy.XYDataset;

/** Draws bars with their edges on whole pixels, so that neighbours look the same and one bar covers another exactly. */
final class SnappedBarRenderer extends XYBarRenderer {
    private static final long serialVersionUID = 1L;

    /** The left edge of a bar that starts at {@code x}, in pixels. */
    static double left(double x) {
        return Math.rint(x);
    }

    /** The right edge of a bar that ends at {@code x}: a pixel less if the bar stays visible. */
    static double right(double start, double x) {
        double l = left(start);
        double r = Math.rint(x);
        return r - l >= 3 ? r - 1 : Math.max(r, l + 1);
    }

    @Override
    public void drawItem(
            Graphics2D g2,
            XYItemRendererState state,
            Rectangle2D area,
            PlotRenderingInfo info,
            XYPlot plot,
            ValueAxis domain,
            ValueAxis range,
            XYDataset dataset,
            int series,
            int item,
            CrosshairState crosshair,
            int pass) {
        IntervalXYDataset bins = (IntervalXYDataset) dataset;
        double y = range.valueToJava2D(bins.getYValue(series, item), area, RectangleEdge.LEFT);
        double foot = area.getMaxY();
        if (!(y < foot)) {
            return;
        }
        double start = domain.valueToJava2D(bins.getStartXValue(series, item), area, RectangleEdge.BOTTOM);
        double end = domain.valueToJava2D(bins.getEndXValue(series, item), area, RectangleEdge.BOTTOM);
        double l = left(start);
        g2.setPaint(getItemPaint(series, item));
        g2.fill(new Rectangle2D.Double(l, y, right(start, end) - l, foot - y));
    }
}
