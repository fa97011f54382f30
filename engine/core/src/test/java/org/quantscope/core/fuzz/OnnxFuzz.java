package org.quantscope.core.fuzz;

import java.nio.file.Path;
import org.quantscope.core.loader.ModelLoaders;

/** ONNX models. */
public final class OnnxFuzz {
    private static final Path FOLDER = FuzzedFile.folder();

    private OnnxFuzz() {}

    public static void fuzzerTestOneInput(byte[] content) {
        FuzzedFile.open(FOLDER, "m.onnx", content, ModelLoaders::open);
    }
}
