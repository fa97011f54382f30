package org.quantscope.app.session;

import java.io.IOException;
import java.io.Reader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.quantscope.core.io.AtomicFile;
import org.quantscope.core.io.UserFolders;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the program remembers between runs: the theme, recent files, position of the window and its dividers. Stored in
 * a small text file; an unreadable file counts as empty.
 */
public final class Settings {
    /** The number of recent files to keep. */
    public static final int RECENT = 10;

    private static final String GIVEN = "quantscope.config";
    private static final Logger LOG = LoggerFactory.getLogger(Settings.class);

    private final Path folder;
    private final Path state;
    private final Properties values;
    /** What this window has set and not stored. Only this is written, because other windows write the same file. */
    private final Map<String, String> changed = new ConcurrentHashMap<>();
    /** What this window has done to the list of recent files and not stored. */
    private final List<UnaryOperator<List<Path>>> recentChanges = new CopyOnWriteArrayList<>();

    private Runnable onChange = () -> {};

    /** @param folder folder of the settings file and all other files; created when something is saved */
    public Settings(Path folder) {
        this(folder, folder);
    }

    /**
     * @param folder folder of the settings file; created when something is saved
     * @param state folder for copies of unsaved work and for results that can be computed again
     */
    public Settings(Path folder, Path state) {
        this.folder = folder;
        this.state = state;
        this.values = read(new Properties());
    }

    /** The stored settings, or others if there are none that can be read. */
    private Properties read(Properties others) {
        Path file = file();
        if (!Files.isRegularFile(file)) {
            return others;
        }
        Properties read = new Properties();
        try (Reader in = Files.newBufferedReader(file)) {
            read.load(in);
            return read;
        } catch (IOException | IllegalArgumentException e) {
            LOG.warn("{} is not readable; what this window knows is kept", file, e);
            return others;
        }
    }

    /**
     * The settings in the usual folders of this system; {@code quantscope.config} names a folder to use for all files
     * instead.
     */
    public static Settings usual() {
        String given = System.getProperty(GIVEN);
        return given == null
                ? new Settings(UserFolders.settings(), UserFolders.state())
                : new Settings(Path.of(given), Path.of(given));
    }

    /** Calls {@code listener} whenever a setting changes, on the thread that changes it. */
    void onChange(Runnable listener) {
        onChange = listener;
    }

    private void set(String name, String value) {
        if (!value.equals(values.setProperty(name, value))) {
            changed.put(name, value);
            onChange.run();
        }
    }

    public Path folder() {
        return folder;
    }

    /** The folder for what this program keeps for itself: copies of unsaved work, and results that can be computed again. */
    public Path state() {
        return state;
    }

    public boolean dark() {
        return !"light".equals(values.getProperty("theme"));
    }

    public void setDark(boolean dark) {
        set("theme", dark ? "dark" : "light");
    }

    /** Recently opened files, newest first. */
    public List<Path> recent() {
        return recent(values);
    }

    private static List<Path> recent(Properties values) {
        List<Path> files = new ArrayList<>();
        for (int i = 0; i < RECENT; i++) {
            String text = values.getProperty("recent." + i);
            if (text != null) {
                try {
                    files.add(Path.of(text));
                } catch (InvalidPathException e) {
                    LOG.debug("not a path: {}", text, e);
                }
            }
        }
        return files;
    }

    /** Moves or adds a file to the front of the recent files. */
    public void addRecent(Path file) {
        Path absolute = file.toAbsolutePath().normalize();
        changeRecent(files -> Stream.concat(Stream.of(absolute), files.stream().filter(f -> !f.equals(absolute)))
                .toList());
    }

    /** Removes a file from the recent files. */
    public void removeRecent(Path file) {
        changeRecent(files -> files.stream().filter(f -> !f.equals(file)).toList());
    }

    private void changeRecent(UnaryOperator<List<Path>> change) {
        recentChanges.add(change);
        setRecent(values, change.apply(recent()));
        onChange.run();
    }

    private static void setRecent(Properties values, List<Path> files) {
        for (int i = 0; i < RECENT; i++) {
            if (i < files.size()) {
                values.setProperty("recent." + i, files.get(i).toString());
            } else {
                values.remove("recent." + i);
            }
        }
    }

    /** A remembered number, such as the position of a divider. */
    public OptionalDouble number(String name) {
        try {
            double x = Double.parseDouble(values.getProperty(name, ""));
            return Double.isFinite(x) ? OptionalDouble.of(x) : OptionalDouble.empty();
        } catch (NumberFormatException e) {
            return OptionalDouble.empty();
        }
    }

    public void setNumber(String name, double x) {
        set(name, Double.toString(x));
    }

    /** A remembered text, such as the page that was visible. */
    public Optional<String> text(String name) {
        return Optional.ofNullable(values.getProperty(name));
    }

    public void setText(String name, String value) {
        set(name, value);
    }

    /**
     * A task for the {@link Writer} that stores what this window has set so far, beside what other windows have stored
     * meanwhile.
     */
    Writer.Write save() {
        Properties known = (Properties) values.clone();
        Map<String, String> mine = Map.copyOf(changed);
        List<UnaryOperator<List<Path>>> done = List.copyOf(recentChanges);
        return () -> {
            Files.createDirectories(folder);
            Properties now = read(known);
            now.putAll(mine);
            List<Path> files = recent(now);
            for (UnaryOperator<List<Path>> change : done) {
                files = change.apply(files);
            }
            setRecent(now, files);
            StringWriter text = new StringWriter();
            now.store(text, "Quantscope");
            AtomicFile.write(file(), out -> out.write(text.toString().getBytes(StandardCharsets.UTF_8)));
            mine.forEach(changed::remove);
            recentChanges.removeAll(done);
        };
    }

    private Path file() {
        return folder.resolve("window.properties");
    }
}
