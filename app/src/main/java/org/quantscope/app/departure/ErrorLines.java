package org.quantscope.app.departure;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import javafx.geometry.VPos;
import javafx.scene.canvas.GraphicsContext;
import javafx.scene.layout.Region;
import javafx.scene.paint.Color;
import javafx.scene.text.TextAlignment;
import org.quantscope.app.departure.CompareState.Form;
import org.quantscope.app.departure.CompareState.Row;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.Fonts;
import org.quantscope.app.ui.Palette;
import org.quantscope.app.ui.PulseCanvas;

/**
 * The error along the network, in dB from the first tensor to the last: what is measured, and dashed what the deployed
 * grids explain. A second form has a line of its own with square marks. The upright line is the first departure. A click
 * chooses the tensor under it.
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
    private List<String> names = List.of();
    private Map<String, Row> one = Map.of();
    private Map<String, Row> two = Map.of();
    private String chosen = "";

    /** @param choose takes the name of a tensor */
    ErrorLines(Palette palette, Consumer<String> choose) {
        this.palette = palette;
        setId("compare-chart");
        setMinHeight(LEAST_HEIGHT);
        getChildren().add(canvas);
        setOnMouseClicked(e -> {
            if (!names.isEmpty()) {
                double width = getWidth() - LEFT - RIGHT;
                long at = Math.round((e.getX() - LEFT) / Math.max(1, width) * Math.max(1, names.size() - 1));
                choose.accept(names.get(Math.clamp(at, 0, names.size() - 1)));
            }
        });
    }

    void setPalette(Palette next) {
        palette = next;
        canvas.touch();
    }

    /**
     * @param first a form; its tensors that have a counterpart are drawn
     * @param second another; with no rows if there is none
     */
    void show(Form first, Form second) {
        one = compared(first);
        two = compared(second);
        names = together(List.copyOf(one.keySet()), List.copyOf(two.keySet()));
        setAccessibleText(
                names.isEmpty()
                        ? "Nothing is compared yet"
                        : "Error along the network over " + names.size() + " tensors, " + last("", one)
                                + (two.isEmpty() ? "" : "; " + last("of the second form ", two)));
        canvas.touch();
    }

    private static Map<String, Row> compared(Form form) {
        Map<String, Row> rows = new LinkedHashMap<>();
        form.rows().stream().filter(Row::isCompared).forEach(r -> rows.put(r.name(), r));
        return rows;
    }

    /** Two lists in graph order as one: what only the second has comes behind what stands before it there. */
    static List<String> together(List<String> first, List<String> second) {
        List<String> all = new ArrayList<>(first);
        int at = 0;
        for (String name : second) {
            int found = all.indexOf(name);
            if (found < 0) {
                all.add(at, name);
                at++;
            } else {
                at = found + 1;
            }
        }
        return all;
    }

    private static String last(String form, Map<String, Row> rows) {
        return rows.values().stream()
                .reduce((a, b) -> b)
                .map(r -> form + "at the last one " + Figures.decibels(r.error()) + ", explained "
                        + Figures.decibels(r.explained()))
                .orElse("none");
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
        double[] all = Stream.concat(one.values().stream(), two.values().stream())
                .flatMapToDouble(r -> DoubleStream.concat(finite(r.error()), finite(r.explained())))
                .toArray();
        if (all.length == 0) {
            g.setFill(palette.muted());
            g.setTextAlign(TextAlignment.CENTER);
            g.setTextBaseline(VPos.CENTER);
            g.fillText(
                    names.isEmpty() ? "the error along the network, in dB" : "all values are equal",
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
        line(g, true, Row::error, false, width, height, lo, hi);
        line(g, false, Row::error, false, width, height, lo, hi);
        // On top: where they are equal, all are seen.
        line(g, true, Row::explained, true, width, height, lo, hi);
        line(g, false, Row::explained, true, width, height, lo, hi);
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

    /** From right to left, as wide as its words are. */
    private void key(GraphicsContext g, double width) {
        g.setTextAlign(TextAlignment.RIGHT);
        g.setTextBaseline(VPos.CENTER);
        boolean both = !two.isEmpty();
        double x = LEFT + width;
        x = entry(g, x, "explained by quantization", both ? palette.muted() : palette.quantized(), true, false);
        if (both) {
            x = entry(g, x, "second form", palette.quantized(), false, true);
        }
        entry(g, x, both ? "first form" : "measured", palette.hand(), false, false);
    }

    /** Writes one entry that ends at {@code x}, and says where the next one ends. */
    private static double entry(
            GraphicsContext g, double x, String words, Color colour, boolean dashed, boolean square) {
        double y = TOP - 2 * TICK;
        g.setFill(colour);
        g.fillText(words, x, y);
        double to = x - words.length() * TEXT * 0.6 - TICK;
        g.setStroke(colour);
        stroke(g, dashed);
        g.strokeLine(to - KEY, y, to, y);
        whole(g);
        if (!dashed) {
            mark(g, to - KEY / 2, y, DOT, square);
        }
        return to - KEY - 2 * TICK;
    }

    private static void stroke(GraphicsContext g, boolean dashed) {
        g.setLineWidth(dashed ? 1 : 2);
        if (dashed) {
            g.setLineDashes(TICK, TICK / 2);
        }
    }

    private static void whole(GraphicsContext g) {
        g.setLineDashes();
        g.setLineWidth(1);
    }

    private static void mark(GraphicsContext g, double x, double y, double r, boolean square) {
        if (square) {
            g.fillRect(x - r, y - r, 2 * r, 2 * r);
        } else {
            g.fillOval(x - r, y - r, 2 * r, 2 * r);
        }
    }

    private void upright(GraphicsContext g, double width, double height) {
        for (int i = 0; i < names.size(); i++) {
            double x = x(i, width);
            String name = names.get(i);
            if (Stream.of(one, two)
                    .anyMatch(form -> form.containsKey(name) && form.get(name).first())) {
                g.setStroke(palette.badText());
                g.strokeLine(x, TOP, x, TOP + height);
            } else if (name.equals(chosen)) {
                g.setStroke(palette.muted());
                g.strokeLine(x, TOP, x, TOP + height);
            }
        }
    }

    private void line(
            GraphicsContext g,
            boolean second,
            Function<Row, OptionalDouble> figure,
            boolean dashed,
            double width,
            double height,
            double lo,
            double hi) {
        Map<String, Row> form = second ? two : one;
        Color colour = second || (dashed && two.isEmpty()) ? palette.quantized() : palette.hand();
        g.setStroke(colour);
        g.setFill(colour);
        stroke(g, dashed);
        g.beginPath();
        boolean open = false;
        for (int i = 0; i < names.size(); i++) {
            Row row = form.get(names.get(i));
            OptionalDouble v = row == null ? OptionalDouble.empty() : figure.apply(row);
            // What another form alone has is passed by; a figure that is not finite breaks the line.
            if (finite(v).findAny().isEmpty()) {
                open = open && row == null;
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
        whole(g);
        if (!dashed) {
            for (int i = 0; i < names.size(); i++) {
                Row row = form.get(names.get(i));
                if (row != null && finite(figure.apply(row)).findAny().isPresent()) {
                    double y = y(figure.apply(row).getAsDouble(), height, lo, hi);
                    mark(g, x(i, width), y, row.departs() ? 2 * DOT : DOT, second);
                }
            }
        }
    }

    private static DoubleStream finite(OptionalDouble v) {
        return v.stream().filter(Double::isFinite);
    }

    private double x(int i, double width) {
        return names.size() < 2 ? LEFT + width / 2 : LEFT + width * i / (names.size() - 1);
    }

    private static double y(double db, double height, double lo, double hi) {
        return TOP + height * (1 - (db - lo) / (hi - lo));
    }
}
