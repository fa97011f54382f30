package org.quantscope.cli;

import java.util.ArrayList;
import java.util.List;
import org.quantscope.core.io.Invisible;

/** A table in plain text: numbers are aligned to the right, all else to the left, with two spaces between columns. */
final class Table {
    private final List<String> head;
    private final List<Boolean> right;
    private final List<List<String>> rows = new ArrayList<>();

    /** @param head names of the columns; {@code >} before a name aligns the column to the right and is not printed */
    Table(String... head) {
        this.head = List.of(head).stream()
                .map(h -> h.startsWith(">") ? h.substring(1) : h)
                .toList();
        this.right = List.of(head).stream().map(h -> h.startsWith(">")).toList();
    }

    Table row(String... cells) {
        rows.add(List.of(cells).stream().map(Invisible::escaped).toList());
        return this;
    }

    void print(Terminal terminal) {
        int[] width = new int[head.size()];
        for (int c = 0; c < width.length; c++) {
            width[c] = head.get(c).length();
            for (List<String> row : rows) {
                width[c] = Math.max(width[c], row.get(c).length());
            }
        }
        terminal.out().println(terminal.strong(line(head, width)));
        rows.forEach(row -> terminal.out().println(line(row, width)));
    }

    private String line(List<String> cells, int[] width) {
        StringBuilder line = new StringBuilder();
        for (int c = 0; c < width.length; c++) {
            String pad = " ".repeat(width[c] - cells.get(c).length());
            line.append(c == 0 ? "" : "  ").append(right.get(c) ? pad + cells.get(c) : cells.get(c) + pad);
        }
        return line.toString().stripTrailing();
    }
}
