package org.quantscope.core.sensitivity;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.io.BadInputException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder that keeps the figures of sweeps between runs of the program, in one file for each {@link SensitivityScope}.
 * A file that is damaged or belongs to another scope is logged, ignored, and replaced by the next write. Files that
 * have not been written for a long time are deleted, and if there are many, the oldest too. Several programs may use
 * the folder at once: each takes over what the others have written.
 */
public final class SensitivityStore {
    /** The time between two writes of a running sweep: at most this much work is lost if the process is killed. */
    static final Duration PERIOD = Duration.ofSeconds(5);

    static final Duration OLDEST = Duration.ofDays(90);
    static final int MOST_FILES = 64;

    private static final Logger LOG = LoggerFactory.getLogger(SensitivityStore.class);

    private final Path folder;
    private final InstantSource clock;

    /** @param folder created when something is written */
    public SensitivityStore(Path folder) {
        this(folder, InstantSource.system());
    }

    SensitivityStore(Path folder, InstantSource clock) {
        this.folder = folder;
        this.clock = clock;
    }

    /**
     * A cache that starts with the known figures of a scope and writes new ones here. Reads a file of some megabytes at
     * most.
     */
    public SensitivityCache open(SensitivityScope scope) {
        return new SensitivityCache(this, scope, read(scope));
    }

    Instant now() {
        return clock.instant();
    }

    private Path file(SensitivityScope scope) {
        return folder.resolve(scope.sha256() + SensitivityFile.EXTENSION);
    }

    private Map<String, AccuracyEstimate> read(SensitivityScope scope) {
        Path file = file(scope);
        try {
            return Files.exists(file) ? SensitivityFile.read(file, scope) : Map.of();
        } catch (IOException | BadInputException e) {
            LOG.warn("Figures of an earlier sweep are not used: {}", e.getMessage());
            return Map.of();
        }
    }

    void save(SensitivityScope scope, Map<String, AccuracyEstimate> figures) {
        Map<String, AccuracyEstimate> all = new LinkedHashMap<>(read(scope));
        figures.forEach((setting, figure) -> {
            AccuracyEstimate other = all.remove(setting);
            all.put(setting, other != null && other.seen() > figure.seen() ? other : figure);
        });
        all.keySet()
                .removeAll(all.keySet().stream()
                        .limit(Math.max(0, all.size() - SensitivityCache.KEPT))
                        .toList());
        try {
            Files.createDirectories(folder);
            SensitivityFile.write(all, scope, file(scope));
            prune();
        } catch (IOException e) {
            LOG.warn("The figures of this sweep are not kept for the next start: {}", e.toString());
        }
    }

    private record Aged(Path file, FileTime written) {}

    private void prune() throws IOException {
        List<Aged> newestFirst;
        try (Stream<Path> files = Files.list(folder)) {
            newestFirst = files.filter(f -> f.getFileName().toString().endsWith(SensitivityFile.EXTENSION))
                    .map(f -> new Aged(f, written(f)))
                    .sorted(Comparator.comparing(Aged::written).reversed())
                    .toList();
        }
        FileTime tooOld = FileTime.from(now().minus(OLDEST));
        for (int i = 0; i < newestFirst.size(); i++) {
            if (i >= MOST_FILES || newestFirst.get(i).written.compareTo(tooOld) < 0) {
                Files.deleteIfExists(newestFirst.get(i).file);
            }
        }
    }

    /** When the file was last written. A file that another program has just removed counts as the oldest. */
    private static FileTime written(Path file) {
        try {
            return Files.getLastModifiedTime(file);
        } catch (IOException e) {
            return FileTime.fromMillis(0);
        }
    }
}
