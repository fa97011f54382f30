package org.quantscope.core.io;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Opens files that are read. Files are read more than once (recognized, hashed, read), so one that gives its bytes only
 * once, or never ends, is refused before anybody waits for it.
 */
public final class InputFile {
    private InputFile() {}

    /**
     * @throws BadInputException if it exists and is no regular file
     * @throws IOException if it cannot be opened
     */
    public static InputStream open(Path file) throws IOException {
        check(file);
        return Files.newInputStream(file);
    }

    /**
     * The whole content.
     *
     * @param most the most bytes that it may have
     * @param what the kind of file, for the message, such as "a calibration table"
     * @throws BadInputException if it has more, also if it grows meanwhile, or is no regular file
     */
    public static byte[] bytes(Path file, int most, String what) throws IOException {
        try (InputStream in = open(file)) {
            byte[] bytes = in.readNBytes(most);
            if (bytes.length == most && in.read() >= 0) {
                throw new BadInputException(
                        file, "size", "more than " + most + " bytes; " + what + " has at most that many");
            }
            return bytes;
        }
    }

    /** @throws BadInputException if the file exists and is neither a regular file nor a link to one */
    public static void check(Path file) {
        if (Files.isDirectory(file)) {
            throw new BadInputException(file, "file", "is a folder");
        }
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new BadInputException(file, "file", "is a pipe or a device; write what it gives into a file first");
        }
    }
}
