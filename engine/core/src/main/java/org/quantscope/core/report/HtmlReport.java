package org.quantscope.core.report;

import java.util.List;
import org.quantscope.core.plot.Markup;
import org.quantscope.core.plot.SvgPlot;
import org.quantscope.core.report.Report.Block;
import org.quantscope.core.report.Report.Cell;
import org.quantscope.core.report.Report.Section;

/**
 * A report as one page of HTML: opens offline, runs no script, light or dark as the person's system is, light on paper.
 * Each figure stands in an element with {@code data-id}, {@code data-value} and, where it has them, {@code data-subject},
 * {@code data-unit}, {@code data-n}, {@code data-lo95} and {@code data-hi95}.
 */
public final class HtmlReport {
    private static final String STYLE = """
        :root{color-scheme:light dark}
        body{font:15px/1.5 system-ui,sans-serif;color:#1a2129;background:#f5f7f9;max-width:62em;margin:2em auto;padding:0 1em}
        h1{font-size:1.7em;margin:0;overflow-wrap:anywhere}
        h2{font-size:1.15em;border-top:1px solid #d9e0e6;padding-top:.8em;margin-top:1.8em}
        .note{color:#5d6a77}
        .wide{overflow-x:auto}
        table{border-collapse:collapse;margin:.6em 0}
        th,td{padding:.25em 1.2em .25em 0;text-align:left;vertical-align:top;border-bottom:1px solid #d9e0e6;overflow-wrap:anywhere}
        th{color:#5d6a77;font-weight:normal;font-size:.9em}
        td.f{font-family:ui-monospace,monospace;font-variant-numeric:tabular-nums;text-align:right;white-space:nowrap}
        pre{background:#f0f3f6;padding:.6em;overflow-x:auto;font-size:.9em;white-space:pre-wrap;overflow-wrap:anywhere}
        svg{display:block;margin:.8em 0;max-width:100%;height:auto}
        @media screen and (prefers-color-scheme:dark){
        body{color:#e6ebf0;background:#0f1419}h2,th,td{border-color:#2a333d}.note,th{color:#8b97a4}pre{background:#1b222b}}
        @media print{body{background:#fff;max-width:none;margin:0;font-size:10pt}h2{break-after:avoid}svg,tr{break-inside:avoid}.wide{overflow:visible}@page{margin:16mm}}
        """;

    private HtmlReport() {}

    public static String of(Report report) {
        StringBuilder body = new StringBuilder();
        body.append("<h1>")
                .append(Markup.escape(report.title()))
                .append("</h1>\n<p class=\"note\">")
                .append(Markup.escape(report.note()))
                .append("</p>\n");
        for (Section section : report.sections()) {
            body.append("<section>\n<h2>")
                    .append(Markup.escape(section.title()))
                    .append("</h2>\n");
            section.blocks().forEach(block -> block(body, block));
            body.append("</section>\n");
        }
        return Markup.page(report.title(), STYLE + SvgPlot.STYLE, body.toString());
    }

    private static void block(StringBuilder body, Block block) {
        switch (block) {
            case Report.Words words ->
                body.append("<p>").append(Markup.escape(words.text())).append("</p>\n");
            case Report.CommandLine command ->
                body.append("<pre><code>").append(Markup.escape(command.text())).append("</code></pre>\n");
            case Report.Picture picture ->
                body.append("<figure><figcaption>")
                        .append(Markup.escape(picture.plot().title()))
                        .append("</figcaption>\n")
                        .append(SvgPlot.inPage(picture.plot()))
                        .append("</figure>\n");
            case Report.Table table -> table(body, table);
        }
    }

    private static void table(StringBuilder body, Report.Table table) {
        body.append("<div class=\"wide\"><table>\n");
        if (!table.head().isEmpty()) {
            body.append("<tr>");
            table.head()
                    .forEach(name -> body.append("<th scope=\"col\">")
                            .append(Markup.escape(name))
                            .append("</th>"));
            body.append("</tr>\n");
        }
        for (List<Cell> row : table.rows()) {
            body.append("<tr>");
            row.forEach(cell -> cell(body, cell));
            body.append("</tr>\n");
        }
        body.append("</table></div>\n");
    }

    private static void cell(StringBuilder body, Cell cell) {
        if (cell.figure().isEmpty()) {
            body.append("<td>").append(Markup.escape(cell.text())).append("</td>");
            return;
        }
        ReportFigure figure = cell.figure().get();
        body.append("<td class=\"f\"");
        attribute(body, "id", figure.id());
        if (!figure.subject().isEmpty()) {
            attribute(body, "subject", figure.subject());
        }
        attribute(body, "value", Double.toString(figure.value()));
        if (!figure.unit().word().isEmpty()) {
            attribute(body, "unit", figure.unit().word());
        }
        figure.n().ifPresent(n -> attribute(body, "n", Long.toString(n)));
        figure.lo95().ifPresent(lo -> attribute(body, "lo95", Double.toString(lo)));
        figure.hi95().ifPresent(hi -> attribute(body, "hi95", Double.toString(hi)));
        body.append('>').append(Markup.escape(cell.text())).append("</td>");
    }

    private static void attribute(StringBuilder body, String name, String value) {
        body.append(" data-")
                .append(name)
                .append("=\"")
                .append(Markup.escape(value))
                .append('"');
    }
}
