package org.quantscope.app.configimport;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.scene.canvas.Canvas;
import javafx.scene.canvas.GraphicsContext;
import javafx.scene.layout.Region;
import javafx.scene.paint.Color;
import javafx.scene.text.Font;
import javafx.scene.text.TextAlignment;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.selected.HistogramData;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.Fonts;
import org.quantscope.app.ui.Palette;
import org.quantscope.app.ui.Theme;
import org.quantscope.core.quant.ClipRange;

/** The histogram of a tensor, and under it two ranges on the same axis. */
final class RangesView extends Region {
    private static final int BINS = 120;
    private static final double ROW = 22;
    private static final double BAR = 6;
    private static final double WORDS = 230;
    private static final double MARGIN = 0.04;
    private static final double TICKS = 4;
    private static final double GAP = 12;
    private static final int FONT = 11;

    private final ObjectProperty<Palette> palette = new SimpleObjectProperty<>(this, "palette", Theme.DARK.palette());
    private final Canvas canvas = new Canvas();
    private @Nullable HistogramData data;
    private Optional<ClipRange> present = Optional.empty();
    private Optional<ClipRange> imported = Optional.empty();

    RangesView() {
        setMinSize(240, 140);
        setPrefHeight(170);
        getChildren().add(canvas);
        canvas.setMouseTransparent(true);
        palette.addListener((o, was, is) -> paint());
    }

    ObjectProperty<Palette> paletteProperty() {
        return palette;
    }

    void show(@Nullable HistogramData values, Optional<ClipRange> now, Optional<ClipRange> then) {
        data = values;
        present = now;
        imported = then;
        setAccessibleText("Present range " + now.map(Figures::range).orElse("none") + ", imported range "
                + then.map(Figures::range).orElse("none"));
        paint();
    }

    @Override
    protected void layoutChildren() {
        if (canvas.getWidth() != getWidth() || canvas.getHeight() != getHeight()) {
            canvas.setWidth(getWidth());
            canvas.setHeight(getHeight());
            paint();
        }
    }

    private void paint() {
        GraphicsContext g = canvas.getGraphicsContext2D();
        double w = canvas.getWidth();
        double h = canvas.getHeight();
        g.clearRect(0, 0, w, h);
        List<ClipRange> ranges =
                Stream.of(present, imported).flatMap(Optional::stream).toList();
        if (w < WORDS + GAP || (data == null && ranges.isEmpty())) {
            return;
        }
        double from = data == null ? Double.POSITIVE_INFINITY : data.min();
        double to = data == null ? Double.NEGATIVE_INFINITY : data.max();
        for (ClipRange r : ranges) {
            from = Math.min(from, r.lo());
            to = Math.max(to, r.hi());
        }
        double margin = to > from ? (to - from) * MARGIN : Math.max(1e-6, Math.abs(to) / 2);
        from -= margin;
        to += margin;
        double bottom = h - 2 * ROW - TICKS;
        Palette p = palette.get();
        bars(g, from, to, w, bottom);
        g.setStroke(p.line());
        g.strokeLine(WORDS, bottom + 0.5, w, bottom + 0.5);
        range(g, "present", present, p.muted(), from, to, w, bottom + TICKS + ROW / 2);
        range(g, "imported", imported, p.hand(), from, to, w, bottom + TICKS + ROW + ROW / 2);
    }

    /** Paints the counts on a logarithmic axis, as in the histogram of the main window. */
    private void bars(GraphicsContext g, double from, double to, double w, double bottom) {
        if (data == null) {
            return;
        }
        double[] counts = data.histogram(from, to, BINS);
        double top = 1;
        for (double c : counts) {
            top = Math.max(top, Math.log1p(c));
        }
        g.setFill(palette.get().floats());
        double width = (w - WORDS) / BINS;
        for (int i = 0; i < BINS; i++) {
            double height = Math.log1p(counts[i]) / top * (bottom - 4);
            if (height > 0) {
                g.fillRect(WORDS + i * width, bottom - height, Math.max(1, width - 0.5), height);
            }
        }
    }

    private static void range(
            GraphicsContext g,
            String name,
            Optional<ClipRange> range,
            Color colour,
            double from,
            double to,
            double w,
            double y) {
        g.setFont(Font.font(Fonts.SANS, FONT + 1));
        g.setFill(colour);
        g.setTextAlign(TextAlignment.LEFT);
        g.fillText(name, 0, y + 4);
        g.setFont(Fonts.mono(FONT));
        g.setTextAlign(TextAlignment.RIGHT);
        g.fillText(range.map(Figures::range).orElse(Figures.NONE), WORDS - GAP, y + 4);
        if (range.isEmpty()) {
            return;
        }
        double a = WORDS + (range.get().lo() - from) / (to - from) * (w - WORDS);
        double b = WORDS + (range.get().hi() - from) / (to - from) * (w - WORDS);
        g.fillRoundRect(a, y - BAR / 2, Math.max(2, b - a), BAR, BAR, BAR);
        g.setStroke(colour);
        g.setLineWidth(1);
        g.setLineDashes(3, 3);
        g.strokeLine(Math.round(a) + 0.5, 0, Math.round(a) + 0.5, y);
        g.strokeLine(Math.round(b) - 0.5, 0, Math.round(b) - 0.5, y);
        g.setLineDashes();
    }
}
