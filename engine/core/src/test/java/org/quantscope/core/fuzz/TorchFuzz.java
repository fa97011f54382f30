package org.quantscope.core.fuzz;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.quantscope.core.loader.ModelLoaders;

/** Files of PyTorch: as they come, and a pickle put into an archive with a storage of 96 bytes. */
public final class TorchFuzz {
    private static final Path FOLDER = FuzzedFile.folder();
    private static final byte[] STORAGE = new byte[96];

    private TorchFuzz() {}

    public static void fuzzerTestOneInput(byte[] content) {
        FuzzedFile.open(FOLDER, "m.pt", content, ModelLoaders::open);
        FuzzedFile.open(FOLDER, "z.pt", zipped(content), ModelLoaders::open);
    }

    private static byte[] zipped(byte[] pickle) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            add(zip, "m/data.pkl", pickle);
            for (int i = 0; i < 3; i++) {
                add(zip, "m/data/" + i, STORAGE);
            }
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
