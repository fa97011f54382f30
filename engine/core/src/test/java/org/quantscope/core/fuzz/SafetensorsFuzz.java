package org.quantscope.core.fuzz;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import org.quantscope.core.loader.ModelLoaders;

/** Safetensors files and their indexes: a length of the header is put in front of a JSON object. */
public final class SafetensorsFuzz {
    private static final Path FOLDER = FuzzedFile.folder();

    private SafetensorsFuzz() {}

    public static void fuzzerTestOneInput(byte[] content) {
        byte[] file = content;
        if (content.length > 0 && content[0] == (byte) 0x7b) {
            ByteBuffer whole =
                    ByteBuffer.allocate(Long.BYTES + content.length + 8).order(ByteOrder.LITTLE_ENDIAN);
            file = whole.putLong(content.length).put(content).array();
            FuzzedFile.open(FOLDER, "index.json", content, ModelLoaders::open);
        }
        FuzzedFile.open(FOLDER, "m.safetensors", file, ModelLoaders::open);
    }
}
