package org.quantscope.core.loader;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.quantscope.core.model.Model;
import org.quantscope.core.npy.Npz;

/** Reads the arrays of a NumPy archive. The name of each is that of its member without {@code .npy}. */
public final class NpzLoader implements ModelLoader {
    @Override
    public String id() {
        return "npz";
    }

    @Override
    public String title() {
        return "NumPy archive";
    }

    @Override
    public String source() {
        return "https://numpy.org/doc/stable/reference/generated/numpy.savez.html";
    }

    @Override
    public boolean matches(byte[] head, long fileBytes) {
        return Npz.matches(head) && !TorchLoader.isZip(head) && !KerasLoader.isZip(head);
    }

    @Override
    public Model load(Path file, boolean withData) throws IOException {
        Npz npz = Npz.read(file, name -> withData);
        List<String> ignored = npz.ignored();
        List<String> notes = ignored.isEmpty()
                ? List.of()
                : List.of(ignored.size()
                        + (ignored.size() == 1 ? " member is no .npy array: " : " members are no .npy arrays: ")
                        + ignored.getFirst()
                        + (ignored.size() > 1 ? ", …" : ""));
        return new Model(file, id(), OptionalInt.empty(), npz.arrays(), Optional.empty(), notes);
    }
}
