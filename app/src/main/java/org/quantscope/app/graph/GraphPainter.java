package org.quantscope.app.graph;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import javafx.geometry.VPos;
import javafx.scene.canvas.GraphicsContext;
import javafx.scene.paint.Color;
import javafx.scene.text.Font;
import javafx.scene.text.TextAlignment;
import org.quantscope.app.graph.LayeredLayout.Point;
import org.quantscope.app.tensors.ShownSensitivity;
import org.quantscope.app.tensors.TensorRow;
import org.quantscope.app.ui.Figures;
import org.quantscope.app.ui.Fonts;
import org.quantscope.app.ui.Palette;
import org.quantscope.core.tensor.TensorId;

/** Paints a model: boxes coloured by the sensitivity of their tensors, and the lines between them. */
final class GraphPainter {
    private static final List<Optional<ShownSensitivity.Level>> FAR_ORDER = Stream.concat(
                    Stream.of(Optional.<ShownSensitivity.Level>empty()),
                    Arrays.stream(ShownSensitivity.Level.values()).map(Optional::of))
            .toList();
    /** Below this scale a box is only a few pixels, and specks are painted. */
    private static final double FAR = 0.1;
    /** Below this scale no lines are painted, because they would cover everything. */
    private static final double NO_LINES = 0.02;
    /** The least size of a speck in pixels. */
    private static final double SPECK = 2;

    private static final double FONT = 11;
    private static final double ARC = 6;
    private static final double GLYPH = 8;
    private static final double PAD = 9;
    private static final double TINT = 0.16;
    private static final double DIM = 0.45;
    private static final int LONGEST_NAME = 22;
    private static final double LEGIBLE = 0.55;

    private final Font letters = Font.font(Fonts.SANS, FONT);
    private final Function<TensorId, String> shortName;

    /**
     * What to paint, and how it is scrolled and zoomed.
     *
     * @param left left edge of the drawing in pixels
     * @param top upper edge of the drawing in pixels
     * @param scale pixels per unit of the drawing
     * @param hovered the box under the pointer
     * @param found the boxes in which the sought text is found
     */
    record Sight(
            GraphViewModel.Drawn view,
            double left,
            double top,
            double scale,
            Optional<ModelDrawing.Box> hovered,
            Set<ModelDrawing.Box> found,
            boolean focused) {}

    /** @param shortName the name of a tensor to write in a box */
    GraphPainter(Function<TensorId, String> shortName) {
        this.shortName = shortName;
    }

    /** Paints on an empty canvas. */
    void paint(GraphicsContext g, Palette p, Sight sight) {
        ModelDrawing drawing = sight.view.drawing();
        GraphViewModel.Drawn v = sight.view;
        double scale = sight.scale;
        g.save();
        g.translate(sight.left, sight.top);
        g.scale(scale, scale);
        double x0 = -sight.left / scale;
        double y0 = -sight.top / scale;
        double x1 = x0 + g.getCanvas().getWidth() / scale;
        double y1 = y0 + g.getCanvas().getHeight() / scale;
        if (scale >= NO_LINES) {
            g.setStroke(p.muted());
            g.setLineWidth(Math.max(1, 0.7 / scale));
            g.setGlobalAlpha(0.6);
            g.beginPath();
            for (ModelDrawing.Line line : drawing.lines()) {
                if (line.meets(x0, y0, x1, y1)) {
                    trace(g, line.points(), scale, drawing.way());
                }
            }
            g.stroke();
            g.setGlobalAlpha(1);
        }
        if (scale < FAR) {
            paintFar(g, p, sight, x0, y0, x1, y1);
        } else {
            for (int i = 0; i < drawing.boxes().size(); i++) {
                ModelDrawing.Box box = drawing.boxes().get(i);
                if (box.meets(x0, y0, x1, y1)) {
                    paint(g, p, sight, box, v.worst().get(i));
                }
            }
        }
        g.restore();
        if (sight.focused) {
            g.setStroke(p.hand());
            g.setLineWidth(1);
            g.strokeRect(0.5, 0.5, g.getCanvas().getWidth() - 1, g.getCanvas().getHeight() - 1);
        }
    }

    /** Draws a line that leaves a box straight on and enters the next one straight on; from far away a polyline. */
    private static void trace(GraphicsContext g, List<Point> points, double scale, ModelDrawing.Way way) {
        Point from = points.getFirst();
        g.moveTo(from.x(), from.y());
        for (int i = 1; i < points.size(); i++) {
            Point to = points.get(i);
            if (scale < LEGIBLE) {
                g.lineTo(to.x(), to.y());
            } else if (way == ModelDrawing.Way.RIGHT) {
                double middle = (from.x() + to.x()) / 2;
                g.bezierCurveTo(middle, from.y(), middle, to.y(), to.x(), to.y());
            } else {
                double middle = (from.y() + to.y()) / 2;
                g.bezierCurveTo(from.x(), middle, to.x(), middle, to.x(), to.y());
            }
            from = to;
        }
    }

    /**
     * Paints every box as a speck: those in float first, the worst last. Of several neighbours on the same pixels one
     * is painted.
     */
    private static void paintFar(
            GraphicsContext g, Palette p, Sight sight, double x0, double y0, double x1, double y1) {
        ModelDrawing drawing = sight.view.drawing();
        List<Optional<TensorRow>> worst = sight.view.worst();
        double scale = sight.scale;
        for (Optional<ShownSensitivity.Level> level : FAR_ORDER) {
            g.setFill(level.map(l -> colour(p, l)).orElse(p.line()));
            long lastX = -1;
            long lastY = -1;
            for (int i = 0; i < drawing.boxes().size(); i++) {
                ModelDrawing.Box box = drawing.boxes().get(i);
                if (box.meets(x0, y0, x1, y1)
                        && worst.get(i).map(TensorRow::level).equals(level)) {
                    long x = (long) (box.x() * scale);
                    long y = (long) (box.y() * scale);
                    if (x != lastX || y != lastY) {
                        g.fillRect(
                                box.x(),
                                box.y(),
                                Math.max(box.width(), SPECK / scale),
                                Math.max(box.height(), SPECK / scale));
                    }
                    lastX = x;
                    lastY = y;
                }
            }
        }
        sight.found.forEach(box -> ring(g, p, box, scale));
        sight.view.selected().flatMap(drawing::carrier).ifPresent(box -> {
            g.setStroke(p.hand());
            g.setLineWidth(2 / scale);
            double around = 3 / scale;
            g.strokeRect(
                    box.x() - around,
                    box.y() - around,
                    Math.max(box.width(), SPECK / scale) + 2 * around,
                    Math.max(box.height(), SPECK / scale) + 2 * around);
        });
    }

    private static Color colour(Palette p, ShownSensitivity.Level level) {
        return switch (level) {
            case GOOD -> p.good();
            case FAIR -> p.fair();
            case BAD -> p.bad();
        };
    }

    private void paint(GraphicsContext g, Palette p, Sight sight, ModelDrawing.Box box, Optional<TensorRow> worst) {
        GraphViewModel.Drawn v = sight.view;
        double scale = sight.scale;
        boolean hand = v.selected().filter(box.tensors()::contains).isPresent();
        boolean carries = box.carries();
        ShownSensitivity.Level level = worst.map(TensorRow::level).orElse(ShownSensitivity.Level.GOOD);
        Color colour = worst.isEmpty() ? p.line() : colour(p, level);
        boolean previous = worst.flatMap(TensorRow::sensitivity)
                .map(ShownSensitivity::onlyPrevious)
                .orElse(false);
        g.setFill(p.raised());
        g.fillRoundRect(box.x(), box.y(), box.width(), box.height(), ARC, ARC);
        if (worst.isPresent() && level != ShownSensitivity.Level.GOOD) {
            g.setGlobalAlpha(scale < LEGIBLE ? 1 : previous ? TINT * DIM : TINT);
            g.setFill(colour);
            g.fillRoundRect(box.x(), box.y(), box.width(), box.height(), ARC, ARC);
            g.setGlobalAlpha(1);
        }
        g.setStroke(hand ? p.hand() : sight.hovered.filter(box::equals).isPresent() && carries ? p.text() : colour);
        g.setLineWidth(hand ? Math.max(2, 2 / scale) : Math.max(1, 0.7 / scale));
        g.strokeRoundRect(box.x(), box.y(), box.width(), box.height(), ARC, ARC);
        if (sight.found.contains(box)) {
            ring(g, p, box, scale);
        }
        if (box.block()) {
            // A second edge behind the box: there is more in it.
            g.setStroke(p.muted());
            g.setLineWidth(Math.max(1, 0.7 / scale));
            g.strokeLine(
                    box.x() + ARC, box.y() + box.height() + 3, box.x() + box.width() - ARC, box.y() + box.height() + 3);
        }
        if (scale < LEGIBLE) {
            return;
        }
        g.setTextBaseline(VPos.CENTER);
        g.setFont(letters);
        if (!carries) {
            g.setTextAlign(TextAlignment.CENTER);
            g.setFill(p.muted());
            g.fillText(shorten(box.operator()), box.x() + box.width() / 2, box.y() + box.height() / 2, box.width() - 4);
            return;
        }
        g.setTextAlign(TextAlignment.LEFT);
        double textLeft = box.x() + PAD;
        double first = box.y() + box.height() * 0.3;
        double second = box.y() + box.height() * 0.72;
        if (worst.isPresent()) {
            glyph(g, level, colour, textLeft, first - GLYPH / 2);
            textLeft += GLYPH + 5;
        }
        g.setFill(p.text());
        g.fillText(box.operator(), textLeft, first, box.width() - 2 * PAD);
        g.setFill(p.muted());
        g.fillText(
                shorten(
                        box.block() || box.tensors().isEmpty()
                                ? box.name()
                                : shortName.apply(worst.map(TensorRow::id)
                                        .orElse(box.tensors().getFirst()))),
                box.x() + PAD,
                second,
                box.width() - 2 * PAD);
        g.setTextAlign(TextAlignment.RIGHT);
        g.setFill(worst.isPresent() && level == ShownSensitivity.Level.BAD ? p.badText() : p.text());
        g.setGlobalAlpha(previous ? DIM : 1);
        g.fillText(figure(v, worst), box.x() + box.width() - PAD, first);
        g.setGlobalAlpha(1);
    }

    private static void ring(GraphicsContext g, Palette p, ModelDrawing.Box box, double scale) {
        double around = 3 / Math.min(1, scale);
        g.setStroke(p.text());
        g.setLineWidth(2 / Math.min(1, scale));
        g.strokeRoundRect(
                box.x() - around,
                box.y() - around,
                box.width() + 2 * around,
                box.height() + 2 * around,
                ARC + around,
                ARC + around);
    }

    private static String figure(GraphViewModel.Drawn v, Optional<TensorRow> worst) {
        if (worst.isEmpty()) {
            return "float";
        }
        TensorRow row = worst.get();
        return v.colours().swept()
                ? row.sensitivity()
                        .filter(d -> d.loss().isPresent())
                        .map(ShownSensitivity::change)
                        .orElse("…")
                : row.result().sqnrDb().isEmpty()
                        ? ""
                        : (row.result().exact() ? "" : Figures.ABOUT)
                                + Figures.decibels(
                                        OptionalDouble.of(row.result().sqnrDb().getAsDouble()));
    }

    /** The marks of the list of tensors, which differ in shape as well as in colour. */
    private static void glyph(GraphicsContext g, ShownSensitivity.Level level, Color colour, double x, double y) {
        g.setFill(colour);
        double half = GLYPH / 2;
        switch (level) {
            case GOOD -> g.fillOval(x, y, GLYPH, GLYPH);
            case FAIR ->
                g.fillPolygon(
                        new double[] {x + half, x + GLYPH, x + half, x},
                        new double[] {y, y + half, y + GLYPH, y + half},
                        4);
            case BAD -> g.fillPolygon(new double[] {x + half, x + GLYPH, x}, new double[] {y, y + GLYPH, y + GLYPH}, 3);
        }
    }

    /** Cuts a long name at its beginning, because the end says more. */
    private static String shorten(String name) {
        return name.length() <= LONGEST_NAME ? name : "…" + name.substring(name.length() - LONGEST_NAME + 1);
    }
}
