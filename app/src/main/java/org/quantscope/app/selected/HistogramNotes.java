package org.quantscope.app.selected;

import javafx.geometry.Rectangle2D;
import javafx.scene.control.Label;
import javafx.scene.layout.Pane;
import javafx.scene.layout.Region;
import org.quantscope.app.ui.Figures;

/**
 * Words around and over a histogram: the titles of its axes, how many values lie beyond the visible part, and what is
 * under the pointer. They move nothing and take no mouse events.
 */
final class HistogramNotes extends Pane {
    private static final double BESIDE_POINTER = 12;
    private static final double BELOW_HANDLES = 26;
    private static final double BELOW_BEYOND = 52;
    private static final double EDGE = 4;
    private static final double TICK_ROW = 18;

    private final Label counts = note("axis-title", "count");
    private final Label values = note("axis-title", "value");
    private final Label below = note("over-plot", "");
    private final Label above = note("over-plot", "");
    private final Label pointed = note("over-plot", "");
    private Rectangle2D area = new Rectangle2D(0, 0, 0, 0);

    HistogramNotes() {
        setManaged(false);
        setMouseTransparent(true);
        below.setId("values-below");
        above.setId("values-above");
        pointed.setId("value-pointed");
        getChildren().addAll(counts, values, below, above, pointed);
        hidePointed();
    }

    private static Label note(String style, String text) {
        Label label = new Label(text);
        label.getStyleClass().addAll("hint", style);
        label.setManaged(false);
        return label;
    }

    /** Places the titles beside a plot, in pixels of this pane. */
    void around(Rectangle2D plot) {
        area = plot;
        put(counts, EDGE, plot.getMinY() - EDGE);
        put(values, EDGE, plot.getMaxY() + TICK_ROW - height(values));
        placeBeyond();
    }

    /** Tells how many values lie left and right of the visible part, estimated within a bin of the sketch. */
    void beyond(long left, long right) {
        tell(below, left > 0 ? "◂ " + words(left) + " beyond" : "");
        tell(above, right > 0 ? words(right) + " beyond ▸" : "");
        placeBeyond();
    }

    private static String words(long n) {
        return Figures.count(n) + (n == 1 ? " value" : " values");
    }

    private static void tell(Label label, String text) {
        label.setText(text);
        label.setVisible(!text.isEmpty());
    }

    /** In the corners above the bars, of which the lowest are the rare values that matter. */
    private void placeBeyond() {
        // Their size is not known before their style is.
        below.applyCss();
        above.applyCss();
        double y = area.getMinY() + BELOW_HANDLES;
        put(below, area.getMinX() + EDGE, y);
        put(above, area.getMaxX() - EDGE - width(above), y);
    }

    /** Shows a text beside the pointer. */
    void showPointed(double x, String text) {
        tell(pointed, text);
        pointed.applyCss();
        double w = width(pointed);
        boolean fits = x + BESIDE_POINTER + w <= area.getMaxX();
        put(pointed, fits ? x + BESIDE_POINTER : x - BESIDE_POINTER - w, area.getMinY() + BELOW_BEYOND);
    }

    void hidePointed() {
        pointed.setVisible(false);
    }

    private static void put(Label label, double x, double y) {
        label.resizeRelocate(Math.rint(x), Math.rint(y), width(label), height(label));
    }

    private static double width(Region label) {
        return Math.ceil(label.prefWidth(-1));
    }

    private static double height(Region label) {
        return Math.ceil(label.prefHeight(-1));
    }
}
