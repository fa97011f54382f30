package org.quantscope.app.session;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.session.UnsavedWork.Left;
import org.quantscope.core.io.AtomicFile;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.RunFolder;
import org.quantscope.core.io.RunFolder.Owner;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The copies of unsaved work for use after a crash: that of this window, and those that ended runs left behind. Each
 * window has its copy in a {@link RunFolder} of its own, so several windows on one home do not touch each other's.
 *
 * <p>A copy is deleted only by its window, by a window that has taken it over and written its own, or because the person
 * says so. One that is damaged is kept aside under another name.
 */
final class UnsavedCopy {
    private static final Logger LOG = LoggerFactory.getLogger(UnsavedCopy.class);
    /** The name under which the writer knows the copy. */
    private static final String NAME = "autosave";

    private static final String FILE = NAME + SessionViewModel.EXTENSION;
    /** Beside the copy: the path of the session file that the work belongs to, as text. Not there if it has none. */
    private static final String SESSION = "session-file.txt";

    /** Longer files hold no path, in bytes. */
    private static final long MOST_PATH = 1 << 16;

    /** The folder for damaged copies, beside those of the runs. */
    private static final String KEPT = "kept";

    private static final DateTimeFormatter DAY = DateTimeFormatter.ofPattern("yyyy-MM-dd", Locale.ROOT);

    private final Path runs;
    private final Path earlier;
    private final Writer writer;
    private final Background background;
    private final LatestWins<Found> looking;

    /** The folder of this window, once it has a copy. */
    private @Nullable RunFolder own;

    /** The folders of ended runs that this window holds, by their copies. */
    private final Map<Path, RunFolder> held = new ConcurrentHashMap<>();
    /** Copies whose work is open in this window, until it is written as this window's own. */
    private final Set<Path> taken = ConcurrentHashMap.newKeySet();

    private boolean told;

    /**
     * What earlier runs have left behind.
     *
     * @param works the copies that can be taken up, with their sessions, newest first
     * @param problems a sentence for each copy that cannot
     */
    record Found(Map<UnsavedWork, Session> works, List<String> problems) {}

    /**
     * @param runs folder for the folders of all windows
     * @param earlier the copy of a version that had one place for all windows
     */
    UnsavedCopy(Path runs, Path earlier, Writer writer, Background background) {
        this.runs = runs;
        this.earlier = earlier;
        this.writer = writer;
        this.background = background;
        this.looking = background.latest(LatestWins.Mode.CONFLATE);
    }

    /**
     * Looks for the copies of runs that have ended, or may have. Those of ended runs are held until {@link #release}, so
     * that no other window offers them too.
     */
    void find(Consumer<Found> found) {
        looking.submit((cancel, partial) -> look(), found, e -> {
            LOG.warn("copies of unsaved work could not be looked for", e);
            found.accept(new Found(Map.of(), List.of()));
        });
    }

    private synchronized Found look() throws IOException {
        release();
        Map<UnsavedWork, Session> works = new LinkedHashMap<>();
        List<String> problems = new ArrayList<>();
        for (Path folder : RunFolder.all(runs)) {
            try {
                look(folder, works, problems);
            } catch (IOException e) {
                LOG.warn("{} could not be looked at", folder, e);
                problems.add("Unsaved work of an earlier run could not be looked at: " + Opener.reason(e));
            }
        }
        if (Files.isRegularFile(earlier)) {
            read(earlier, new Left.EarlierVersion(), works, problems);
        }
        Map<UnsavedWork, Session> newestFirst = new LinkedHashMap<>();
        works.entrySet().stream()
                .sorted(Comparator.comparing((Map.Entry<UnsavedWork, Session> e) ->
                                e.getKey().written())
                        .reversed())
                .forEach(e -> newestFirst.put(e.getKey(), e.getValue()));
        return new Found(newestFirst, problems);
    }

    private void look(Path folder, Map<UnsavedWork, Session> works, List<String> problems) throws IOException {
        Path file = folder.resolve(FILE);
        Owner owner = RunFolder.ownerOf(folder);
        if (owner == Owner.RUNS || held.containsKey(file)) {
            return;
        }
        if (owner == Owner.UNKNOWN) {
            if (Files.isRegularFile(file)) {
                read(file, new Left.MayRunOn(RunFolder.computerOf(folder)), works, problems);
            }
            return;
        }
        RunFolder mine = RunFolder.take(folder).orElse(null);
        if (mine == null) {
            return;
        }
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            // It had nothing unsaved, or was killed before its first copy was complete.
            mine.delete();
        } else if (read(file, new Left.Ended(), works, problems)) {
            held.put(file, mine);
        } else if (Files.exists(file)) {
            mine.close();
        } else {
            mine.delete();
        }
    }

    /** Reads a copy; false if that is not possible. */
    private boolean read(Path file, Left left, Map<UnsavedWork, Session> works, List<String> problems)
            throws IOException {
        try {
            Session session = SessionFile.read(file);
            works.put(
                    new UnsavedWork(
                            file,
                            session.state().model().path(),
                            sessionOf(file),
                            Files.getLastModifiedTime(file).toInstant(),
                            left),
                    session);
            return true;
        } catch (BadInputException e) {
            LOG.warn("{} is not readable", file, e);
            if (SessionFile.isOfAnotherVersion(e)) {
                problems.add("Unsaved work was made by a newer version of Quantscope, which can take it up (" + file
                        + "): " + e.getMessage());
            } else if (left instanceof Left.Ended || left instanceof Left.EarlierVersion) {
                problems.add("Unsaved work of an earlier run is damaged and kept as " + keepAside(file) + ": "
                        + e.getMessage());
            }
            return false;
        }
    }

    /** The session file that the work of a copy belongs to; empty if it has none, or what names it cannot be used. */
    private static Optional<Path> sessionOf(Path copy) {
        Path named = copy.resolveSibling(SESSION);
        try {
            if (!Files.isRegularFile(named, LinkOption.NOFOLLOW_LINKS) || Files.size(named) > MOST_PATH) {
                return Optional.empty();
            }
            return Optional.of(Path.of(Files.readString(named))).filter(Path::isAbsolute);
        } catch (IOException | InvalidPathException e) {
            LOG.warn("{} does not name a session file", named, e);
            return Optional.empty();
        }
    }

    private Path keepAside(Path file) throws IOException {
        Path kept = Files.createDirectories(runs.resolve(KEPT));
        String day = DAY.format(Files.getLastModifiedTime(file).toInstant().atZone(ZoneId.systemDefault()));
        for (int i = 1; ; i++) {
            Path place = kept.resolve("damaged-" + day + (i == 1 ? "" : "-" + i) + SessionViewModel.EXTENSION);
            try {
                return Files.move(file, place);
            } catch (FileAlreadyExistsException e) {
                LOG.debug("{} exists", place, e);
            }
        }
    }

    /** Gives up the copies that were found, all but those whose work is open here. They stay where they are. */
    void release() {
        release(taken);
    }

    /** The same, but for the copy that is about to be opened. */
    void releaseAllBut(Path file) {
        Set<Path> stay = new HashSet<>(taken);
        stay.add(file);
        release(stay);
    }

    private void release(Set<Path> stay) {
        for (Path file : List.copyOf(held.keySet())) {
            RunFolder folder = stay.contains(file) ? null : held.remove(file);
            if (folder != null) {
                try {
                    folder.close();
                } catch (IOException e) {
                    LOG.warn("{} could not be given up", file, e);
                }
            }
        }
    }

    /**
     * Notes that the work of this copy is open in this window. The copy is deleted once this window has written its own,
     * or has nothing unsaved. Any other file is left alone, such as the copy of a window that may still be open on
     * another computer.
     */
    void take(Path file) {
        if (held.containsKey(file) || file.equals(earlier)) {
            taken.add(file);
        }
    }

    private List<Path> taken() {
        return List.copyOf(taken);
    }

    private void drop(List<Path> files) throws IOException {
        for (Path file : files) {
            taken.remove(file);
            RunFolder folder = held.remove(file);
            if (folder != null) {
                folder.delete();
            } else {
                Files.deleteIfExists(file);
            }
        }
    }

    /** Deletes a copy because the person says so. */
    void discard(UnsavedWork work) {
        LOG.info("{} is deleted because the person says so", work.file());
        writer.add(
                () -> drop(List.of(work.file())),
                e -> failed("The copy of unsaved work for " + work.name() + " is still there: ", e));
    }

    /**
     * Replaces the copy of this window.
     *
     * @param session called on the thread that writes it
     * @param file the session file that it belongs to
     */
    void keep(Supplier<Session> session, Optional<Path> file) {
        List<Path> before = taken();
        writer.replace(
                NAME,
                () -> {
                    Path copy = place();
                    Path named = copy.resolveSibling(SESSION);
                    boolean still = sessionOf(copy).equals(file);
                    if (!still) {
                        // A run that is killed in between leaves a copy that belongs to no file, never to a wrong one.
                        Files.deleteIfExists(named);
                    }
                    SessionFile.write(session.get(), copy);
                    if (!still && file.isPresent()) {
                        name(file.get(), named);
                    }
                    told = false;
                    drop(before);
                },
                e -> {
                    if (!told) {
                        told = true;
                        failed("No copy of the unsaved work can be kept against a crash: ", e);
                    }
                });
    }

    private static void name(Path session, Path place) throws IOException {
        byte[] text = session.toAbsolutePath().toString().getBytes(StandardCharsets.UTF_8);
        AtomicFile.write(place, out -> out.write(text));
    }

    private synchronized Path place() throws IOException {
        RunFolder folder = own;
        if (folder == null) {
            folder = RunFolder.create(runs);
            own = folder;
        }
        return folder.folder().resolve(FILE);
    }

    private void failed(String what, IOException e) {
        LOG.warn("{}", what, e);
        background.ui().execute(() -> background.problem(what + Opener.reason(e)));
    }

    /** Deletes the copy of this window, because everything is saved, or the user has discarded the changes. */
    void forget() {
        List<Path> before = taken();
        writer.replace(
                NAME,
                () -> {
                    deleteOwn();
                    drop(before);
                },
                e -> LOG.warn("the copy of the saved work is still there", e));
    }

    private synchronized void deleteOwn() throws IOException {
        if (own != null) {
            Files.deleteIfExists(own.folder().resolve(FILE));
            Files.deleteIfExists(own.folder().resolve(SESSION));
        }
    }

    /** Ends the ownership of all copies, after everything is written. What is there then is offered by a later run. */
    synchronized void close() {
        taken.clear();
        release();
        RunFolder folder = own;
        own = null;
        if (folder != null) {
            try {
                folder.close();
            } catch (IOException e) {
                LOG.warn("{} is still there", folder.folder(), e);
            }
        }
    }
}
