package org.quantscope.app.ui;

import java.awt.BasicStroke;
import java.awt.Stroke;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.text.NumberFormat;
import java.util.List;
import java.util.Locale;
import javafx.geometry.Rectangle2D;
import org.jfree.chart.ChartRenderingInfo;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.annotations.XYAnnotation;
import org.jfree.chart.axis.AxisSpace;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.axis.NumberTickUnit;
import org.jfree.chart.event.ChartProgressEvent;
import org.jfree.chart.fx.ChartCanvas;
import org.jfree.chart.plot.DatasetRenderingOrder;
import org.jfree.chart.plot.XYPlot;
import org.jfree.chart.renderer.xy.XYItemRenderer;
import org.jfree.chart.ui.RectangleInsets;
import org.jfree.data.xy.XYDataset;

/**
 * A chart for what stands still: axes, grid lines and one data set. It is drawn again only by {@link #draw} and
 * {@link #resize}; what moves belongs on nodes or a canvas above it, placed by {@link #toX} and {@link #toY}.
 *
 * <p>The margins around the plot are fixed, so that charts in one column line up and positions are known before drawing.
 */
public final class StillChart implements AxisMapping {
    private static final Stroke HAIRLINE = new BasicStroke(1);
    private static final int LABEL_SIZE = 11;
    private static final double TICK_PITCH = 56;

    private final double left;
    private final double top;
    private final double right;
    private final double bottom;
    private final NumberAxis x;
    private final NumberAxis y;
    private final XYPlot plot;
    private final ChartCanvas canvas;
    private long redraws;

    /**
     * @param left margin in pixels, which holds the labels of {@code y}
     * @param bottom margin in pixels, which holds the labels of {@code x}
     */
    public StillChart(
            NumberAxis x,
            NumberAxis y,
            XYDataset dataset,
            XYItemRenderer renderer,
            double top,
            double right,
            double bottom,
            double left) {
        this.x = x;
        this.y = y;
        this.top = top;
        this.right = right;
        this.bottom = bottom;
        this.left = left;
        for (NumberAxis axis : new NumberAxis[] {x, y}) {
            axis.setAutoRange(false);
            axis.setAutoTickUnitSelection(false);
            axis.setAxisLineVisible(false);
            axis.setTickMarksVisible(false);
            axis.setTickLabelFont(Fonts.awtMono(LABEL_SIZE));
        }
        plot = new XYPlot(dataset, x, y, renderer);
        plot.setInsets(new RectangleInsets(top, 0, 0, right));
        plot.setAxisOffset(RectangleInsets.ZERO_INSETS);
        plot.setOutlineVisible(false);
        plot.setBackgroundPaint(null);
        plot.setDomainGridlineStroke(HAIRLINE);
        plot.setRangeGridlineStroke(HAIRLINE);
        plot.setDatasetRenderingOrder(DatasetRenderingOrder.FORWARD);
        AxisSpace below = new AxisSpace();
        below.setBottom(bottom);
        plot.setFixedDomainAxisSpace(below);
        AxisSpace beside = new AxisSpace();
        beside.setLeft(left);
        plot.setFixedRangeAxisSpace(beside);
        JFreeChart chart = new JFreeChart(null, null, plot, false);
        chart.setPadding(RectangleInsets.ZERO_INSETS);
        // Nothing to see, but a paint that no part of the chart has: the graphics skips a paint that it has set before,
        // although the
        // canvas has forgotten it since, and the first words of a drawing would be black.
        chart.setBackgroundPaint(new java.awt.Color(0, 0, 0, 0));
        chart.setNotify(false);
        chart.addProgressListener(e -> {
            if (e.getType() == ChartProgressEvent.DRAWING_FINISHED) {
                redraws++;
            }
        });
        canvas = new ChartCanvas(chart);
        // The canvas restores its own font after each drawing, and the graphics of the chart does not set one that it
        // has set before.
        canvas.getGraphicsContext2D().setFont(Fonts.mono(LABEL_SIZE));
        canvas.setMouseTransparent(true);
        canvas.setFocusTraversable(false);
    }

    /** The node, to be placed at (0, 0). */
    public ChartCanvas node() {
        return canvas;
    }

    /** Draws what has been changed of axes, data or colours; nothing else does, but a change of size. */
    public void draw() {
        x.setTickUnit(tickUnit(TICK_PITCH * pixel()));
        canvas.draw();
    }

    /** 1, 2 or 5 times a power of ten, not below {@code least}, with the decimals that its multiples need. */
    private static NumberTickUnit tickUnit(double least) {
        int decade = (int) Math.floor(Math.log10(least));
        int m = 1;
        for (int candidate : new int[] {1, 2, 5, 10}) {
            m = candidate;
            if (candidate * Math.pow(10, decade) >= least) {
                break;
            }
        }
        NumberFormat format = NumberFormat.getNumberInstance(Locale.ROOT);
        format.setGroupingUsed(false);
        int decimals = Math.max(0, m == 10 ? -decade - 1 : -decade);
        format.setMinimumFractionDigits(decimals);
        format.setMaximumFractionDigits(decimals);
        return new NumberTickUnit(
                m * Math.pow(10, decade),
                decimals > 7 || decade > 7
                        ? new DecimalFormat("0.#E0", DecimalFormatSymbols.getInstance(Locale.ROOT))
                        : format);
    }

    /** Leaves out the vertical grid lines. */
    public void hideVerticalLines() {
        plot.setDomainGridlinesVisible(false);
    }

    /** Replaces the annotations, which are placed in axis units. They become visible at the next {@link #draw}. */
    public void annotate(List<? extends XYAnnotation> words) {
        plot.clearAnnotations();
        words.forEach(plot::addAnnotation);
    }

    /** Takes the colours of {@code palette}. */
    public void paint(Palette palette) {
        java.awt.Color muted = Palette.awt(palette.muted());
        java.awt.Color grid = Palette.awt(palette.line().deriveColor(0, 1, 1, 0.6));
        x.setTickLabelPaint(muted);
        y.setTickLabelPaint(muted);
        plot.setDomainGridlinePaint(grid);
        plot.setRangeGridlinePaint(grid);
    }

    /** Draws in a new size, in pixels. */
    public void resize(double width, double height) {
        double w = Math.max(0, Math.floor(width));
        double h = Math.max(0, Math.floor(height));
        if (w != canvas.getWidth()) {
            canvas.setWidth(w);
        }
        if (h != canvas.getHeight()) {
            canvas.setHeight(h);
        }
    }

    /** How often the chart has been drawn; for tests of what a drag costs. */
    public long redraws() {
        return redraws;
    }

    @Override
    public Rectangle2D area() {
        return new Rectangle2D(
                left,
                top,
                Math.max(1, canvas.getWidth() - left - right),
                Math.max(1, canvas.getHeight() - top - bottom));
    }

    /** The rectangle between the axes that JFreeChart used when it last drew. */
    java.awt.geom.Rectangle2D drawnArea() {
        ChartRenderingInfo info = canvas.getRenderingInfo();
        return info.getPlotInfo().getDataArea();
    }

    @Override
    public double toX(double value) {
        return left + (value - x.getLowerBound()) / (x.getUpperBound() - x.getLowerBound()) * area().getWidth();
    }

    @Override
    public double fromX(double px) {
        return x.getLowerBound() + (px - left) / area().getWidth() * (x.getUpperBound() - x.getLowerBound());
    }

    /** The position on the vertical axis in pixels from the top. */
    public double toY(double position) {
        Rectangle2D a = area();
        return a.getMaxY() - (position - y.getLowerBound()) / (y.getUpperBound() - y.getLowerBound()) * a.getHeight();
    }

    @Override
    public double pixel() {
        return (x.getUpperBound() - x.getLowerBound()) / area().getWidth();
    }
}
