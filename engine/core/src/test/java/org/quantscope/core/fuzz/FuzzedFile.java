package org.quantscope.core.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.quantscope.core.io.BadInputException;

/** A file that holds what the fuzzer has made up. */
final class FuzzedFile {
    /** Opens the file. */
    @FunctionalInterface
    interface Opening {
        void open(Path file) throws IOException;
    }

    private FuzzedFile() {}

    /**
     * Opens a file with this content; everything but a {@link BadInputException} or an {@link IOException} is a fault.
     *
     * @param name its name in the folder of the target
     */
    static void open(Path folder, String name, byte[] content, Opening opening) {
        try {
            Path file = folder.resolve(name);
            // A file that is mapped keeps its bytes: the next one is another file under the same name.
            Path made = folder.resolve(name + ".new");
            Files.write(made, content);
            Files.move(made, file, StandardCopyOption.REPLACE_EXISTING);
            opening.open(file);
        } catch (BadInputException e) {
            if (e.getMessage() == null || e.getMessage().lines().count() != 1) {
                throw new AssertionError("no message of one line", e);
            }
        } catch (IOException e) {
            // Such as a text that is not in its encoding.
        }
    }

    static Path folder() {
        try {
            Path memory = Path.of("/dev/shm");
            return Files.isWritable(memory)
                    ? Files.createTempDirectory(memory, "quantscope-fuzz")
                    : Files.createTempDirectory("quantscope-fuzz");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
