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
 * A folder in which the figures of sweeps outlive the program, a file for each {@link SensitivityScope}. A file that is damaged or
 * not of its scope counts as none: it is logged, and replaced by the next write. Files that nobody wrote to for long go, and the
 * oldest where there are many. Several programs may use it at once: each takes over what the others have written.
 */
public final class SensitivityStore {
    /** Between two writes of a sweep that runs: what is lost when the process is killed. */
    static final Duration PERIOD = Duration.ofSeconds(5);

    static final Duration OLDEST = Duration.ofDays(90);
    static final int MOST_FILES = 64;

    private static final Logger LOG = LoggerFactory.getLogger(SensitivityStore.class);

    private final Path folder;
    private final InstantSource clock;

    /** @param folder made when something is written */
    public SensitivityStore(Path folder) {
        this(folder, InstantSource.system());
    }

    SensitivityStore(Path folder, InstantSource clock) {
        this.folder = folder;
        this.clock = clock;
    }

    /** A cache with what is known of a scope; what it keeps is written here. Reads a file of some MB at most. */
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

    /** One that another program has removed meanwhile is the oldest. */
    private static FileTime written(Path file) {
        try {
            return Files.getLastModifiedTime(file);
        } catch (IOException e) {
            return FileTime.fromMillis(0);
        }
    }
}
