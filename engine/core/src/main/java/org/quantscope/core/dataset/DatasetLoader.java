package org.quantscope.core.dataset;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;

/** Opens one kind of data. Registered in {@link Datasets}. Sizes are checked before memory is allocated for them. */
interface DatasetLoader {
    /** For messages; never renamed. */
    String id();

    /** The kind of data, for a person. */
    String title();

    /** Where the format is described. */
    String source();

    /**
     * True if this is a file or folder of its kind. Loaders are asked in the order of the registry.
     *
     * @param head the first bytes of a file, {@link Datasets#HEAD_BYTES} or all there are; empty for a folder
     */
    boolean matches(Path file, byte[] head) throws IOException;

    /**
     * @throws BadInputException if it is damaged, contradicts itself or does not fit its sidecar
     * @throws IOException if it cannot be read at all
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    Samples open(Path file, Sidecar sidecar, CancelToken cancel) throws IOException;

    /** The files beside the data that are read with it; without its sidecar. */
    default List<Path> companions(Path file, Sidecar sidecar) throws IOException {
        return List.of();
    }
}
