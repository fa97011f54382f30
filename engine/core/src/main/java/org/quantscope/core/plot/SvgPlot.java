package org.quantscope.core.plot;

import java.util.Locale;
import java.util.stream.Collectors;
import org.quantscope.core.plot.Drawing.Box;
import org.quantscope.core.plot.Drawing.Dot;
import org.quantscope.core.plot.Drawing.Shape;
import org.quantscope.core.plot.Drawing.Stroke;
import org.quantscope.core.plot.Drawing.Words;
import org.quantscope.core.plot.Plot.Spot;

/** A figure as SVG, a part of a page whose style gives the colours. */
public final class SvgPlot {
    private static final double WIDTH = 640;
    private static final double HEIGHT = 260;

    private SvgPlot() {}

    /** Gives each meaning its colour, light and dark. */
    public static final String STYLE = style();

    private static String style() {
        StringBuilder light = new StringBuilder();
        StringBuilder dark = new StringBuilder();
        for (Ink ink : Ink.values()) {
            String name = '.' + name(ink) + "{color:";
            light.append(name).append(ink.light()).append('}');
            dark.append(name).append(ink.dark()).append('}');
        }
        return light + "\n@media screen and (prefers-color-scheme:dark){" + dark + "}\n";
    }

    /** For a page with {@link #STYLE}. */
    public static String inPage(Plot plot) {
        Drawing drawing = Drawing.of(plot, WIDTH, HEIGHT);
        StringBuilder svg = new StringBuilder(String.format(
                Locale.ROOT,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\""
                        + " role=\"img\" font-family=\"sans-serif\">%n",
                WIDTH,
                HEIGHT,
                WIDTH,
                HEIGHT));
        svg.append("<title>").append(Markup.escape(plot.title())).append("</title>\n");
        for (Shape shape : drawing.shapes()) {
            String how = " class=\"" + name(shape.ink()) + '"';
            svg.append(
                    switch (shape) {
                        case Stroke s ->
                            "<polyline" + how + " fill=\"none\" stroke=\"currentColor\" stroke-width=\"" + s.width()
                                    + '"' + (s.dashed() ? " stroke-dasharray=\"5 3\"" : "") + " points=\""
                                    + s.spots().stream().map(SvgPlot::pair).collect(Collectors.joining(" ")) + "\"/>\n";
                        case Box b ->
                            String.format(
                                    Locale.ROOT,
                                    "<rect%s fill=\"currentColor\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\""
                                            + " height=\"%.2f\"/>%n",
                                    how,
                                    b.x(),
                                    b.y(),
                                    b.width(),
                                    b.height());
                        case Dot d ->
                            String.format(
                                    Locale.ROOT,
                                    "<circle%s fill=\"currentColor\" cx=\"%.2f\" cy=\"%.2f\" r=\"%.1f\"/>%n",
                                    how,
                                    d.x(),
                                    d.y(),
                                    d.radius());
                        case Words w -> words(w, how);
                    });
        }
        return svg.append("</svg>\n").toString();
    }

    private static String words(Words w, String how) {
        String place = String.format(Locale.ROOT, "x=\"%.2f\" y=\"%.2f\"", w.x(), w.y());
        String turned =
                w.upright() ? String.format(Locale.ROOT, " transform=\"rotate(-90 %.2f %.2f)\"", w.x(), w.y()) : "";
        return "<text" + how + " fill=\"currentColor\" " + place + turned + " font-size=\"" + w.size()
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
