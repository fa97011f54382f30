package org.quantscope.core.fuzz;

import java.nio.file.Path;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.loader.ModelLoaders;

/** Archives of arrays and single arrays, as models and as data. */
public final class ArraysFuzz {
    private static final Path FOLDER = FuzzedFile.folder();

    private ArraysFuzz() {}

    public static void fuzzerTestOneInput(byte[] content) {
        FuzzedFile.open(FOLDER, "a.npz", content, ModelLoaders::open);
        FuzzedFile.open(FOLDER, "a.npz", content, Datasets::open);
    }
}
