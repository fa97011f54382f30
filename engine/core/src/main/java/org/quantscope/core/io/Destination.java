package org.quantscope.core.io;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;

/**
 * The file that is written where a person names a path: what it may be, and what it keeps when its content is replaced.
 *
 * <p>A link is written through, also one whose file does not exist yet. Folders, devices, pipes and sockets are refused. The
 * mode, the owner and the group stay, and so do further names of the file (hard links).
 */
public final class Destination {
    /** More links in a row are a loop; Linux follows as many. */
    private static final int MOST_LINKS = 40;

    private Destination() {}

    /**
     * The end of the links of {@code target}, absolute.
     *
     * @throws IOException if it is something else than a regular file, or a file that must not be written
     */
    public static Path of(Path target) throws IOException {
        if (Files.isDirectory(target)) {
            throw new FileAlreadyExistsException(target.toString(), null, "is a folder");
        }
        if (Files.exists(target)) {
            if (!Files.isRegularFile(target)) {
                throw new FileSystemException(
                        target.toString(), null, "is no regular file; devices, pipes and sockets are not written to");
            }
            if (!Files.isWritable(target)) {
                throw new AccessDeniedException(target.toString());
            }
            return target.toRealPath();
        }
        Path at = inRealFolder(target.toAbsolutePath());
        for (int links = 0; Files.isSymbolicLink(at); links++) {
            if (links == MOST_LINKS) {
                throw new FileSystemLoopException(target.toString());
            }
            at = inRealFolder(at.resolveSibling(Files.readSymbolicLink(at)));
        }
        return at;
    }

    private static Path inRealFolder(Path file) throws IOException {
        Path folder = file.getParent();
        Path name = file.getFileName();
        return folder == null || name == null || !Files.isDirectory(folder)
                ? file.normalize()
                : folder.toRealPath().resolve(name);
    }

    /** Gives a new file the mode of an old one; does nothing if there is no old one, or no modes on this system. */
    static void sameMode(Path old, Path made) throws IOException {
        PosixFileAttributeView view = Files.getFileAttributeView(old, PosixFileAttributeView.class);
        if (view != null && Files.exists(old)) {
            Files.setPosixFilePermissions(made, view.readAttributes().permissions());
        }
    }

    /**
     * Puts a written file in the place of another one on the same disk, at once. Where mode, owner or further names of
     * the other one would be lost by that, its content is overwritten instead.
     *
     * @param temporary is gone afterwards, or may be deleted
     * @param real from {@link #of}
     */
    public static void replace(Path temporary, Path real) throws IOException {
        if (Files.exists(real) && !takesOver(temporary, real)) {
            overwrite(temporary, real);
            return;
        }
        try {
            Files.move(temporary, real, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(temporary, real, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** Makes a written file stand in for another one; false if it cannot. */
    private static boolean takesOver(Path temporary, Path real) throws IOException {
        PosixFileAttributeView view = Files.getFileAttributeView(real, PosixFileAttributeView.class);
        PosixFileAttributeView made = Files.getFileAttributeView(temporary, PosixFileAttributeView.class);
        if (view == null || made == null) {
            return true;
        }
        if (names(real) > 1) {
            return false;
        }
        PosixFileAttributes old = view.readAttributes();
        PosixFileAttributes own = made.readAttributes();
        try {
            if (!old.owner().equals(own.owner())) {
                made.setOwner(old.owner());
            }
            if (!old.group().equals(own.group())) {
                made.setGroup(old.group());
            }
            made.setPermissions(old.permissions());
            return true;
        } catch (FileSystemException e) {
            return false;
        }
    }

    /** How many names (hard links) a file has; 1 where the system does not tell. */
    public static int names(Path file) throws IOException {
        return file.getFileSystem().supportedFileAttributeViews().contains("unix")
                ? ((Number) Files.getAttribute(file, "unix:nlink")).intValue()
                : 1;
    }

    private static void overwrite(Path temporary, Path real) throws IOException {
        try (FileChannel from = FileChannel.open(temporary, StandardOpenOption.READ);
                FileChannel to = FileChannel.open(real, StandardOpenOption.WRITE)) {
            long bytes = from.size();
            // What is overwritten cannot be had back, so the room for all of it is looked for first.
            if (bytes - to.size() > Files.getFileStore(real).getUsableSpace()) {
                throw new FileSystemException(real.toString(), null, "No space left on device");
            }
            for (long at = 0; at < bytes; ) {
                at += from.transferTo(at, bytes - at, to);
            }
            to.truncate(bytes);
            to.force(true);
        }
    }
}
