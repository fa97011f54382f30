package org.quantscope.app.hold;

import java.util.List;
import org.quantscope.core.adaptive.AdaptiveComparison.Cell;
import org.quantscope.core.adaptive.AdaptiveComparison.Column;

/**
 * What the dialog shows.
 *
 * @param obstacle why nothing can be compared, a sentence; else empty
 * @param share of the work that is done, below 0 if it is not known
 * @param columns what was found so far, by data set
 * @param others names of the other data sets
 * @param stale true if the figures belong to earlier settings or data
 * @param notes what a person should know, in sentences
 */
public record AdaptiveState(
        String obstacle,
        boolean running,
        String doing,
        double share,
        List<Column> columns,
        List<String> others,
        boolean stale,
        List<String> notes) {
    public AdaptiveState {
        columns = List.copyOf(columns);
        others = List.copyOf(others);
        notes = List.copyOf(notes);
    }

    /** A line of the table. */
    public record Row(Column column, Cell cell) {}

    /** The lines of the table. */
    public List<Row> rows() {
        return columns.stream()
                .flatMap(c -> c.cells().stream().map(cell -> new Row(c, cell)))
                .toList();
    }
}
