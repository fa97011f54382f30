package org.quantscope.core.plot;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.quantscope.core.plot.Plot.Bar;
import org.quantscope.core.plot.Plot.Spot;

/**
 * The numbers of figures as CSV (RFC 4180): a line of headings with units for each figure, then a line for each point or
 * bar, in full precision. An empty line parts figures.
 */
public final class CsvPlot {
    private CsvPlot() {}

    /** All figures, one below the other. */
    public static String of(List<Plot> figures) {
        return figures.stream().map(CsvPlot::of).collect(Collectors.joining("\r\n"));
    }

    /**
     * One figure. The columns are {@code series}, the horizontal axis (two columns, from and to, if there are bars), the
     * vertical axis, and {@code label} if any has one. A field that does not exist is empty, as is a number that is not
     * finite.
     */
    public static String of(Plot plot) {
        boolean bars = plot.series().stream().anyMatch(Plot.Bars.class::isInstance);
        List<String[]> rows = new ArrayList<>();
        for (Plot.Series series : plot.series()) {
            switch (series) {
                case Plot.Line(String name, var ink, var dashed, List<Spot> spots) ->
                    spots.forEach(s -> rows.add(row(name, number(s.x()), "", number(s.y()), s.label())));
                case Plot.Points(String name, var ink, List<Spot> spots) ->
                    spots.forEach(s -> rows.add(row(name, number(s.x()), "", number(s.y()), s.label())));
                case Plot.Bars(String name, var ink, List<Bar> all) ->
                    all.forEach(
                            b -> rows.add(row(name, number(b.from()), number(b.to()), number(b.height()), b.label())));
                case Plot.Marks(String name, var ink, List<Double> at) ->
                    at.forEach(v -> rows.add(row(name, number(v), "", "", "")));
            }
        }
        boolean labels = rows.stream().anyMatch(r -> !r[4].isEmpty());
        rows.addFirst(row(
                "series",
                plot.x().title() + (bars ? ", from" : ""),
                plot.x().title() + ", to",
                plot.y().title(),
                "label"));
        StringBuilder csv = new StringBuilder();
        for (String[] r : rows) {
            csv.append(text(r[0])).append(',').append(text(r[1]));
            if (bars) {
                csv.append(',').append(text(r[2]));
            }
            csv.append(',').append(text(r[3]));
            if (labels) {
                csv.append(',').append(text(r[4]));
            }
            csv.append("\r\n");
        }
        return csv.toString();
    }

    private static String[] row(String series, String x, String to, String y, String label) {
        return new String[] {series, x, to, y, label.replace('\n', ' ')};
    }

    private static String number(double value) {
        return Double.isFinite(value)
                ? value == Math.rint(value) && Math.abs(value) < 1e15
                        ? Long.toString((long) value)
                        : Double.toString(value)
                : "";
    }

    /** A field; a text that a spreadsheet would take for a formula is kept one by a quotation mark before it. */
    private static String text(String field) {
        boolean number = field.matches("-?[0-9.]+(E-?[0-9]+)?");
        String safe = !number && !field.isEmpty() && "=+-@\t\r".indexOf(field.charAt(0)) >= 0 ? '\'' + field : field;
        return safe.matches("(?s).*[\",\r\n].*") ? '"' + safe.replace("\"", "\"\"") + '"' : safe;
    }
}
