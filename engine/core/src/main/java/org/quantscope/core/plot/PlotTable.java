package org.quantscope.core.plot;

import java.util.List;
import org.quantscope.core.plot.Plot.Bar;
import org.quantscope.core.plot.Plot.Series;
import org.quantscope.core.plot.Plot.Spot;

/** The numbers behind a figure as CSV (RFC 4180): one row for each point, bar or mark, with all digits. */
public final class PlotTable {
    private PlotTable() {}

    public static String csv(Plot plot) {
        StringBuilder rows = new StringBuilder("series,label,x,x_to,y\r\n");
        for (Series series : plot.series()) {
            switch (series) {
                case Plot.Line line -> spots(rows, line.name(), line.spots());
                case Plot.Points points -> spots(rows, points.name(), points.spots());
                case Plot.Bars bars -> {
                    for (Bar bar : bars.bars()) {
                        row(rows, bars.name(), bar.label(), number(bar.from()), number(bar.to()), number(bar.height()));
                    }
                }
                case Plot.Marks marks -> marks.at().forEach(at -> row(rows, marks.name(), "", number(at), "", ""));
            }
        }
        return rows.toString();
    }

    private static void spots(StringBuilder rows, String name, List<Spot> spots) {
        spots.forEach(spot -> row(rows, name, spot.label(), number(spot.x()), "", number(spot.y())));
    }

    private static void row(StringBuilder rows, String series, String label, String x, String to, String y) {
        rows.append(quoted(series))
                .append(',')
                .append(quoted(label))
                .append(',')
                .append(x)
                .append(',')
                .append(to)
                .append(',')
                .append(y)
                .append("\r\n");
    }

    /** Empty for a number that does not exist. */
    private static String number(double value) {
        return Double.isFinite(value) ? Double.toString(value) : "";
    }

    /** A name that a spreadsheet would take for a formula gets an apostrophe in front. */
    private static String quoted(String text) {
        String safe = !text.isEmpty() && "=+-@\t\r".indexOf(text.charAt(0)) >= 0 ? "'" + text : text;
        return safe.matches("[^\",\\r\\n]*") ? safe : '"' + safe.replace("\"", "\"\"") + '"';
    }
}
