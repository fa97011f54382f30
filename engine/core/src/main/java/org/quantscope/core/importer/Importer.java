package org.quantscope.core.importer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.OptionDoc;

/** Reads the settings in another tool's file for one model. Stateless; one file and one line in {@link Importers}. */
public interface Importer {
    /** Persisted; never renamed; that of the exporter of the same format. */
    String id();

    String title();

    default List<OptionDoc> options() {
        return List.of();
    }

    /** The published format description. */
    String source();

    /**
     * Reads a file. Nothing is dropped silently: what has no place in the model is {@linkplain Imported#unmatched unmatched}.
     *
     * @param model as it is to be analysed
     * @throws org.quantscope.core.io.BadInputException naming the file, the field and the value
     * @throws IOException if the file cannot be read at all
     */
    Imported read(Path file, Model model, CancelToken cancel) throws IOException;
}
