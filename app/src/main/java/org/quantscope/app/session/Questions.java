package org.quantscope.app.session;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.quantscope.core.dataset.Samples;
import org.quantscope.core.session.FileRef;

/** Questions that only the user can answer. Each call waits for the answer. */
public interface Questions {
    /** What to do with unsaved changes. */
    enum Unsaved {
        SAVE,
        DISCARD,
        /** Neither save nor discard: cancel what was about to happen. */
        STAY
    }

    /** The files that a session depends on. */
    enum Role {
        MODEL("model"),
        EVALUATION("evaluation data"),
        CALIBRATION("calibration data"),
        REFERENCE("float model to compare with");

        private final String title;

        Role(String title) {
            this.title = title;
        }

        /** True if a file in this role is a model, not data. */
        public boolean isModel() {
            return this == MODEL || this == REFERENCE;
        }

        /** The name of the role within a sentence. */
        public String title() {
            return title;
        }
    }

    /**
     * Asks what to do with unsaved changes.
     *
     * @param name name of what would be lost
     */
    Unsaved unsaved(String name);

    /**
     * Asks how to prepare data that does not fit the model in the way its sidecar says. The answer is made as an edit,
     * or not at all.
     */
    default void howToPrepare(Role role, Samples samples) {}

    /** Asks where to save; empty to save nothing. */
    Optional<Path> whereToSave(Path suggestion);

    /**
     * Asks for the float model to compare with; empty to leave it as it is.
     *
     * @param model the open model, in whose folder to look first
     */
    default Optional<Path> whichReference(Path model) {
        return Optional.empty();
    }

    /**
     * Asks where a missing file of a session is now; empty to continue without it, or to give up if it is the model.
     */
    Optional<Path> whereIs(Role role, FileRef missing);

    /**
     * Asks whether to go on although the file of this name has changed since the session was saved. If false, the session
     * continues without it, or is not opened if the file is the model.
     */
    boolean acceptChanged(Role role, String file);

    /** What to do with copies of unsaved work; those that are not named stay as they are. */
    sealed interface Resume {
        /** Open this one. */
        record Restore(UnsavedWork work) implements Resume {}

        /** Delete this one; the person has been asked whether that is meant. */
        record Discard(UnsavedWork work) implements Resume {}

        /** Neither now. */
        record Later() implements Resume {}
    }

    /**
     * Asks what to do with work that earlier runs did not save.
     *
     * @param found at least one copy
     */
    Resume resume(List<UnsavedWork> found);
}
