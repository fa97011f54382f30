package org.quantscope.core.importer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.OptionDoc;

/** Reads the settings for one model from another tool's file. Stateless; one file and one line in {@link Importers}. */
public interface Importer {
    /** Persisted; never renamed; the same as that of the exporter of this format. */
    String id();

    String title();

    default List<OptionDoc> options() {
        return List.of();
    }

    /** The published format description. */
    String source();

    /**
     * Reads a file. Nothing is dropped silently: entries that cannot be used are listed as
     * {@linkplain Imported#unmatched unmatched}.
     *
     * @param model the model to be analysed
     * @throws org.quantscope.core.io.BadInputException naming the file, the field and the value
     * @throws IOException if the file cannot be read at all
     */
    Imported read(Path file, Model model, CancelToken cancel) throws IOException;
}
