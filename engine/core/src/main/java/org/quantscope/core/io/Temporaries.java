package org.quantscope.core.io;

import java.io.IOException;
import java.net.URI;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Temporary files that a killed process leaves behind are deleted by a later start. Each run writes down where it is
 * about to create one, in a {@link RunFolder} of its own. A start deletes what runs that have ended wrote down, and only
 * under names as this class gives them.
 */
public final class Temporaries {
    private static final Logger LOG = LoggerFactory.getLogger(Temporaries.class);
    private static final String LIST = "temporaries";
    private static final String ENDING = ".tmp";
    private static final String SCRATCH = "quantscope-";
    private static final Pattern NAME =
            Pattern.compile("\\..*\\.[0-9a-f]{1,16}\\.tmp|quantscope-.*\\.[0-9a-f]{1,16}\\.tmp.*", Pattern.DOTALL);

    /** One that is not there this long after it was announced is gone, and not about to come. */
    private static final long COMING_NANOS = TimeUnit.SECONDS.toNanos(10);

    /** A longer list is written anew, in bytes. */
    private static final long LONG = 64 << 10;

    private static @Nullable Temporaries current;

    private final Path runs;
    private @Nullable Journal journal;
    private boolean broken;
    /** The time of the announcement by {@link System#nanoTime} of each that is or will be there. */
    private final Map<Path, Long> announced = new LinkedHashMap<>();

    /** What this run wrote down, in a folder of its own. */
    private record Journal(RunFolder own, FileChannel list) {
        static Journal in(Path runs) throws IOException {
            RunFolder own = RunFolder.create(runs);
            Path file = own.folder().resolve(LIST);
            return new Journal(own, FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE));
        }

        void write(Path path) throws IOException {
            list.position(list.size());
            Channels.newOutputStream(list)
                    .write((path.toUri().toASCIIString() + "\n").getBytes(StandardCharsets.US_ASCII));
        }
    }

    private Temporaries(Path runs) {
        this.runs = runs;
    }

    /**
     * Deletes what earlier runs left behind, and from now on writes down what this one creates. Nothing is created
     * before it is needed. If the folder cannot be written, the program works without.
     *
     * @param runs the folder for the lists of all runs
     */
    public static synchronized void keepIn(Path runs) {
        end();
        sweep(runs);
        current = new Temporaries(runs);
    }

    /** Forgets the list of this run; call it when the program ends, so that nothing of it remains. */
    public static synchronized void end() {
        Temporaries ending = current;
        current = null;
        if (ending != null && ending.journal != null) {
            try {
                ending.journal.list.close();
                if (ending.announced.keySet().stream().noneMatch(Temporaries::exists)) {
                    ending.journal.own.delete();
                } else {
                    ending.journal.own.close();
                }
            } catch (IOException e) {
                LOG.info("the list of temporary files is still there", e);
            }
        }
    }

    /** Deletes what runs that have ended left behind. */
    private static void sweep(Path runs) {
        try {
            for (Path folder : RunFolder.all(runs)) {
                try {
                    RunFolder left = RunFolder.take(folder).orElse(null);
                    if (left != null) {
                        sweep(left);
                    }
                } catch (IOException e) {
                    LOG.info("{}: what an earlier run left is still there: {}", folder, e.toString());
                }
            }
        } catch (IOException e) {
            LOG.info("{} cannot be read: {}", runs, e.toString());
        }
    }

    private static void sweep(RunFolder left) throws IOException {
        try (left) {
            Path file = left.folder().resolve(LIST);
            if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                for (String line : Files.readAllLines(file, StandardCharsets.US_ASCII)) {
                    sweep(line);
                }
            }
            left.delete();
        }
    }

    /** A last line that was not written to its end names nothing that was created. */
    private static void sweep(String line) throws IOException {
        Path path;
        try {
            path = Path.of(URI.create(line));
        } catch (IllegalArgumentException | FileSystemNotFoundException e) {
            return;
        }
        if (path.isAbsolute()
                && NAME.matcher(String.valueOf(path.getFileName())).matches()) {
            RunFolder.deleteAll(path);
        }
    }

    private static boolean exists(Path path) {
        return Files.exists(path, LinkOption.NOFOLLOW_LINKS);
    }

    /** A path for a temporary file beside {@code target} that no file has; it is written down. */
    static Path beside(Path target) {
        Path name;
        do {
            name = target.resolveSibling("." + target.getFileName() + "." + number() + ENDING);
        } while (exists(name));
        announce(name);
        return name;
    }

    /**
     * Creates an empty file in the folder for temporary files, which only this person can read.
     *
     * @param what part of its name
     * @param ending of its name
     */
    public static Path file(String what, String ending) throws IOException {
        while (true) {
            Path path = inTemporaryFolder(what, ending);
            try {
                return Files.createFile(path, ownerOnly(path, "rw-------"));
            } catch (FileAlreadyExistsException e) {
                LOG.debug("{} exists", path, e);
            }
        }
    }

    /**
     * Creates a folder in the folder for temporary files, which only this person can read.
     *
     * @param what part of its name
     */
    public static Path folder(String what) throws IOException {
        while (true) {
            Path path = inTemporaryFolder(what, "");
            try {
                return Files.createDirectory(path, ownerOnly(path, "rwx------"));
            } catch (FileAlreadyExistsException e) {
                LOG.debug("{} exists", path, e);
            }
        }
    }

    private static Path inTemporaryFolder(String what, String ending) {
        Path path = Path.of(System.getProperty("java.io.tmpdir", "."))
                .toAbsolutePath()
                .resolve(SCRATCH + what + "." + number() + ENDING + ending);
        announce(path);
        return path;
    }

    private static FileAttribute<?>[] ownerOnly(Path path, String permissions) {
        return path.getFileSystem().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
                }
                : new FileAttribute<?>[0];
    }

    private static String number() {
        return Long.toHexString(ThreadLocalRandom.current().nextLong());
    }

    private static synchronized void announce(Path path) {
        Temporaries now = current;
        if (now != null && !now.broken) {
            try {
                now.add(path.toAbsolutePath());
            } catch (IOException e) {
                now.broken = true;
                LOG.info("temporary files are not written down in {}: {}", now.runs, e.toString());
            }
        }
    }

    /** Appends a path; the list begins anew when nothing of it is left. */
    private void add(Path path) throws IOException {
        Journal to = journal;
        if (to == null) {
            to = Journal.in(runs);
            journal = to;
        }
        long now = System.nanoTime();
        announced.entrySet().removeIf(e -> now - e.getValue() > COMING_NANOS && !exists(e.getKey()));
        if (announced.isEmpty()) {
            to.list.truncate(0);
        } else if (to.list.size() > LONG) {
            to.list.truncate(0);
            for (Path each : List.copyOf(announced.keySet())) {
                to.write(each);
            }
        }
        announced.put(path, now);
        to.write(path);
    }
}
