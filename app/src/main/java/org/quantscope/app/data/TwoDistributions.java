package org.quantscope.app.data;

import java.util.Optional;
import javafx.geometry.VPos;
import javafx.scene.canvas.GraphicsContext;
import javafx.scene.layout.Region;
import javafx.scene.paint.Color;
import javafx.scene.text.TextAlignment;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.Fonts;
import org.quantscope.app.ui.Palette;
import org.quantscope.app.ui.PulseCanvas;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.sketch.MomentSketch;

/**
 * The values of an activation on two data sets over one axis: the calibration data filled, the other data as a line, and
 * what the settings clip shaded. Heights are shares of each data set's values, on an axis that rises by decades, so that
 * sets of different size compare and rare values are seen.
 */
final class TwoDistributions extends Region {
    private static final double LEFT = 58;
    private static final double RIGHT = 14;
    private static final double TOP = 58;
    private static final double BOTTOM = 26;
    private static final double TEXT = 11;
    private static final double LINE = 16;
    private static final double SWATCH = 12;
    private static final double LEAST_HEIGHT = 190;
    private static final double MARGIN = 0.03;
    private static final int DECADES = 6;
    private static final int BINS = 120;

    private final PulseCanvas canvas = new PulseCanvas(this::paint);
    private Palette palette;
    private Optional<OtherState.Row> shown = Optional.empty();

    TwoDistributions(Palette palette) {
        this.palette = palette;
        setId("other-chart");
        setMinHeight(LEAST_HEIGHT);
        getChildren().add(canvas);
        show(shown);
    }

    void setPalette(Palette next) {
        palette = next;
        canvas.touch();
    }

    void show(Optional<OtherState.Row> row) {
        shown = row;
        setAccessibleText(row.map(r -> "Values of " + r.shown() + ": calibration data from "
                        + Figures.small(r.known().min()) + " to "
                        + Figures.small(r.known().max()) + ", other data from "
                        + Figures.small(r.seen().min()) + " to "
                        + Figures.small(r.seen().max()))
                .orElse("Both distributions; no activation is chosen"));
        canvas.touch();
    }

    @Override
    protected void layoutChildren() {
        canvas.fit(getWidth(), getHeight());
    }

    /** The height of a share of the values, 0 to 1 of the plot: 10⁻⁶ at the bottom, all at the top. */
    static double height(double share) {
        return share <= 0 ? 0 : Math.clamp(1 + Math.log10(share) / DECADES, 0, 1);
    }

    private void paint(GraphicsContext g) {
        OtherState.Row row = shown.orElse(null);
        double width = canvas.getWidth() - LEFT - RIGHT;
        double floor = canvas.getHeight() - BOTTOM;
        double tall = floor - TOP;
        g.setFont(Fonts.mono(TEXT));
        g.setLineWidth(1);
        if (row == null || tall <= 0) {
            return;
        }
        double lo = Math.min(row.known().min(), row.seen().min());
        double hi = Math.max(row.known().max(), row.seen().max());
        double rim = hi > lo ? (hi - lo) * MARGIN : 1;
        lo -= rim;
        hi += rim;
        g.setTextAlign(TextAlignment.RIGHT);
        g.setTextBaseline(VPos.CENTER);
        for (int d = 0; d <= DECADES; d += 2) {
            double y = Math.round(floor - tall * (1 - d / (double) DECADES)) + 0.5;
            g.setStroke(palette.line());
            g.strokeLine(LEFT, y, LEFT + width, y);
            g.setFill(palette.muted());
            g.fillText(d == 0 ? "all" : d == 2 ? "1 %" : d == 4 ? "0.01 %" : "1 ppm", LEFT - 6, y);
        }
        double[] known = shares(row.known(), lo, hi);
        double[] seen = shares(row.seen(), lo, hi);
        g.setFill(palette.floats().deriveColor(0, 1, 1, 0.65));
        for (int i = 0; i < BINS; i++) {
            double h = tall * height(known[i]);
            g.fillRect(LEFT + i * width / BINS, floor - h, width / BINS, h);
        }
        g.setStroke(palette.rounding());
        g.setLineWidth(1.8);
        g.beginPath();
        g.moveTo(LEFT, floor);
        for (int i = 0; i < BINS; i++) {
            double y = floor - tall * height(seen[i]);
            g.lineTo(LEFT + i * width / BINS, y);
            g.lineTo(LEFT + (i + 1) * width / BINS, y);
        }
        g.lineTo(LEFT + width, floor);
        g.stroke();
        g.setLineWidth(1);
        ClipRange range = row.range().orElse(null);
        if (range != null) {
            clipped(g, range, lo, hi, width, tall);
        }
        g.setFill(palette.muted());
        g.setTextBaseline(VPos.TOP);
        g.setTextAlign(TextAlignment.LEFT);
        g.fillText(Figures.small(lo + rim), LEFT + width * MARGIN, floor + 6);
        g.setTextAlign(TextAlignment.RIGHT);
        g.fillText(Figures.small(hi - rim), LEFT + width * (1 - MARGIN), floor + 6);
        legend(g, palette.floats(), "calibration data", LEFT, 0);
        legend(g, palette.rounding(), "other data", LEFT + width / 2, 0);
        legend(g, palette.clipping(), range == null ? "in float: nothing is clipped" : "clipped", LEFT, LINE);
        g.setFill(palette.muted());
        g.setTextAlign(TextAlignment.LEFT);
        g.setTextBaseline(VPos.TOP);
        g.fillText("share of the values", LEFT, 2 * LINE + 4);
    }

    private void clipped(GraphicsContext g, ClipRange range, double lo, double hi, double width, double tall) {
        double left = LEFT + width * Math.clamp((range.lo() - lo) / (hi - lo), 0, 1);
        double right = LEFT + width * Math.clamp((range.hi() - lo) / (hi - lo), 0, 1);
        g.setFill(palette.clipping().deriveColor(0, 1, 1, 0.14));
        g.fillRect(LEFT, TOP, left - LEFT, tall);
        g.fillRect(right, TOP, LEFT + width - right, tall);
        g.setStroke(palette.clipping());
        for (double x : new double[] {left, right}) {
            if (x > LEFT && x < LEFT + width) {
                g.strokeLine(Math.round(x) + 0.5, TOP, Math.round(x) + 0.5, TOP + tall);
            }
        }
    }

    private void legend(GraphicsContext g, Color color, String text, double x, double y) {
        g.setFill(color);
        g.fillRect(x, y + 2, SWATCH, SWATCH - 2);
        g.setFill(palette.text());
        g.setTextAlign(TextAlignment.LEFT);
        g.setTextBaseline(VPos.TOP);
        g.fillText(text, x + SWATCH + 6, y);
    }

    private static double[] shares(MomentSketch of, double lo, double hi) {
        double[] counts = of.histogram(lo, hi, BINS);
        for (int i = 0; i < counts.length; i++) {
            counts[i] /= of.count();
        }
        return counts;
    }
}
