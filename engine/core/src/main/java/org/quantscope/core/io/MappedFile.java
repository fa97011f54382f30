package org.quantscope.core.io;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A whole file as read-only memory. Pages are read when they are accessed. The mapping ends when nothing refers to
 * {@code bytes} or a slice of it any more.
 *
 * @param path the file
 * @param bytes its content
 */
public record MappedFile(Path path, MemorySegment bytes) {

    /**
     * @throws BadInputException if it is not a regular file
     * @throws IOException if it cannot be opened
     */
    public static MappedFile map(Path path) throws IOException {
        if (Files.exists(path) && !Files.isRegularFile(path)) {
            throw new BadInputException(path, "file", "is not a regular file");
        }
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long size = channel.size();
            return new MappedFile(
                    path,
                    size == 0
                            ? MemorySegment.ofArray(new byte[0])
                            : channel.map(FileChannel.MapMode.READ_ONLY, 0, size, Arena.ofAuto()));
        }
    }

    public long size() {
        return bytes.byteSize();
    }
}
