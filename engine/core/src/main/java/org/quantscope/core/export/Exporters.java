package org.quantscope.core.export;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.quantscope.core.job.CancelToken;

/** Every export format, in the order in which they are offered. */
public final class Exporters {
    private static final List<Exporter> ALL = List.of();

    private Exporters() {}

    public static List<Exporter> all() {
        return ALL;
    }

    /** @throws IllegalArgumentException naming the id and the known ones */
    public static Exporter byId(String id) {
        throw new UnsupportedOperationException();
    }

    /**
     * Writes to a temporary file beside {@code target}, then moves it into place: a failure or a cancel leaves what was there.
     *
     * @return every file written, {@code target} first
     */
    public static List<Path> export(Exporter exporter, ExportPlan plan, Path target, CancelToken cancel) throws IOException {
        throw new UnsupportedOperationException();
    }
}
