package org.quantscope.core.io;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

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
            MAPPED.put(path.toAbsolutePath(), Seen.of(path));
            return new MappedFile(
                    path,
                    size == 0
                            ? MemorySegment.ofArray(new byte[0])
                            : channel.map(FileChannel.MapMode.READ_ONLY, 0, size, Arena.ofAuto()));
        }
    }

    /** A file as it was when it was mapped last; {@code key} is empty where the system has none. */
    private record Seen(Optional<Object> key, long size) {
        static Seen of(Path path) throws IOException {
            BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
            return new Seen(Optional.ofNullable(attributes.fileKey()), attributes.size());
        }
    }

    private static final Map<Path, Seen> MAPPED = new ConcurrentHashMap<>();

    /**
     * A file that is shorter now than when it was mapped; empty if there is none. Java answers the reading of a page that is
     * gone with an {@link InternalError} that names no file.
     */
    public static Optional<Path> cutOff() {
        return MAPPED.entrySet().stream()
                .filter(e -> {
                    try {
                        Seen now = Seen.of(e.getKey());
                        return now.key.equals(e.getValue().key) && now.size < e.getValue().size;
                    } catch (IOException gone) {
                        return false;
                    }
                })
                .map(Map.Entry::getKey)
                .findFirst();
    }

    public long size() {
        return bytes.byteSize();
    }
}
