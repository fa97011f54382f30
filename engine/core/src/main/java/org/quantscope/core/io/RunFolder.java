package org.quantscope.core.io;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A folder for files of one run of the program, so that a later run can tell whether their owner still runs. The owner
 * holds a lock on the file {@code <name>.lock} beside the folder; the system releases it when the process ends, also
 * when it is killed. No clock is asked.
 *
 * <p>The name of a folder is that of the computer, the number of the process and a random number, because a home may be
 * shared by several computers and its file system may have no locks.
 */
public final class RunFolder implements AutoCloseable {
    /** What is known about the owner of a folder. */
    public enum Owner {
        /** It runs. */
        RUNS,
        /** It has ended, so what it left belongs to nobody. */
        ENDED,
        /** It ran on another computer, or this file system has no locks: it may still run. */
        UNKNOWN
    }

    private static final String LOCK = ".lock";
    private static final int TRIES = 100;

    /**
     * The lock files that this process holds. They must not be opened again: where locks belong to processes, as on
     * Linux, closing a second channel would release the lock of the first.
     */
    private static final Set<Path> HELD = new HashSet<>();

    private final Path folder;
    private final Path lockFile;
    private final @Nullable FileChannel channel;

    private RunFolder(Path folder, Path lockFile, @Nullable FileChannel channel) {
        this.folder = folder;
        this.lockFile = lockFile;
        this.channel = channel;
    }

    /**
     * Creates a folder of this run, which nobody else can read.
     *
     * @param parent created if it is missing
     * @throws IOException if it cannot be created
     */
    public static RunFolder create(Path parent) throws IOException {
        Path real = Files.createDirectories(parent).toRealPath();
        for (int i = 0; i < TRIES; i++) {
            Path folder =
                    real.resolve(Computer.NAME + "." + ProcessHandle.current().pid() + "."
                            + Long.toHexString(ThreadLocalRandom.current().nextLong()));
            Path lockFile = lockOf(folder);
            RunFolder made = lock(folder, lockFile);
            if (made != null) {
                try {
                    Files.createDirectory(folder, ownerOnly(real));
                    return made;
                } catch (FileAlreadyExistsException e) {
                    made.release();
                } catch (IOException e) {
                    made.release();
                    Files.deleteIfExists(lockFile);
                    throw e;
                }
            }
        }
        throw new IOException(real + ": no folder for this run could be made");
    }

    private static FileAttribute<?>[] ownerOnly(Path place) {
        return place.getFileSystem().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
                }
                : new FileAttribute<?>[0];
    }

    private static Path lockOf(Path folder) {
        return folder.resolveSibling(folder.getFileName() + LOCK);
    }

    /**
     * Takes the lock of a folder, which may not exist yet; null if somebody has it.
     *
     * @throws IOException if the lock file cannot be opened
     */
    private static @Nullable RunFolder lock(Path folder, Path lockFile) throws IOException {
        synchronized (HELD) {
            if (HELD.contains(lockFile)) {
                return null;
            }
            FileChannel channel = FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            boolean kept = false;
            try {
                FileLock lock = channel.tryLock();
                // Whoever deletes a lock file holds its lock, so a file that is still there stays.
                if (lock == null || !Files.exists(lockFile)) {
                    return null;
                }
                HELD.add(lockFile);
                kept = true;
                return new RunFolder(folder, lockFile, channel);
            } catch (OverlappingFileLockException e) {
                return null;
            } catch (IOException e) {
                // This file system has no locks: the folder has none, which tells others so.
                Files.deleteIfExists(lockFile);
                return new RunFolder(folder, lockFile, null);
            } finally {
                if (!kept) {
                    channel.close();
                }
            }
        }
    }

    /** The folders in {@code parent}, sorted by name; those of this process are among them. */
    public static List<Path> all(Path parent) throws IOException {
        if (!Files.isDirectory(parent)) {
            return List.of();
        }
        Set<Path> found = new TreeSet<>();
        try (Stream<Path> files = Files.list(parent.toRealPath())) {
            files.forEach(file -> {
                String name = String.valueOf(file.getFileName());
                if (name.endsWith(LOCK)) {
                    found.add(file.resolveSibling(name.substring(0, name.length() - LOCK.length())));
                } else if (name.split("\\.", -1).length >= 3 && Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
                    found.add(file);
                }
            });
        }
        return new ArrayList<>(found);
    }

    /** What is known about the owner of a folder that {@link #all} found. */
    public static Owner ownerOf(Path folder) {
        Path lockFile = lockOf(folder);
        if (!Files.exists(lockFile)) {
            return withoutLock(folder);
        }
        try {
            RunFolder taken = lock(folder, lockFile);
            if (taken == null) {
                return Owner.RUNS;
            }
            boolean locks = taken.channel != null;
            taken.release();
            return locks ? isOfThisComputer(folder) ? Owner.ENDED : Owner.UNKNOWN : withoutLock(folder);
        } catch (IOException e) {
            return Owner.UNKNOWN;
        }
    }

    /** Without locks a process that has this number may be another one by now, so it is not said to run. */
    private static Owner withoutLock(Path folder) {
        String[] parts = String.valueOf(folder.getFileName()).split("\\.", -1);
        if (!isOfThisComputer(folder)) {
            return Owner.UNKNOWN;
        }
        try {
            long process = Long.parseLong(parts[parts.length - 2]);
            return ProcessHandle.of(process).isPresent() ? Owner.UNKNOWN : Owner.ENDED;
        } catch (NumberFormatException e) {
            return Owner.UNKNOWN;
        }
    }

    private static boolean isOfThisComputer(Path folder) {
        return String.valueOf(folder.getFileName()).startsWith(Computer.NAME + ".");
    }

    /** The computer that a folder's owner runs or ran on. */
    public static String computerOf(Path folder) {
        String name = String.valueOf(folder.getFileName());
        return name.substring(0, Math.max(0, name.indexOf('.')));
    }

    /**
     * Makes a folder whose owner has ended one of this run, until it is closed; of several processes that try only one
     * gets it.
     */
    public static Optional<RunFolder> take(Path folder) throws IOException {
        if (ownerOf(folder) != Owner.ENDED) {
            return Optional.empty();
        }
        if (!Files.exists(lockOf(folder))) {
            return Optional.of(new RunFolder(folder, lockOf(folder), null));
        }
        return Optional.ofNullable(lock(folder, lockOf(folder)));
    }

    /** The folder; one that was taken may be missing. */
    public Path folder() {
        return folder;
    }

    /** Deletes the folder with everything in it. */
    public void delete() throws IOException {
        deleteAll(folder);
        close();
    }

    /** Deletes a file or a folder with everything in it, following no links; one that is missing is fine. */
    static void deleteAll(Path path) throws IOException {
        if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            List<Path> inside;
            try (Stream<Path> files = Files.list(path)) {
                inside = files.toList();
            }
            for (Path each : inside) {
                deleteAll(each);
            }
        }
        Files.deleteIfExists(path);
    }

    /** Ends the ownership. The folder disappears if nothing is in it; otherwise a later run finds it. */
    @Override
    public void close() throws IOException {
        if (channel != null && !channel.isOpen()) {
            return;
        }
        try {
            Files.deleteIfExists(folder);
            Files.deleteIfExists(lockFile);
        } catch (DirectoryNotEmptyException e) {
            // It is kept for a later run.
        } finally {
            release();
        }
    }

    private void release() throws IOException {
        synchronized (HELD) {
            if (channel != null && channel.isOpen()) {
                channel.close();
                HELD.remove(lockFile);
            }
        }
    }
}
