package org.quantscope.app.session;

import java.nio.file.Path;
import java.util.Optional;
import org.quantscope.core.session.FileRef;

/** What only the person at the window can decide. Each call waits for the answer. */
public interface Questions {
    /** What to do with changes that are not saved. */
    enum Unsaved {
        SAVE,
        DISCARD,
        /** Stay where we are. */
        STAY
    }

    /** @param name of what would be lost */
    Unsaved unsaved(String name);

    /** Where to save; empty to save nothing. */
    Optional<Path> whereToSave(Path suggestion);

    /** Where a file that a session rests on is now; empty to give up. */
    Optional<Path> whereIs(FileRef missing);

    /** True to go on although {@code file} is not what the session was made with. */
    boolean acceptChanged(Path file);

    /** True to take up the work that an earlier run did not save. */
    boolean restore(String model);
}
