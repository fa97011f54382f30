package org.quantscope.app.session;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.quantscope.core.job.LatestWins;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The copy of unsaved work for use after a crash. It is written in the background, in order with all other files. */
final class UnsavedCopy {
    private static final Logger LOG = LoggerFactory.getLogger(UnsavedCopy.class);
    /** The name under which the writer knows the copy. */
    private static final String NAME = "autosave";

    private final Path file;
    private final Writer writer;
    private final LatestWins<Optional<Session>> looking;

    /** @param file path of the copy */
    UnsavedCopy(Path file, Writer writer, Background background) {
        this.file = file;
        this.writer = writer;
        this.looking = background.latest(LatestWins.Mode.CONFLATE);
    }

    Path file() {
        return file;
    }

    /** Looks for a copy from an earlier run. One that cannot be read is deleted and counts as missing. */
    void find(Consumer<Optional<Session>> found) {
        looking.submit(
                (cancel, partial) -> Files.isRegularFile(file) ? Optional.of(SessionFile.read(file)) : Optional.empty(),
                found,
                e -> {
                    LOG.warn("the copy of unsaved work is not readable", e);
                    forget();
                    found.accept(Optional.empty());
                });
    }

    /** Replaces the copy; {@code session} is called on the thread that writes it. */
    void keep(Supplier<Session> session) {
        writer.replace(
                NAME,
                () -> {
                    Files.createDirectories(file.toAbsolutePath().getParent());
                    SessionFile.write(session.get(), file);
                },
                e -> LOG.warn("no copy of the unsaved work could be written", e));
    }

    /** Deletes the copy, because everything is saved, or the user has discarded the changes. */
    void forget() {
        writer.replace(
                NAME, () -> Files.deleteIfExists(file), e -> LOG.warn("the copy of the saved work is still there", e));
    }
}
