package org.quantscope.core.io;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.JarURLConnection;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLConnection;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Predicate;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files of the program's jars that something reads only from a disk, such as native libraries and fonts. They are
 * unpacked once, into a folder of the person's cache that is named by their content, and used by every later start.
 * Without this each start would unpack them into the folder for temporary files, where a killed process leaves them.
 *
 * <p>At every use size and CRC-32 are compared with those in the jar, and what differs is unpacked again. The folder
 * must not be writable by others. Starts that need it at the same time wait for each other; a file is written under
 * another name and moved into place, so that nobody sees half of it.
 */
public final class Unpacked {
    private static final Logger LOG = LoggerFactory.getLogger(Unpacked.class);

    /** How often and how long another start is waited for that unpacks: 10 seconds. */
    private static final int TRIES = 200;

    private static final long PAUSE_MILLIS = 50;
    private static final String UNFINISHED = ".tmp";
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");
    private static final Set<PosixFilePermission> OF_OTHERS =
            EnumSet.of(PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_WRITE);

    private static volatile List<Path> roots = List.of();

    private Unpacked() {}

    /** A file in a jar: where it is, its length in bytes and its CRC-32. */
    private record Packed(URL url, String name, long bytes, long crc) {}

    /**
     * Sets the folders to unpack into; the first that works is used. Without any nothing is unpacked.
     *
     * @param folders each is created when needed; see {@link UserFolders#caches()}
     */
    public static void into(List<Path> folders) {
        roots = List.copyOf(folders);
    }

    /** The folder that is tried first; empty if nothing is to be unpacked. For libraries that unpack their own files. */
    public static Optional<Path> root() {
        return roots.stream().findFirst();
    }

    /**
     * The folder that holds the files under their own names.
     *
     * @param name beginning of the folder's name
     * @param resources absolute names of resources, seen from {@code owner}; those that do not exist are left out
     * @param works has the last word on a folder, for example false if its libraries cannot be loaded
     * @return empty if no folder can be used; the reasons are logged
     */
    public static synchronized Optional<Path> folder(
            String name, Class<?> owner, List<String> resources, Predicate<Path> works) {
        try {
            List<Packed> packed = new ArrayList<>();
            Path plain = null;
            for (String resource : resources) {
                URL url = owner.getResource(resource);
                if (url == null) {
                    continue;
                }
                if ("file".equals(url.getProtocol())) {
                    plain = Path.of(url.toURI()).getParent();
                    continue;
                }
                Optional<Packed> found = look(url, resource.substring(resource.lastIndexOf('/') + 1));
                if (found.isEmpty()) {
                    return Optional.empty();
                }
                packed.add(found.get());
            }
            if (packed.isEmpty()) {
                return Optional.ofNullable(plain).filter(works);
            }
            return plain != null ? Optional.empty() : inOneOf(roots, named(name, packed), packed, works);
        } catch (IOException | URISyntaxException e) {
            LOG.warn("{} cannot be unpacked", name, e);
            return Optional.empty();
        }
    }

    private static Optional<Packed> look(URL url, String name) throws IOException {
        URLConnection connection = url.openConnection();
        if (!(connection instanceof JarURLConnection jar)) {
            return Optional.empty();
        }
        var entry = jar.getJarEntry();
        return entry == null || entry.getSize() < 0 || entry.getCrc() < 0
                ? Optional.empty()
                : Optional.of(new Packed(url, name, entry.getSize(), entry.getCrc()));
    }

    private static String named(String name, List<Packed> packed) {
        CRC32 all = new CRC32();
        for (Packed each : packed) {
            all.update((each.name + '\n' + each.bytes + '\n' + each.crc + '\n').getBytes(StandardCharsets.UTF_8));
        }
        return name + "-" + Long.toHexString(all.getValue());
    }

    private static Optional<Path> inOneOf(List<Path> folders, String name, List<Packed> packed, Predicate<Path> works) {
        for (Path root : folders) {
            Path folder = root.resolve(name).toAbsolutePath();
            try {
                if (!holds(folder, packed)) {
                    unpack(root, folder, packed);
                }
                if (works.test(folder)) {
                    return Optional.of(folder);
                }
                LOG.warn("{} holds all files but they cannot be used from there", folder);
            } catch (IOException e) {
                LOG.warn("nothing can be unpacked into {}: {}", folder, e.toString());
            }
        }
        return Optional.empty();
    }

    /** True if every file is there as it is in the jar and nobody else can have written it. */
    private static boolean holds(Path folder, List<Packed> packed) throws IOException {
        if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        checkOwn(folder);
        for (Packed each : packed) {
            if (!isAs(each, folder.resolve(each.name))) {
                return false;
            }
        }
        return true;
    }

    private static boolean isAs(Packed packed, Path file) throws IOException {
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) || Files.size(file) != packed.bytes) {
            return false;
        }
        try (CheckedInputStream in = new CheckedInputStream(Files.newInputStream(file), new CRC32())) {
            in.transferTo(OutputStream.nullOutputStream());
            return in.getChecksum().getValue() == packed.crc;
        }
    }

    private static void unpack(Path root, Path folder, List<Packed> packed) throws IOException {
        create(root);
        create(folder);
        Path lockFile = folder.resolve("lock");
        try (FileChannel channel = FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            FileLock lock = wait(channel, lockFile);
            if (lock != null) {
                deleteUnfinished(folder);
            }
            for (Packed each : packed) {
                Path file = folder.resolve(each.name);
                if (!isAs(each, file)) {
                    unpack(each, file);
                }
            }
        }
    }

    /** Null if this file system has no locks; files are moved into place whole in any case. */
    private static @Nullable FileLock wait(FileChannel channel, Path lockFile) throws IOException {
        for (int i = 0; i < TRIES; i++) {
            FileLock lock;
            try {
                lock = channel.tryLock();
            } catch (OverlappingFileLockException e) {
                // Another class loader of this process has it.
                lock = null;
            } catch (IOException e) {
                LOG.info("{} cannot be locked: {}", lockFile, e.toString());
                return null;
            }
            if (lock != null) {
                return lock;
            }
            try {
                Thread.sleep(PAUSE_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        }
        throw new IOException(lockFile + " is locked by another process");
    }

    private static void deleteUnfinished(Path folder) throws IOException {
        try (DirectoryStream<Path> left = Files.newDirectoryStream(folder, "*" + UNFINISHED)) {
            for (Path file : left) {
                Files.deleteIfExists(file);
            }
        }
    }

    private static void unpack(Packed packed, Path file) throws IOException {
        Path unfinished = file.resolveSibling(
                packed.name + "." + Long.toHexString(ThreadLocalRandom.current().nextLong()) + UNFINISHED);
        try {
            try (InputStream in = packed.url.openStream()) {
                Files.copy(in, unfinished);
            }
            if (!isAs(packed, unfinished)) {
                throw new IOException(packed.name + " is not what its jar says");
            }
            try {
                Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } catch (AtomicMoveNotSupportedException e) {
                Files.move(unfinished, file, StandardCopyOption.REPLACE_EXISTING);
            }
        } finally {
            Files.deleteIfExists(unfinished);
        }
    }

    /** Creates a folder that only its owner can use; one that exists is checked. */
    private static void create(Path folder) throws IOException {
        if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
            Path parent = folder.toAbsolutePath().getParent();
            if (parent != null) {
                Files.createDirectories(parent);
            }
            try {
                Files.createDirectory(folder, ownerOnly(folder));
            } catch (FileAlreadyExistsException e) {
                // Another start was quicker, or it is a link, which the check refuses.
                LOG.debug("{} exists", folder, e);
            }
        }
        checkOwn(folder);
    }

    private static FileAttribute<?>[] ownerOnly(Path folder) {
        return hasPermissions(folder)
                ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(OWNER_ONLY)}
                : new FileAttribute<?>[0];
    }

    private static boolean hasPermissions(Path path) {
        return path.getFileSystem().supportedFileAttributeViews().contains("posix");
    }

    /** Refuses a folder that is a link, belongs to somebody else, or can be written by others. */
    private static void checkOwn(Path folder) throws IOException {
        if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
            throw new IOException(folder + " is no folder");
        }
        if (!hasPermissions(folder)) {
            return;
        }
        Set<PosixFilePermission> others = EnumSet.copyOf(OF_OTHERS);
        others.retainAll(Files.getPosixFilePermissions(folder, LinkOption.NOFOLLOW_LINKS));
        if (!others.isEmpty()) {
            throw new IOException(folder + " can be written by others");
        }
        Path home = Path.of(System.getProperty("user.home", "."));
        if (Files.exists(home)
                && !Files.getOwner(folder, LinkOption.NOFOLLOW_LINKS).equals(Files.getOwner(home))
                && !folder.toAbsolutePath().startsWith(home.toAbsolutePath())) {
            throw new IOException(folder + " belongs to somebody else");
        }
    }
}
