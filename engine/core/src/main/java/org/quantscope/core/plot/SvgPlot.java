package org.quantscope.core.plot;

import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.quantscope.core.plot.Drawing.Box;
import org.quantscope.core.plot.Drawing.Dot;
import org.quantscope.core.plot.Drawing.Shape;
import org.quantscope.core.plot.Drawing.Stroke;
import org.quantscope.core.plot.Drawing.Words;
import org.quantscope.core.plot.Plot.Spot;

/** A figure as SVG: a part of a page whose style gives the colours, or a file of its own. */
public final class SvgPlot {
    private static final double WIDTH = 640;
    private static final double HEIGHT = 260;
    /** Height of the title of a figure by itself, and the size of its letters. */
    private static final double TITLE = 22;

    private static final double TITLE_SIZE = 13;
    private static final double LEFT = 8;

    private SvgPlot() {}

    /** Gives each meaning its colour, light and dark. */
    public static final String STYLE = style();

    private static String light() {
        StringBuilder light = new StringBuilder();
        for (Ink ink : Ink.values()) {
            light.append('.')
                    .append(name(ink))
                    .append("{color:")
                    .append(ink.light())
                    .append('}');
        }
        return light.toString();
    }

    private static String style() {
        StringBuilder dark = new StringBuilder();
        for (Ink ink : Ink.values()) {
            dark.append('.')
                    .append(name(ink))
                    .append("{color:")
                    .append(ink.dark())
                    .append('}');
        }
        return light() + "\n@media screen and (prefers-color-scheme:dark){" + dark + "}\n";
    }

    /** For a page with {@link #STYLE}. */
    public static String inPage(Plot plot) {
        return head(HEIGHT) + "<title>" + Markup.escape(plot.title()) + "</title>\n"
                + shapes(plot, ink -> "currentColor") + "</svg>\n";
    }

    /**
     * A file of its own, on a light ground: figures one below the other, each under its title. It needs no style, font or
     * file beside it.
     */
    public static String alone(List<Plot> figures) {
        StringBuilder svg = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        svg.append(head(figures.size() * (HEIGHT + TITLE)));
        svg.append("<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
        double top = 0;
        for (Plot plot : figures) {
            svg.append(String.format(Locale.ROOT, "<g transform=\"translate(0 %.0f)\">%n", top));
            svg.append("<title>").append(Markup.escape(plot.title())).append("</title>\n");
            svg.append(words(
                    new Words(Ink.TEXT, LEFT, TITLE - 4, TITLE_SIZE, Drawing.Anchor.START, false, plot.title()),
                    Ink.TEXT.light()));
            svg.append(String.format(Locale.ROOT, "<g transform=\"translate(0 %.0f)\">%n", TITLE));
            svg.append(shapes(plot, Ink::light)).append("</g>\n</g>\n");
            top += HEIGHT + TITLE;
        }
        return svg.append("</svg>\n").toString();
    }

    private static String head(double height) {
        return String.format(
                Locale.ROOT,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\""
                        + " role=\"img\" font-family=\"sans-serif\">%n",
                WIDTH,
                height,
                WIDTH,
                height);
    }

    /** @param colour of an ink */
    private static String shapes(Plot plot, Function<Ink, String> colour) {
        StringBuilder svg = new StringBuilder();
        for (Shape shape : Drawing.of(plot, WIDTH, HEIGHT).shapes()) {
            String paint = colour.apply(shape.ink());
            String how = " class=\"" + name(shape.ink()) + '"';
            svg.append(
                    switch (shape) {
                        case Stroke s ->
                            "<polyline" + how + " fill=\"none\" stroke=\"" + paint + "\" stroke-width=\"" + s.width()
                                    + '"' + (s.dashed() ? " stroke-dasharray=\"5 3\"" : "") + " points=\""
                                    + s.spots().stream().map(SvgPlot::pair).collect(Collectors.joining(" ")) + "\"/>\n";
                        case Box b ->
                            String.format(
                                    Locale.ROOT,
                                    "<rect%s fill=\"%s\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\"" + " height=\"%.2f\"/>%n",
                                    how,
                                    paint,
                                    b.x(),
                                    b.y(),
                                    b.width(),
                                    b.height());
                        case Dot d ->
                            String.format(
                                    Locale.ROOT,
                                    "<circle%s fill=\"%s\" cx=\"%.2f\" cy=\"%.2f\" r=\"%.1f\"/>%n",
                                    how,
                                    paint,
                                    d.x(),
                                    d.y(),
                                    d.radius());
                        case Words w -> words(w, paint);
                    });
        }
        return svg.toString();
    }

    private static String words(Words w, String paint) {
        String place = String.format(Locale.ROOT, "x=\"%.2f\" y=\"%.2f\"", w.x(), w.y());
        String turned =
                w.upright() ? String.format(Locale.ROOT, " transform=\"rotate(-90 %.2f %.2f)\"", w.x(), w.y()) : "";
        return "<text class=\"" + name(w.ink()) + "\" fill=\"" + paint + "\" " + place + turned + " font-size=\""
                + w.size()
                + "\" text-anchor=\"" + w.anchor().name().toLowerCase(Locale.ROOT) + "\">" + Markup.escape(w.text())
                + "</text>\n";
    }

    private static String pair(Spot spot) {
        return String.format(Locale.ROOT, "%.2f,%.2f", spot.x(), spot.y());
    }

    private static String name(Ink ink) {
        return "ink-" + ink.name().toLowerCase(Locale.ROOT);
    }
}
