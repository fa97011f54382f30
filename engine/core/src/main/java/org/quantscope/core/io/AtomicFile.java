package org.quantscope.core.io;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/**
 * Replaces a file as a whole: a temporary file in the same folder is written, forced to disk and moved over the target.
 * A reader sees either the old content or the new one; a failure leaves the old content and no temporary file, and names
 * the target.
 */
public final class AtomicFile {
    /** Writes the temporary file. */
    @FunctionalInterface
    public interface Content {
        void write(OutputStream out) throws IOException;
    }

    private AtomicFile() {}

    /**
     * Replaces {@code target}: {@link Destination} says which file that is, and what it keeps.
     *
     * @throws IOException if the folder is missing or nothing can be written; {@code target} is then unchanged
     */
    public static void write(Path target, Content content) throws IOException {
        SequencedMap<Path, Content> one = new LinkedHashMap<>();
        one.put(target, content);
        write(one);
    }

    /**
     * Replaces several files that belong together: none before all of them are written, and the first one last, so that it
     * never lacks the others.
     *
     * @throws IOException as {@link #write(Path, Content)}; none is changed unless moving itself fails
     */
    public static void write(SequencedMap<Path, Content> files) throws IOException {
        SequencedMap<Path, Path> targets = new LinkedHashMap<>();
        try {
            for (Map.Entry<Path, Content> file : files.entrySet()) {
                Path real = Destination.of(file.getKey());
                Path temporary = temporaryBeside(real);
                targets.put(temporary, real);
                try {
                    write(temporary, real, file.getValue());
                } catch (IOException e) {
                    throw about(file.getKey(), temporary, e);
                }
            }
            for (Map.Entry<Path, Path> file : targets.reversed().entrySet()) {
                Destination.replace(file.getKey(), file.getValue());
            }
        } finally {
            for (Path temporary : targets.keySet()) {
                Files.deleteIfExists(temporary);
            }
        }
    }

    private static void write(Path temporary, Path real, Content content) throws IOException {
        try (FileChannel channel =
                        FileChannel.open(temporary, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
                OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16)) {
            Destination.sameMode(real, temporary);
            content.write(out);
            out.flush();
            channel.force(true);
        }
    }

    /**
     * The failure of writing a temporary file as one that names the file for which it was written: a full disk is reported
     * without any name.
     *
     * @param temporary the temporary file, or the folder of them
     */
    public static IOException about(Path target, Path temporary, IOException failure) {
        if (failure instanceof FileSystemException named) {
            if (named.getFile() == null || !Path.of(named.getFile()).startsWith(temporary)) {
                return failure;
            }
            FileSystemException about = new FileSystemException(target.toString(), null, named.getReason());
            about.initCause(failure);
            return about;
        }
        FileSystemException about = new FileSystemException(target.toString(), null, failure.getMessage());
        about.initCause(failure);
        return about;
    }

    /** A path in the folder of {@code target} that no file has; a later start deletes what this run leaves there. */
    public static Path temporaryBeside(Path target) throws IOException {
        Path folder = target.toAbsolutePath().getParent();
        if (folder == null || !Files.isDirectory(folder)) {
            throw new NoSuchFileException(String.valueOf(folder), null, "the folder does not exist");
        }
        if (!Files.isWritable(folder)) {
            throw new AccessDeniedException(folder.toString());
        }
        return Temporaries.beside(target.toAbsolutePath());
    }

    /** Forces the content of a closed file to disk. */
    public static void force(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
    }
}
