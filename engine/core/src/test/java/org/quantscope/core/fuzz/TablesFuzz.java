package org.quantscope.core.fuzz;

import java.nio.file.Path;
import org.quantscope.core.dataset.Datasets;

/** Tables and IDX files as data. */
public final class TablesFuzz {
    private static final Path FOLDER = FuzzedFile.folder();

    private TablesFuzz() {}

    public static void fuzzerTestOneInput(byte[] content) {
        FuzzedFile.open(FOLDER, "t.csv", content, Datasets::open);
        FuzzedFile.open(FOLDER, "t-idx1-ubyte", content, Datasets::open);
    }
}
