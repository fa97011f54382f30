package org.quantscope.core.npy;

import java.io.IOException;
import java.nio.file.Path;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.CopyBudget;
import org.quantscope.core.io.FileCheck;
import org.quantscope.core.io.FileKind;
import org.quantscope.core.io.MappedFile;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorData;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

/** Reads .npy files, which hold one NumPy array. */
public final class Npy {
    private static final String EXTENSION = ".npy";

    private Npy() {}

    /** True if a file that begins with these bytes may be an .npy file. */
    public static boolean matches(byte[] head) {
        return NpyHeader.isMagic(head);
    }

    /**
     * Reads the array; its name is that of the file without {@code .npy}.
     *
     * @param withData false reads the header only
     * @throws BadInputException if the file is damaged, contradicts itself or holds something unsupported
     * @throws IOException if it cannot be read at all
     */
    public static Tensor read(Path file, boolean withData) throws IOException {
        MappedFile mapped = MappedFile.map(file);
        FileCheck.checkBinary(file, FileKind.Wanted.NPY, "npy");
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
        return new Tensor(
                TensorInfo.alone(
                        new TensorId(nameOf(String.valueOf(file.getFileName()))), header.dtype(), header.shape()),
                data);
    }

    /** The name of a file or of a member of an archive, without its extension. */
    static String nameOf(String name) {
        return name.endsWith(EXTENSION) && name.length() > EXTENSION.length()
                ? name.substring(0, name.length() - EXTENSION.length())
                : name;
    }
}
