package org.quantscope.core.fuzz;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.quantscope.core.loader.ModelLoaders;
import org.quantscope.core.model.Model;
import org.quantscope.core.tensor.Tensor;

/** Files of Keras: HDF5 as it comes, and the same as the weights of an archive; the first values of each array are read. */
public final class KerasFuzz {
    private static final Path FOLDER = FuzzedFile.folder();
    private static final float[] READ = new float[100];
    private static final byte[] CONFIG = ("{\"class_name\": \"Sequential\", \"config\": {\"layers\": [{\"class_name\":"
                    + " \"Dense\", \"config\": {\"name\": \"a\"}}, {\"class_name\": \"Embedding\"}]}}")
            .getBytes(StandardCharsets.UTF_8);

    private KerasFuzz() {}

    public static void fuzzerTestOneInput(byte[] content) {
        FuzzedFile.open(FOLDER, "m.h5", content, KerasFuzz::read);
        FuzzedFile.open(FOLDER, "m.keras", zipped(content), KerasFuzz::read);
    }

    private static void read(Path file) throws IOException {
        Model model = ModelLoaders.open(file);
        for (Tensor tensor : model.tensors()) {
            int n = (int) Math.min(READ.length, tensor.data().count());
            tensor.data().read(0, READ, 0, n);
        }
    }

    private static byte[] zipped(byte[] weights) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            add(zip, "config.json", CONFIG);
            add(zip, "model.weights.h5", weights);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    private static void add(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
        ZipEntry entry = new ZipEntry(name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(bytes.length);
        CRC32 crc = new CRC32();
        crc.update(bytes);
        entry.setCrc(crc.getValue());
        zip.putNextEntry(entry);
        zip.write(bytes);
    }
}
