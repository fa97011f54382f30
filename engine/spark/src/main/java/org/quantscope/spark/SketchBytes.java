package org.quantscope.spark;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.sketch.ActivationSketches;
import org.quantscope.core.sketch.SketchFile;

/** Sketches on their way from one process to another: the bytes of their file. */
final class SketchBytes {
    private SketchBytes() {}

    static byte[] write(ActivationSketches sketches) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        SketchFile.content(sketches).write(out);
        return out.toByteArray();
    }

    static ActivationSketches read(byte[] bytes) throws IOException {
        Path file = Files.createTempFile("quantscope", SketchFile.EXTENSION);
        try {
            Files.write(file, bytes);
            return SketchFile.read(file, new CancelToken());
        } finally {
            Files.delete(file);
        }
    }
}
