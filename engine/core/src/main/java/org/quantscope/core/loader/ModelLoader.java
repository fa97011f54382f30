package org.quantscope.core.loader;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.SortedMap;
import org.quantscope.core.model.Model;

/** Reads one file format. Stateless; one file and one line in {@link ModelLoaders}. */
public interface ModelLoader {
    /** Persisted; never renamed. */
    String id();

    String title();

    /** The published format description. */
    String source();

    /**
     * True if the content looks like this format. Never reads past the head and never trusts the extension.
     *
     * @param head the first bytes of the file, up to {@link ModelLoaders#HEAD_BYTES}
     * @param fileBytes size of the whole file
     */
    boolean matches(byte[] head, long fileBytes);

    /**
     * Reads the header, checks every length against the file, maps the values.
     *
     * @param withData false reads no values: the data of the tensors then only knows its type and count
     * @throws org.quantscope.core.io.BadInputException if the file is damaged, contradicts itself or holds something
     *     unsupported
     * @throws IOException if it cannot be read at all
     */
    Model load(Path file, boolean withData) throws IOException;

    /**
     * The files beside {@code file} that the model reads too, in shards or with external values; with links resolved,
     * by the path that the model gives, with {@code /}.
     *
     * @throws org.quantscope.core.io.BadInputException if one is missing or lies elsewhere
     */
    default SortedMap<String, Path> companions(Path file) throws IOException {
        return Collections.emptySortedMap();
    }
}
