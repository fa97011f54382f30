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

/** The copy of unsaved work that a crash leaves behind. Written in the background, in order with everything else. */
final class UnsavedCopy {
    private static final Logger LOG = LoggerFactory.getLogger(UnsavedCopy.class);
    /** What it is written under. */
    private static final String NAME = "autosave";

    private final Path file;
    private final Writer writer;
    private final LatestWins<Optional<Session>> looking;

    /** @param file where it lies */
    UnsavedCopy(Path file, Writer writer, Background background) {
        this.file = file;
        this.writer = writer;
        this.looking = background.latest(LatestWins.Mode.CONFLATE);
    }

    Path file() {
        return file;
    }

    /** Looks whether an earlier run left one; one that is not readable is removed, and none is found. */
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

    /** Replaces it; {@code session} is asked on the thread that writes. */
    void keep(Supplier<Session> session) {
        writer.replace(
                NAME,
                () -> {
                    Files.createDirectories(file.toAbsolutePath().getParent());
                    SessionFile.write(session.get(), file);
                },
                e -> LOG.warn("no copy of the unsaved work could be written", e));
    }

    /** Removes it: everything is saved, or was given up on purpose. */
    void forget() {
        writer.replace(
                NAME, () -> Files.deleteIfExists(file), e -> LOG.warn("the copy of the saved work is still there", e));
    }
}
