package org.quantscope.app.departure;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.DoubleStream;
import javafx.geometry.VPos;
import javafx.scene.canvas.GraphicsContext;
import javafx.scene.layout.Region;
import javafx.scene.text.TextAlignment;
import org.quantscope.app.departure.CompareState.Row;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.Fonts;
import org.quantscope.app.ui.Palette;
import org.quantscope.app.ui.PulseCanvas;

/**
 * The error along the network, in dB from the first tensor to the last: what is measured, and dashed what the deployed
 * grids explain. The upright line is the first departure. A click chooses the tensor under it.
 */
final class ErrorLines extends Region {
    private static final double LEFT = 52;
    private static final double RIGHT = 12;
    private static final double TOP = 24;
    private static final double BOTTOM = 20;
    private static final double TEXT = 11;
    private static final double TICK = 6;
    private static final double DOT = 3;
    private static final double LEAST_HEIGHT = 150;
    private static final double LEAST_SPAN = 10;
    private static final int LINES = 4;
    private static final double KEY = 18;

    private final PulseCanvas canvas = new PulseCanvas(this::paint);
    private Palette palette;
    private List<Row> rows = List.of();
    private String chosen = "";

    /** @param choose takes the name of a tensor */
    ErrorLines(Palette palette, Consumer<String> choose) {
        this.palette = palette;
        setId("compare-chart");
        setMinHeight(LEAST_HEIGHT);
        getChildren().add(canvas);
        setOnMouseClicked(e -> {
            if (!rows.isEmpty()) {
                double width = getWidth() - LEFT - RIGHT;
                long at = Math.round((e.getX() - LEFT) / Math.max(1, width) * Math.max(1, rows.size() - 1));
                choose.accept(rows.get(Math.clamp(at, 0, rows.size() - 1)).name());
            }
        });
    }

    void setPalette(Palette next) {
        palette = next;
        canvas.touch();
    }

    /** @param compared the tensors that have a counterpart */
    void show(List<Row> compared) {
        rows = compared;
        setAccessibleText(
                compared.isEmpty()
                        ? "Nothing is compared yet"
                        : "Error along the network over " + compared.size() + " tensors, at the last one "
                                + Figures.decibels(compared.getLast().error()) + ", explained "
                                + Figures.decibels(compared.getLast().explained()));
        canvas.touch();
    }

    void choose(String name) {
        chosen = name;
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
        double[] all = rows.stream()
                .flatMapToDouble(r -> DoubleStream.concat(finite(r.error()), finite(r.explained())))
                .toArray();
        if (all.length == 0) {
            g.setFill(palette.muted());
            g.setTextAlign(TextAlignment.CENTER);
            g.setTextBaseline(VPos.CENTER);
            g.fillText(
                    rows.isEmpty() ? "the error along the network, in dB" : "all values are equal",
                    LEFT + width / 2,
                    TOP + height / 2);
            return;
        }
        double lo = Math.floor(Arrays.stream(all).min().orElse(0) / LEAST_SPAN) * LEAST_SPAN;
        double hi = Math.max(lo + LEAST_SPAN, Math.ceil(Arrays.stream(all).max().orElse(0) / LEAST_SPAN) * LEAST_SPAN);
        g.setStroke(palette.line());
        g.setFill(palette.muted());
        g.setTextAlign(TextAlignment.RIGHT);
        g.setTextBaseline(VPos.CENTER);
        for (int i = 0; i <= LINES; i++) {
            double db = lo + (hi - lo) * i / LINES;
            double y = Math.round(y(db, height, lo, hi)) + 0.5;
            g.strokeLine(LEFT, y, LEFT + width, y);
            g.fillText(Figures.small(db), LEFT - TICK, y);
        }
        upright(g, width, height);
        line(g, Row::error, false, width, height, lo, hi);
        // On top: where the two are equal, both are seen.
        line(g, Row::explained, true, width, height, lo, hi);
        key(g, width);
        g.setFill(palette.muted());
        g.setTextBaseline(VPos.TOP);
        g.setTextAlign(TextAlignment.LEFT);
        g.fillText("input", LEFT, TOP + height + TICK);
        g.setTextAlign(TextAlignment.RIGHT);
        g.fillText("output", LEFT + width, TOP + height + TICK);
        g.setTextAlign(TextAlignment.LEFT);
        g.setTextBaseline(VPos.BOTTOM);
        g.fillText("SQNR, dB", TICK, TOP - TICK);
    }

    private void key(GraphicsContext g, double width) {
        g.setTextAlign(TextAlignment.RIGHT);
        g.setTextBaseline(VPos.CENTER);
        double y = TOP - 2 * TICK;
        double x = LEFT + width;
        g.setFill(palette.quantized());
        g.fillText("explained by quantization", x, y);
        double text = "explained by quantization".length() * TEXT * 0.6;
        g.setStroke(palette.quantized());
        g.setLineDashes(TICK, TICK / 2);
        g.strokeLine(x - text - KEY - TICK, y, x - text - TICK, y);
        g.setLineDashes();
        double left = x - text - KEY - 4 * TICK;
        g.setFill(palette.hand());
        g.fillText("measured", left, y);
        double word = "measured".length() * TEXT * 0.6;
        g.setStroke(palette.hand());
        g.setLineWidth(2);
        g.strokeLine(left - word - KEY - TICK, y, left - word - TICK, y);
        g.setLineWidth(1);
    }

    private void upright(GraphicsContext g, double width, double height) {
        for (int i = 0; i < rows.size(); i++) {
            double x = x(i, width);
            if (rows.get(i).first()) {
                g.setStroke(palette.badText());
                g.strokeLine(x, TOP, x, TOP + height);
            } else if (rows.get(i).name().equals(chosen)) {
                g.setStroke(palette.muted());
                g.strokeLine(x, TOP, x, TOP + height);
            }
        }
    }

    private void line(
            GraphicsContext g,
            Function<Row, OptionalDouble> figure,
            boolean dashed,
            double width,
            double height,
            double lo,
            double hi) {
        g.setStroke(dashed ? palette.quantized() : palette.hand());
        g.setFill(dashed ? palette.quantized() : palette.hand());
        g.setLineWidth(dashed ? 1 : 2);
        if (dashed) {
            g.setLineDashes(TICK, TICK / 2);
        }
        g.beginPath();
        boolean open = false;
        for (int i = 0; i < rows.size(); i++) {
            OptionalDouble v = figure.apply(rows.get(i));
            if (finite(v).findAny().isEmpty()) {
                open = false;
                continue;
            }
            double x = x(i, width);
            double y = y(v.getAsDouble(), height, lo, hi);
            if (open) {
                g.lineTo(x, y);
            } else {
                g.moveTo(x, y);
            }
            open = true;
        }
        g.stroke();
        g.setLineDashes();
        g.setLineWidth(1);
        if (!dashed) {
            for (int i = 0; i < rows.size(); i++) {
                OptionalDouble v = figure.apply(rows.get(i));
                if (finite(v).findAny().isPresent()) {
                    double r = rows.get(i).departs() ? 2 * DOT : DOT;
                    g.fillOval(x(i, width) - r, y(v.getAsDouble(), height, lo, hi) - r, 2 * r, 2 * r);
                }
            }
        }
    }

    private static DoubleStream finite(OptionalDouble v) {
        return v.stream().filter(Double::isFinite);
    }

    private double x(int i, double width) {
        return rows.size() < 2 ? LEFT + width / 2 : LEFT + width * i / (rows.size() - 1);
    }

    private static double y(double db, double height, double lo, double hi) {
        return TOP + height * (1 - (db - lo) / (hi - lo));
    }
}
