package org.quantscope.core.npy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.quantscope.core.BadInputException;
import org.quantscope.core.model.MappedFile;
import org.quantscope.core.model.Model;
import org.quantscope.core.model.ModelLoader;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

/** Reads one NumPy array. It is named by its file, without {@code .npy}. */
public final class NpyLoader implements ModelLoader {
    private static final String EXTENSION = ".npy";

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
        return NpyHeader.isMagic(head);
    }

    @Override
    public Model load(Path file, boolean withData) throws IOException {
        MappedFile mapped = MappedFile.map(file);
        NpyHeader header = NpyHeader.parse(mapped.bytes(), file, "header");
        long there = mapped.size() - header.start();
        if (there != header.valueBytes()) {
            throw new BadInputException(
                    file,
                    "shape",
                    header.shape() + " of " + header.dtype() + " wants " + header.valueBytes() + " bytes, the file has "
                            + there);
        }
        if (withData && header.isReordered()) {
            new CopyBudget(file).take(header.valueBytes(), "fortran_order");
        }
        TensorData data = withData
                ? header.data(mapped.bytes().asSlice(header.start(), there))
                : TensorData.unread(header.dtype(), header.shape().count());
        Tensor tensor = new Tensor(
                TensorInfo.withoutGraph(
                        new TensorId(nameOf(String.valueOf(file.getFileName()))), header.dtype(), header.shape()),
                data);
        return new Model(file, id(), OptionalInt.empty(), List.of(tensor), Optional.empty(), List.of());
    }

    /** A file's or member's name without its extension. */
    static String nameOf(String name) {
        return name.endsWith(EXTENSION) && name.length() > EXTENSION.length()
                ? name.substring(0, name.length() - EXTENSION.length())
                : name;
    }
}
