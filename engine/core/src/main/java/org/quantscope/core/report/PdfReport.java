package org.quantscope.core.report;

import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Calendar;
import java.util.List;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.PDPage;
import org.apache.pdfbox.pdmodel.PDPageContentStream;
import org.apache.pdfbox.pdmodel.PDPageContentStream.AppendMode;
import org.apache.pdfbox.pdmodel.common.PDRectangle;
import org.apache.pdfbox.pdmodel.font.PDFont;
import org.apache.pdfbox.pdmodel.font.PDType1Font;
import org.apache.pdfbox.pdmodel.font.Standard14Fonts.FontName;
import org.apache.pdfbox.util.Matrix;
import org.quantscope.core.io.ProductVersion;
import org.quantscope.core.plot.Drawing;
import org.quantscope.core.plot.Drawing.Shape;
import org.quantscope.core.plot.Ink;
import org.quantscope.core.plot.Plot.Spot;
import org.quantscope.core.report.Report.Block;
import org.quantscope.core.report.Report.Cell;
import org.quantscope.core.report.Report.Section;

/**
 * A report as PDF on A4: the blocks of the report in their order, text that can be selected, figures as lines and
 * letters. The fonts are those that every reader of PDF has; a character that they lack is written as its number.
 */
final class PdfReport {
    private static final float WIDTH = PDRectangle.A4.getWidth();
    private static final float HEIGHT = PDRectangle.A4.getHeight();
    private static final float MARGIN = 45;
    private static final float INSIDE = WIDTH - 2 * MARGIN;
    private static final float BOTTOM = 55;
    private static final float SMALL = 8;
    private static final float TEXT = 9.5f;
    private static final float LEADING = 1.3f;
    private static final float GAP = 6;
    private static final double PICTURE_WIDTH = INSIDE;
    private static final double PICTURE_HEIGHT = 200;
    /** Steps of a circle drawn as cubic curves: 4/3·(√2 − 1). */
    private static final float ROUND = 0.5523f;

    private final PDDocument document;
    private final PDFont plain = new PDType1Font(FontName.HELVETICA);
    private final PDFont bold = new PDType1Font(FontName.HELVETICA_BOLD);
    private final PDFont fixed = new PDType1Font(FontName.COURIER);
    private PDPageContentStream page;
    private float y;

    private PdfReport(PDDocument document) throws IOException {
        this.document = document;
        this.page = begin();
    }

    /** Writes the report; the stream stays open. */
    static void write(Report report, OutputStream out) throws IOException {
        try (PDDocument document = new PDDocument()) {
            document.getDocumentInformation().setTitle(report.title());
            document.getDocumentInformation().setProducer("Quantscope " + ProductVersion.current());
            document.getDocumentInformation().setCreationDate(Calendar.getInstance());
            PdfReport pdf = new PdfReport(document);
            pdf.all(report);
            pdf.page.close();
            pdf.numberPages();
            document.save(out);
        }
    }

    private void all(Report report) throws IOException {
        paragraph(report.title(), bold, 17, Ink.TEXT);
        paragraph(report.note(), plain, TEXT, Ink.MUTED);
        for (Section section : report.sections()) {
            // A heading is never the last line of a page.
            room(70);
            y -= GAP;
            line(Ink.LINE, MARGIN, y, WIDTH - MARGIN, y, 0.7f);
            y -= GAP;
            paragraph(section.title(), bold, 12, Ink.TEXT);
            for (Block block : section.blocks()) {
                block(block);
            }
        }
    }

    private void block(Block block) throws IOException {
        switch (block) {
            case Report.Words words -> paragraph(words.text(), plain, TEXT, Ink.TEXT);
            case Report.CommandLine command -> paragraph(command.text(), fixed, SMALL, Ink.TEXT);
            case Report.Picture picture -> {
                room((float) PICTURE_HEIGHT + 30);
                paragraph(picture.plot().title(), plain, TEXT, Ink.MUTED);
                picture(Drawing.of(picture.plot(), PICTURE_WIDTH, PICTURE_HEIGHT));
            }
            case Report.Table table -> table(table);
        }
    }

    private PDPageContentStream begin() throws IOException {
        PDPage next = new PDPage(PDRectangle.A4);
        document.addPage(next);
        y = HEIGHT - MARGIN;
        return new PDPageContentStream(document, next);
    }

    /** Goes to the next page unless so much fits on this one. */
    private boolean room(float needed) throws IOException {
        if (y - needed >= BOTTOM) {
            return false;
        }
        page.close();
        page = begin();
        return true;
    }

    private void paragraph(String text, PDFont font, float size, Ink ink) throws IOException {
        for (String row : wrapped(text, font, size, INSIDE)) {
            room(size * LEADING);
            y -= size * LEADING;
            words(row, font, size, ink, MARGIN, y);
        }
        y -= GAP;
    }

    private void table(Report.Table table) throws IOException {
        List<List<Cell>> rows = new ArrayList<>();
        if (!table.head().isEmpty()) {
            rows.add(table.head().stream().map(Cell::of).toList());
        }
        rows.addAll(table.rows());
        if (rows.isEmpty()) {
            return;
        }
        float[] widths = widths(rows);
        boolean head = !table.head().isEmpty();
        for (int i = 0; i < rows.size(); i++) {
            boolean isHead = head && i == 0;
            float height = height(rows.get(i), widths);
            if (room(height) && head && !isHead) {
                row(rows.getFirst(), widths, Ink.MUTED);
            }
            row(rows.get(i), widths, isHead ? Ink.MUTED : Ink.TEXT);
        }
        y -= GAP;
    }

    /** Columns as wide as their longest cell, as long as all fit; else the wide ones share what the others leave. */
    private float[] widths(List<List<Cell>> rows) throws IOException {
        int columns = rows.stream().mapToInt(List::size).max().orElse(1);
        float[] wanted = new float[columns];
        for (List<Cell> row : rows) {
            for (int c = 0; c < row.size(); c++) {
                Cell cell = row.get(c);
                wanted[c] = Math.max(wanted[c], width(shown(cell.text(), plain), plain, SMALL) + 10);
            }
        }
        float left = INSIDE;
        int open = columns;
        float[] widths = new float[columns];
        boolean changed = true;
        while (changed && open > 0) {
            changed = false;
            float share = left / open;
            for (int c = 0; c < columns; c++) {
                if (widths[c] == 0 && wanted[c] <= share) {
                    widths[c] = Math.max(wanted[c], 1);
                    left -= widths[c];
                    open--;
                    changed = true;
                }
            }
        }
        for (int c = 0; c < columns; c++) {
            if (widths[c] == 0) {
                widths[c] = left / open;
            }
        }
        return widths;
    }

    private float height(List<Cell> row, float[] widths) throws IOException {
        int most = 1;
        for (int c = 0; c < row.size(); c++) {
            Cell cell = row.get(c);
            most = Math.max(
                    most, wrapped(cell.text(), plain, SMALL, widths[c] - 8).size());
        }
        return most * SMALL * LEADING + 4;
    }

    private void row(List<Cell> row, float[] widths, Ink ink) throws IOException {
        float height = height(row, widths);
        float x = MARGIN;
        for (int c = 0; c < row.size(); c++) {
            Cell cell = row.get(c);
            float at = y;
            for (String line : wrapped(cell.text(), plain, SMALL, widths[c] - 8)) {
                at -= SMALL * LEADING;
                float right = cell.figure().isPresent() ? widths[c] - 8 - width(line, plain, SMALL) : 0;
                words(line, plain, SMALL, ink, x + right, at);
            }
            x += widths[c];
        }
        y -= height;
        line(Ink.LINE, MARGIN, y, WIDTH - MARGIN, y, 0.4f);
    }

    private void picture(Drawing drawing) throws IOException {
        float top = y;
        for (Shape shape : drawing.shapes()) {
            colour(shape.ink());
            switch (shape) {
                case Drawing.Stroke stroke -> stroke(stroke, top);
                case Drawing.Box box -> {
                    page.addRect(
                            MARGIN + (float) box.x(),
                            top - (float) (box.y() + box.height()),
                            (float) box.width(),
                            (float) box.height());
                    page.fill();
                }
                case Drawing.Dot dot -> dot(MARGIN + (float) dot.x(), top - (float) dot.y(), (float) dot.radius());
                case Drawing.Words words -> words(words, top);
            }
        }
        y -= (float) drawing.height() + GAP;
    }

    private void stroke(Drawing.Stroke stroke, float top) throws IOException {
        page.setLineWidth((float) stroke.width());
        page.setLineDashPattern(stroke.dashed() ? new float[] {5, 3} : new float[0], 0);
        boolean first = true;
        for (Spot spot : stroke.spots()) {
            float x = MARGIN + (float) spot.x();
            float at = top - (float) spot.y();
            if (first) {
                page.moveTo(x, at);
            } else {
                page.lineTo(x, at);
            }
            first = false;
        }
        page.stroke();
        page.setLineDashPattern(new float[0], 0);
    }

    private void dot(float x, float at, float r) throws IOException {
        float k = r * ROUND;
        page.moveTo(x + r, at);
        page.curveTo(x + r, at + k, x + k, at + r, x, at + r);
        page.curveTo(x - k, at + r, x - r, at + k, x - r, at);
        page.curveTo(x - r, at - k, x - k, at - r, x, at - r);
        page.curveTo(x + k, at - r, x + r, at - k, x + r, at);
        page.fill();
    }

    private void words(Drawing.Words words, float top) throws IOException {
        String text = shown(words.text(), plain);
        float size = (float) words.size() * 0.85f;
        float wide = width(text, plain, size);
        float back = switch (words.anchor()) {
            case START -> 0;
            case MIDDLE -> wide / 2;
            case END -> wide;
        };
        float x = MARGIN + (float) words.x();
        float at = top - (float) words.y();
        page.beginText();
        page.setFont(plain, size);
        if (words.upright()) {
            page.setTextMatrix(new Matrix(0, 1, -1, 0, x, at - back));
        } else {
            page.newLineAtOffset(x - back, at);
        }
        page.showText(text);
        page.endText();
    }

    private void words(String text, PDFont font, float size, Ink ink, float x, float at) throws IOException {
        colour(ink);
        page.beginText();
        page.setFont(font, size);
        page.newLineAtOffset(x, at);
        page.showText(text);
        page.endText();
    }

    private void line(Ink ink, float x, float from, float to, float end, float width) throws IOException {
        colour(ink);
        page.setLineWidth(width);
        page.moveTo(x, from);
        page.lineTo(to, end);
        page.stroke();
    }

    private void colour(Ink ink) throws IOException {
        float[] rgb = ink.rgb();
        page.setStrokingColor(rgb[0], rgb[1], rgb[2]);
        page.setNonStrokingColor(rgb[0], rgb[1], rgb[2]);
    }

    private void numberPages() throws IOException {
        int pages = document.getNumberOfPages();
        for (int i = 0; i < pages; i++) {
            String text = "page " + (i + 1) + " of " + pages;
            try (PDPageContentStream last =
                    new PDPageContentStream(document, document.getPage(i), AppendMode.APPEND, true, true)) {
                page = last;
                words(text, plain, SMALL, Ink.MUTED, WIDTH - MARGIN - width(text, plain, SMALL), MARGIN - 15);
            }
        }
    }

    private static float width(String text, PDFont font, float size) throws IOException {
        return font.getStringWidth(text) / 1000 * size;
    }

    /** The text in lines no wider than that, broken at blanks, or anywhere in a word that is too long. */
    private static List<String> wrapped(String text, PDFont font, float size, float width) throws IOException {
        List<String> lines = new ArrayList<>();
        String left = shown(text, font).strip();
        while (!left.isEmpty()) {
            int end = fitting(left, font, size, width);
            if (end < left.length()) {
                int blank = left.lastIndexOf(' ', end);
                end = blank > 0 ? blank : end;
            }
            lines.add(left.substring(0, end));
            left = left.substring(end).strip();
        }
        return lines.isEmpty() ? List.of("") : lines;
    }

    /** How many of the first letters fit, at least one. */
    private static int fitting(String text, PDFont font, float size, float width) throws IOException {
        float sum = 0;
        for (int i = 0; i < text.length(); i++) {
            sum += width(text.substring(i, i + 1), font, size);
            if (sum > width) {
                return Math.max(1, i);
            }
        }
        return text.length();
    }

    /** The text in characters of the font: others are written as their number. */
    private static String shown(String text, PDFont font) {
        StringBuilder shown = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            String one = switch (c) {
                case '\n', '\t', '\r', 0xa0 -> " ";
                case '−' -> "-";
                case '≈' -> "~";
                case '→' -> "->";
                case 'µ', 'μ' -> "µ";
                default -> Character.toString(c);
            };
            shown.append(isIn(font, one) ? one : String.format("\\u{%X}", c));
        });
        return shown.toString();
    }

    private static boolean isIn(PDFont font, String one) {
        try {
            font.encode(one);
            return true;
        } catch (IOException | IllegalArgumentException e) {
            return false;
        }
    }
}
