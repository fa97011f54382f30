package org.quantscope.core.loader;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.quantscope.core.model.Model;
import org.quantscope.core.npy.Npy;

/** Reads one NumPy array. Its name is that of the file without {@code .npy}. */
public final class NpyLoader implements ModelLoader {
    @Override
    public String id() {
        return "npy";
    }

    @Override
    public String title() {
        return "NumPy array";
    }

    @Override
    public String source() {
        return "https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html";
    }

    @Override
    public boolean matches(byte[] head, long fileBytes) {
        return Npy.matches(head);
    }

    @Override
    public Model load(Path file, boolean withData) throws IOException {
        return new Model(
                file, id(), OptionalInt.empty(), List.of(Npy.read(file, withData)), Optional.empty(), List.of());
    }
}
