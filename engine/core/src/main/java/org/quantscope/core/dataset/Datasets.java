package org.quantscope.core.dataset;

import java.io.IOException;
import java.nio.file.Path;

/** Opens labelled data. */
public final class Datasets {
    private Datasets() {}

    /**
     * Opens an .npz with its sidecar {@code <name>.dataset.json}, or without it by the rule of the command line's documentation.
     *
     * @throws org.quantscope.core.BadInputException if the file or the sidecar is damaged or does not fit together
     */
    public static Dataset open(Path file) throws IOException {
        throw new UnsupportedOperationException();
    }
}
