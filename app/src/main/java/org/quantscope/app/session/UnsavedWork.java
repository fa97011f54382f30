package org.quantscope.app.session;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;

/**
 * Work that an earlier run did not save, of which a copy was found.
 *
 * @param file the copy
 * @param model the model that the settings are for
 * @param session the session file that the work is a later state of; empty if it never had one
 * @param written when the copy was last written, by the clock of that time
 * @param left what is known about the run that wrote it
 */
public record UnsavedWork(Path file, Path model, Optional<Path> session, Instant written, Left left) {
    /** What is known about the run that wrote a copy. */
    public sealed interface Left {
        /** It has ended without saving. */
        record Ended() implements Left {}

        /** It ran on another computer and may still run there. */
        record MayRunOn(String computer) implements Left {}

        /** It was an earlier version, which does not tell whether it still runs. */
        record EarlierVersion() implements Left {}
    }

    /** The name of the model's file. */
    public String name() {
        return String.valueOf(model.getFileName());
    }
}
