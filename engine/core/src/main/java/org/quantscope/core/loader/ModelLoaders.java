package org.quantscope.core.loader;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.model.Model;

/** Every model format that can be read, in the order in which they are tried. */
public final class ModelLoaders {
    /** The number of bytes at the start of a file by which loaders recognize it. */
    public static final int HEAD_BYTES = 4096;

    private static final byte[] GGUF = "GGUF".getBytes(StandardCharsets.US_ASCII);

    private static final List<ModelLoader> ALL =
            List.of(new OnnxLoader(), new SafetensorsLoader(), new NpyLoader(), new NpzLoader());

    private ModelLoaders() {}

    public static List<ModelLoader> all() {
        return ALL;
    }

    /**
     * Opens a model file, recognizing its format by the content.
     *
     * @throws BadInputException if no loader recognizes the content, or the one that does refuses it
     * @throws IOException if the file cannot be read at all
     */
    public static Model open(Path file) throws IOException {
        return loaderOf(file).load(file, true);
    }

    /**
     * Opens a model file for the descriptions of its tensors only; reads no values.
     *
     * @throws BadInputException if no loader recognizes the content, or the one that does refuses it
     * @throws IOException if the file cannot be read at all
     */
    public static Model openHeader(Path file) throws IOException {
        return loaderOf(file).load(file, false);
    }

    /**
     * The loader that recognizes the content of {@code file}.
     *
     * @throws BadInputException if there is none
     * @throws IOException if the file cannot be read at all
     */
    public static ModelLoader loaderOf(Path file) throws IOException {
        // A pipe would block, and only a regular file can be mapped.
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new BadInputException(
                    file,
                    "file",
                    Files.isDirectory(file) ? "is a folder, a model is one file" : "is not a regular file");
        }
        byte[] head;
        try (InputStream in = Files.newInputStream(file)) {
            head = in.readNBytes(HEAD_BYTES);
        }
        if (head.length == 0) {
            throw new BadInputException(file, "file", "is empty");
        }
        long size = Files.size(file);
        for (ModelLoader loader : ALL) {
            if (loader.matches(head, size)) {
                return loader;
            }
        }
        if (head.length >= GGUF.length && Arrays.equals(head, 0, GGUF.length, GGUF, 0, GGUF.length)) {
            throw new BadInputException(file, "format", "gguf is not supported yet");
        }
        throw new BadInputException(
                file,
                "format",
                "not recognised; supported are "
                        + ALL.stream().map(ModelLoader::id).collect(Collectors.joining(", ")));
    }
}
