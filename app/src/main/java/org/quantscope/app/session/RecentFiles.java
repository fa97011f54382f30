package org.quantscope.app.session;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import org.quantscope.core.job.LatestWins;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The files that were opened or saved recently, stored in the settings. */
final class RecentFiles {
    private static final Logger LOG = LoggerFactory.getLogger(RecentFiles.class);

    private final Settings settings;
    private final LatestWins<List<Path>> pruning;
    private final ReadOnlyObjectWrapper<List<Path>> files;

    RecentFiles(Settings settings, Background background) {
        this.settings = settings;
        this.pruning = background.latest(LatestWins.Mode.CONFLATE);
        this.files = new ReadOnlyObjectWrapper<>(settings.recent());
    }

    void remember(Path file) {
        settings.addRecent(file);
        files.set(settings.recent());
    }

    /** Removes missing files from the list, in the background. */
    void forgetMissing() {
        List<Path> known = files.get();
        pruning.submit(
                (cancel, partial) ->
                        known.stream().filter(file -> !Files.exists(file)).toList(),
                missing -> {
                    if (!missing.isEmpty()) {
                        missing.forEach(settings::removeRecent);
                        files.set(settings.recent());
                    }
                },
                e -> LOG.warn("recent files could not be looked at", e));
    }

    void clear() {
        files.get().forEach(settings::removeRecent);
        files.set(settings.recent());
    }

    /** The files, newest first. */
    ReadOnlyObjectProperty<List<Path>> filesProperty() {
        return files.getReadOnlyProperty();
    }
}
