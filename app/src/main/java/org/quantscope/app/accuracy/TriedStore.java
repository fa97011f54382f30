package org.quantscope.app.accuracy;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Stream;
import org.quantscope.app.accuracy.TriedViewModel.Tried;
import org.quantscope.core.eval.Task;
import org.quantscope.core.io.AtomicFile;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder that keeps what was tried between runs of the program: a folder for each model, data set and way to score,
 * and in it for each point a session file with its settings and a text file with its figures. What cannot be read is
 * logged and left out. May be used by several threads.
 */
final class TriedStore {
    /** More points of one plot are not kept; the oldest go first. */
    static final int KEPT = 60;

    private static final int MOST_PLOTS = 64;
    private static final String FIGURES = ".properties";
    private static final String SETTINGS = ".json";
    private static final Logger LOG = LoggerFactory.getLogger(TriedStore.class);

    private final Path folder;

    /** @param folder created when something is written */
    TriedStore(Path folder) {
        this.folder = folder;
    }

    /** A name for a plot that depends on all that its scores rest on. */
    static String key(String... parts) {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            for (String part : parts) {
                sha.update(part.getBytes(StandardCharsets.UTF_8));
                sha.update((byte) 0);
            }
            return HexFormat.of().formatHex(sha.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** The points of a plot, in the order in which they were written. */
    synchronized List<Tried> read(String key) {
        List<Tried> points = new ArrayList<>();
        for (Path file : figures(key)) {
            try {
                point(file).ifPresent(points::add);
            } catch (IOException | BadInputException | IllegalArgumentException e) {
                LOG.warn("A point of an earlier run is not shown: {}", e.toString());
            }
        }
        return points;
    }

    private static Optional<Tried> point(Path file) throws IOException {
        Properties p = new Properties();
        try (Reader in = Files.newBufferedReader(file)) {
            p.load(in);
        }
        Optional<Task> task = Task.byId(text(p, "task"));
        if (task.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Tried(
                text(p, "label"),
                text(p, "details"),
                Long.parseLong(text(p, "bytes")),
                task.get(),
                Double.parseDouble(text(p, "score")),
                Integer.parseInt(text(p, "samples")),
                Double.parseDouble(text(p, "output_sqnr_db")),
                SessionFile.read(settings(file)).state()));
    }

    private static String text(Properties p, String name) {
        String value = p.getProperty(name);
        if (value == null) {
            throw new IllegalArgumentException(name + ": missing");
        }
        return value;
    }

    /** Adds a point. That it could not be written is logged only: it can be computed again. */
    synchronized void add(String key, Tried point) {
        try {
            Files.createDirectories(folder.resolve(key));
            List<Path> there = figures(key);
            int next = there.isEmpty() ? 0 : 1 + number(there.getLast());
            Path file = folder.resolve(key).resolve(String.format("%06d", next) + FIGURES);
            SessionFile.write(Session.of(point.choices()), settings(file));
            Properties p = new Properties();
            p.setProperty("label", point.label());
            p.setProperty("details", point.details());
            p.setProperty("bytes", Long.toString(point.bytes()));
            p.setProperty("task", point.task().id());
            p.setProperty("score", Double.toString(point.score()));
            p.setProperty("samples", Integer.toString(point.samples()));
            p.setProperty("output_sqnr_db", Double.toString(point.outputSqnrDb()));
            AtomicFile.write(file, out -> p.store(out, null));
            for (int i = 0; i <= there.size() - KEPT; i++) {
                Files.deleteIfExists(there.get(i));
                Files.deleteIfExists(settings(there.get(i)));
            }
            if (there.isEmpty()) {
                prune();
            }
        } catch (IOException e) {
            LOG.warn("What was tried is not kept for the next start: {}", e.toString());
        }
    }

    private static int number(Path figures) {
        String name = String.valueOf(figures.getFileName());
        try {
            return Integer.parseInt(name.substring(0, name.length() - FIGURES.length()));
        } catch (NumberFormatException e) {
            return 0;
        }
    }

    private static Path settings(Path figures) {
        String name = String.valueOf(figures.getFileName());
        return figures.resolveSibling(name.substring(0, name.length() - FIGURES.length()) + SETTINGS);
    }

    private List<Path> figures(String key) {
        Path plot = folder.resolve(key);
        if (!Files.isDirectory(plot)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(plot)) {
            return files.filter(f -> f.toString().endsWith(FIGURES)).sorted().toList();
        } catch (IOException e) {
            LOG.warn("What was tried in earlier runs is not shown: {}", e.toString());
            return List.of();
        }
    }

    private record Aged(Path plot, FileTime written) {}

    /** Deletes the plots that nothing was added to for the longest time. */
    private void prune() throws IOException {
        List<Aged> newestFirst;
        try (Stream<Path> plots = Files.list(folder)) {
            newestFirst = plots.filter(Files::isDirectory)
                    .map(plot -> new Aged(plot, written(plot)))
                    .sorted(Comparator.comparing(Aged::written).reversed())
                    .toList();
        }
        for (Aged old : newestFirst.stream().skip(MOST_PLOTS).toList()) {
            try (Stream<Path> files = Files.list(old.plot)) {
                for (Path file : files.toList()) {
                    Files.deleteIfExists(file);
                }
            }
            Files.deleteIfExists(old.plot);
        }
    }

    private static FileTime written(Path plot) {
        try {
            return Files.getLastModifiedTime(plot);
        } catch (IOException e) {
            return FileTime.fromMillis(0);
        }
    }
}
