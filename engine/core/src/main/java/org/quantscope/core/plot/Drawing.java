package org.quantscope.core.plot;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.quantscope.core.plot.Plot.Axis;
import org.quantscope.core.plot.Plot.Bar;
import org.quantscope.core.plot.Plot.Scale;
import org.quantscope.core.plot.Plot.Series;
import org.quantscope.core.plot.Plot.Spot;

/**
 * A figure laid out: shapes in a rectangle, from its top left corner, in points. Whatever writes a figure writes these.
 *
 * @param shapes the later lie on top
 */
public record Drawing(double width, double height, List<Shape> shapes) {
    private static final double LEFT = 62;
    private static final double RIGHT = 14;
    private static final double TOP = 30;
    private static final double BOTTOM = 40;
    private static final double SMALL = 10;
    private static final double KEY_GAP = 16;
    /** Width of a letter beside its height, about. */
    private static final double LETTER = 0.55;

    private static final int MOST_LABELS = 24;

    public Drawing {
        shapes = List.copyOf(shapes);
    }

    /** Something drawn, in one colour. */
    public sealed interface Shape {
        Ink ink();
    }

    /** A line through points. */
    public record Stroke(Ink ink, double width, boolean dashed, List<Spot> spots) implements Shape {
        public Stroke {
            spots = List.copyOf(spots);
        }
    }

    /** A filled rectangle; {@code x} and {@code y} are its top left corner. */
    public record Box(Ink ink, double x, double y, double width, double height) implements Shape {}

    /** A filled circle. */
    public record Dot(Ink ink, double x, double y, double radius) implements Shape {}

    /** One line of text; {@code y} is its base line. */
    public record Words(Ink ink, double x, double y, double size, Anchor anchor, boolean upright, String text)
            implements Shape {}

    /** Which part of a text lies at its place. */
    public enum Anchor {
        START,
        MIDDLE,
        END
    }

    /** Lays a figure out in a rectangle of at least 200 × 120. */
    public static Drawing of(Plot plot, double width, double height) {
        if (!(width >= 200) || !(height >= 120)) {
            throw new IllegalArgumentException("size: at least 200 × 120, got " + width + " × " + height);
        }
        return new Drawing(width, height, new Layout(plot, width, height).shapes());
    }

    private record Layout(Plot plot, double width, double height) {
        List<Shape> shapes() {
            List<Shape> all = new ArrayList<>();
            axes(all);
            plot.series().forEach(series -> draw(all, series));
            key(all);
            return all;
        }

        private double x(double value) {
            return LEFT + plot.x().share(value) * (width - LEFT - RIGHT);
        }

        private double y(double value) {
            return height - BOTTOM - plot.y().share(value) * (height - TOP - BOTTOM);
        }

        private boolean isShown(double x, double y) {
            double slack = 0.5;
            return x >= LEFT - slack && x <= width - RIGHT + slack && y >= TOP - slack && y <= height - BOTTOM + slack;
        }

        private void axes(List<Shape> all) {
            double floor = height - BOTTOM;
            for (double tick : ticks(plot.y())) {
                double at = y(tick);
                all.add(new Stroke(Ink.LINE, 0.7, false, List.of(new Spot(LEFT, at), new Spot(width - RIGHT, at))));
                all.add(words(Ink.MUTED, LEFT - 5, at + 3.5, Anchor.END, label(tick)));
            }
            for (double tick : ticks(plot.x())) {
                double at = x(tick);
                all.add(new Stroke(Ink.MUTED, 0.7, false, List.of(new Spot(at, floor), new Spot(at, floor + 4))));
                all.add(words(Ink.MUTED, at, floor + 15, Anchor.MIDDLE, label(tick)));
            }
            all.add(new Stroke(Ink.MUTED, 0.9, false, List.of(new Spot(LEFT, floor), new Spot(width - RIGHT, floor))));
            all.add(words(
                    Ink.MUTED,
                    (LEFT + width - RIGHT) / 2,
                    height - 6,
                    Anchor.MIDDLE,
                    plot.x().title()));
            all.add(new Words(
                    Ink.MUTED,
                    11,
                    (TOP + floor) / 2,
                    SMALL,
                    Anchor.MIDDLE,
                    true,
                    plot.y().title()));
        }

        private void draw(List<Shape> all, Series series) {
            switch (series) {
                case Plot.Bars bars -> bars.bars().forEach(bar -> bar(all, bars.ink(), bar));
                case Plot.Marks marks ->
                    marks.at().stream()
                            .mapToDouble(this::x)
                            .filter(at -> isShown(at, TOP))
                            .forEach(at -> all.add(new Stroke(
                                    marks.ink(),
                                    1.2,
                                    true,
                                    List.of(new Spot(at, TOP), new Spot(at, height - BOTTOM)))));
                case Plot.Line line -> line(all, line);
                case Plot.Points points -> points(all, points);
            }
        }

        private void bar(List<Shape> all, Ink ink, Bar bar) {
            double from = Math.clamp(x(Math.min(bar.from(), bar.to())), LEFT, width - RIGHT);
            double to = Math.clamp(x(Math.max(bar.from(), bar.to())), LEFT, width - RIGHT);
            double floor = height - BOTTOM;
            double end = y(bar.height());
            double foot = plot.y().scale() == Scale.LOG ? floor : Math.clamp(y(0), TOP, floor);
            if (Double.isNaN(end) || to <= from) {
                return;
            }
            double top = Math.clamp(Math.min(end, foot), TOP, floor);
            // A value that is there is seen, however small.
            double tall = Math.max(bar.height() == 0 ? 0 : 1, Math.clamp(Math.max(end, foot), TOP, floor) - top);
            if (tall > 0) {
                all.add(new Box(ink, from, top, to - from, tall));
            }
        }

        private void line(List<Shape> all, Plot.Line line) {
            List<Spot> part = new ArrayList<>();
            for (Spot spot : line.spots()) {
                Spot at = new Spot(x(spot.x()), y(spot.y()));
                if (isShown(at.x(), at.y())) {
                    part.add(at);
                } else {
                    stroke(all, line, part);
                    part.clear();
                }
            }
            stroke(all, line, part);
        }

        private static void stroke(List<Shape> all, Plot.Line line, List<Spot> part) {
            if (part.size() > 1) {
                all.add(new Stroke(line.ink(), 1.6, line.dashed(), part));
            } else if (part.size() == 1) {
                all.add(new Dot(line.ink(), part.getFirst().x(), part.getFirst().y(), 1.6));
            }
        }

        private void points(List<Shape> all, Plot.Points points) {
            boolean labels = points.spots().size() <= MOST_LABELS;
            for (Spot spot : points.spots()) {
                double x = x(spot.x());
                double y = y(spot.y());
                if (!isShown(x, y)) {
                    continue;
                }
                all.add(new Dot(points.ink(), x, y, 3.2));
                if (labels && !spot.label().isEmpty()) {
                    boolean left = x > width * 0.72;
                    all.add(words(
                            Ink.TEXT, left ? x - 6 : x + 6, y - 4, left ? Anchor.END : Anchor.START, shortened(spot)));
                }
            }
        }

        private static String shortened(Spot spot) {
            return spot.label().length() <= 28 ? spot.label() : spot.label().substring(0, 27) + "…";
        }

        private void key(List<Shape> all) {
            double at = LEFT;
            for (Series series : plot.series()) {
                if (series.name().isEmpty()) {
                    continue;
                }
                switch (series) {
                    case Plot.Bars bars -> all.add(new Box(bars.ink(), at, 10, 9, 9));
                    case Plot.Points points -> all.add(new Dot(points.ink(), at + 5, 14.5, 3.2));
                    case Plot.Line line ->
                        all.add(new Stroke(
                                line.ink(), 1.6, line.dashed(), List.of(new Spot(at, 14.5), new Spot(at + 12, 14.5))));
                    case Plot.Marks marks ->
                        all.add(new Stroke(marks.ink(), 1.2, true, List.of(new Spot(at + 5, 9), new Spot(at + 5, 20))));
                }
                all.add(words(Ink.TEXT, at + KEY_GAP, 18, Anchor.START, series.name()));
                at += KEY_GAP + 18 + series.name().length() * SMALL * LETTER;
            }
        }

        private static Words words(Ink ink, double x, double y, Anchor anchor, String text) {
            return new Words(ink, x, y, SMALL, anchor, false, text);
        }
    }

    /** The values that an axis names: at most seven round ones, on a logarithmic axis powers of ten. */
    static List<Double> ticks(Axis axis) {
        List<Double> all = new ArrayList<>();
        if (axis.scale() == Scale.LOG) {
            int first = (int) Math.ceil(Math.log10(axis.lo()) - 1e-9);
            int last = (int) Math.floor(Math.log10(axis.hi()) + 1e-9);
            int step = Math.max(1, (last - first) / 6 + 1);
            for (int e = first; e <= last; e += step) {
                all.add(Math.pow(10, e));
            }
            if (all.size() < 2) {
                return List.of(axis.lo() * 1.001, Math.sqrt(axis.lo() * axis.hi()), axis.hi() / 1.001);
            }
            return all;
        }
        double lo = axis.scale() == Scale.ROOT ? 0 : axis.lo();
        double rough = (axis.hi() - lo) / 5;
        double power = Math.pow(10, Math.floor(Math.log10(rough)));
        double step = power * (rough / power > 5 ? 10 : rough / power > 2 ? 5 : rough / power > 1 ? 2 : 1);
        for (long i = (long) Math.ceil(lo / step - 1e-9); i * step <= axis.hi() + step * 1e-9 && all.size() < 12; i++) {
            all.add(i * step);
        }
        return all;
    }

    /** A value of an axis as a person reads it. */
    static String label(double value) {
        if (value == 0) {
            return "0";
        }
        double size = Math.abs(value);
        if (size >= 1e5 || size < 1e-3) {
            return String.format(Locale.ROOT, "%.2g", value).replaceAll("\\.0e", "e");
        }
        String text = String.format(
                Locale.ROOT, "%." + Math.clamp(3 - (int) Math.floor(Math.log10(size)), 0, 6) + "f", value);
        return text.contains(".") ? text.replaceAll("0+$", "").replaceAll("\\.$", "") : text;
    }
}
