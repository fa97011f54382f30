package org.quantscope.core.loader;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.stream.Collectors;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.FileCheck;
import org.quantscope.core.io.FileKind.Wanted;
import org.quantscope.core.model.Model;

/** Every model format that can be read, in the order in which they are tried. */
public final class ModelLoaders {
    /** The number of bytes at the start of a file by which loaders recognize it. */
    public static final int HEAD_BYTES = 4096;

    private static final List<ModelLoader> ALL = List.of(
            new OnnxLoader(),
            new SafetensorsLoader(),
            new GgufLoader(),
            new TfliteLoader(),
            new NpyLoader(),
            new TorchLoader(),
            new KerasLoader(),
            new NpzLoader(),
            new SyntheticLoader());

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
     * The files beside a model that it reads too, as {@link ModelLoader#companions} says.
     *
     * @throws BadInputException if no loader recognizes the content, or one of the files is missing or lies elsewhere
     * @throws IOException if the file cannot be read at all
     */
    public static SortedMap<String, Path> companions(Path file) throws IOException {
        return loaderOf(file).companions(file);
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
                    Files.isDirectory(file)
                            ? "is a folder" + FileCheck.ofFolder(file).orElse(", a model is one file")
                            : "is not a regular file");
        }
        byte[] head;
        try (InputStream in = Files.newInputStream(file)) {
            head = in.readNBytes(HEAD_BYTES);
        }
        if (head.length == 0) {
            throw new BadInputException(file, "file", "is empty");
        }
        String supported = ALL.stream().map(ModelLoader::id).collect(Collectors.joining(", "));
        FileCheck.check(file, Wanted.MODEL, supported);
        long size = Files.size(file);
        for (ModelLoader loader : ALL) {
            if (loader.matches(head, size)) {
                return loader;
            }
        }
        throw FileCheck.unreadable(file, Wanted.MODEL, supported);
    }
}
