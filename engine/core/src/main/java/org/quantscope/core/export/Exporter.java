package org.quantscope.core.export;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.quant.OptionDoc;

/** Writes one target format. Stateless; one file and one line in {@link Exporters}. */
public interface Exporter {
    /** Persisted; never renamed. */
    String id();

    String title();

    List<OptionDoc> options();

    /** The published format description. */
    String source();

    /** The usual file name ending, with its dot. */
    String extension();

    /** What the target will not take as it is, in the order of the tensors; empty if it is ready. */
    List<ExportProblem> check(ExportPlan plan);

    /**
     * Writes to {@code file} itself; {@link Exporters#export} hands in a temporary one and moves it into place.
     *
     * @return every file written, {@code file} first
     */
    List<Path> write(ExportPlan plan, Path file, CancelToken cancel) throws IOException;
}
