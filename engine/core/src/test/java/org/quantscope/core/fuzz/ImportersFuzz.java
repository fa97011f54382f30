package org.quantscope.core.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.quantscope.core.importer.Importer;
import org.quantscope.core.importer.Importers;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;

/** Files of other tools, read by every importer. */
public final class ImportersFuzz {
    private static final Path FOLDER = FuzzedFile.folder();
    private static final Model MODEL = model();

    private static Model model() {
        try {
            return ModelLoaders.open(Path.of(System.getProperty("quantscope.samples"), "digits_mlp.onnx"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private ImportersFuzz() {}

    public static void fuzzerTestOneInput(byte[] content) {
        for (Importer importer : Importers.all()) {
            FuzzedFile.open(FOLDER, "f", content, file -> importer.read(file, MODEL, new CancelToken()));
        }
    }
}
