package org.quantscope.core.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.quantscope.core.plot.Plot;

/**
 * A report as sections of text, tables and figures, whatever file it is written to.
 *
 * @param note one line below the title
 */
public record Report(String title, String note, List<Section> sections) {
    public Report {
        sections = List.copyOf(sections);
    }

    public record Section(String title, List<Block> blocks) {
        public Section {
            blocks = List.copyOf(blocks);
        }
    }

    /** A part of a section. */
    public sealed interface Block {}

    /** A paragraph. */
    public record Words(String text) implements Block {}

    /**
     * A table.
     *
     * @param head the names of the columns; may be empty
     * @param rows as wide as the head, if there is one
     */
    public record Table(List<String> head, List<List<Cell>> rows) implements Block {
        public Table {
            head = List.copyOf(head);
            rows = rows.stream().map(List::copyOf).toList();
        }
    }

    /** A cell of a table: a text, or a figure. */
    public record Cell(String text, Optional<ReportFigure> figure) {
        static Cell of(String text) {
            return new Cell(text, Optional.empty());
        }

        /** A figure, or a dash where there is none. */
        static Cell of(Optional<ReportFigure> figure) {
            return new Cell(figure.map(ReportFigure::text).orElse("–"), figure);
        }
    }

    /** A drawn figure. */
    public record Picture(Plot plot) implements Block {}

    /** A command for a shell, one line. */
    public record CommandLine(String text) implements Block {}

    /** All numbers in it, in the order in which they stand. */
    public List<ReportFigure> figures() {
        List<ReportFigure> all = new ArrayList<>();
        for (Section section : sections) {
            for (Block block : section.blocks) {
                if (block instanceof Table table) {
                    table.rows.forEach(row -> row.forEach(cell -> cell.figure.ifPresent(all::add)));
                }
            }
        }
        return all;
    }
}
