package org.quantscope.core.fuzz;

import java.io.IOException;
import java.nio.file.Path;
import org.quantscope.core.Engine;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Tensor;

/**
 * TensorFlow Lite models: the first values of each tensor are decoded, the graph is converted and analysed, and a session
 * begins with the file's own grids.
 */
public final class TfliteFuzz {
    private static final Path FOLDER = FuzzedFile.folder();
    private static final float[] READ = new float[300];

    private TfliteFuzz() {}

    public static void fuzzerTestOneInput(byte[] content) {
        FuzzedFile.open(FOLDER, "m.tflite", content, TfliteFuzz::read);
    }

    private static void read(Path file) throws IOException {
        Model model = ModelLoaders.open(file);
        Model analysed = Engine.analysed(model);
        SessionState.of(new FileRef(file, "00"), analysed);
        for (Tensor tensor : analysed.tensors()) {
            int n = (int) Math.min(READ.length, tensor.data().count());
            tensor.data().read(0, READ, 0, n);
        }
    }
}
