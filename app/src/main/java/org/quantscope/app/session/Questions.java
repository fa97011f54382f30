package org.quantscope.app.session;

import java.nio.file.Path;
import java.util.Optional;
import org.quantscope.core.dataset.Samples;
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

    /** What a session rests on. */
    enum Role {
        MODEL("model"),
        EVALUATION("evaluation data"),
        CALIBRATION("calibration data");

        private final String title;

        Role(String title) {
            this.title = title;
        }

        /** For a person, within a sentence. */
        public String title() {
            return title;
        }
    }

    /** @param name of what would be lost */
    Unsaved unsaved(String name);

    /** Data that cannot be fed to the model as its sidecar says: how to prepare it. The answer is an edit, or nothing. */
    default void howToPrepare(Role role, Samples samples) {}

    /** Where to save; empty to save nothing. */
    Optional<Path> whereToSave(Path suggestion);

    /** Where a file that a session rests on is now; empty to go on without it, or to give up if it is the model. */
    Optional<Path> whereIs(Role role, FileRef missing);

    /** True to use {@code file} although it is not what the session was made with; false to go on without it, or to give up if it is the model. */
    boolean acceptChanged(Role role, Path file);

    /** True to take up the work that an earlier run did not save. */
    boolean restore(String model);
}
