package org.quantscope.app.session;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.quantscope.app.session.Questions.Role;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;

/**
 * A session that is being opened.
 *
 * @param file what is read: the session file, or the copy of unsaved work
 * @param saveTo the session file that saving writes to
 * @param session what it holds
 * @param unsaved true if the state differs from the file
 * @param waived data to go on without
 * @param notes a sentence for each thing to be said of it
 */
record Resumption(
        Path file, Optional<Path> saveTo, Session session, boolean unsaved, Set<Role> waived, List<String> notes) {
    static Resumption of(Path file, Session session) {
        return new Resumption(file, Optional.of(file), session, false, Set.of(), List.of());
    }

    /**
     * Unsaved work. Saving writes to the session file that it belongs to, unless that is gone or has been written since.
     *
     * @param session what the copy holds
     * @throws IOException if the session file is there and cannot be looked at
     */
    static Resumption of(UnsavedWork work, Session session) throws IOException {
        Path of = work.session().orElse(null);
        boolean there = of != null && Files.isRegularFile(of);
        boolean older = there && !Files.getLastModifiedTime(of).toInstant().isAfter(work.written());
        List<String> notes = of == null || older
                ? List.of()
                : List.of(Invisible.escaped(String.valueOf(of.getFileName()))
                        + (there ? " was saved again after this copy" : " is gone")
                        + ": Save asks where to write");
        return new Resumption(work.file(), older ? work.session() : Optional.empty(), session, true, Set.of(), notes);
    }

    SessionState state() {
        return session.state();
    }

    Resumption with(Role role, FileRef ref) {
        SessionState state = state();
        SessionState next = switch (role) {
            case MODEL -> state.withModel(ref);
            case EVALUATION -> state.withEvaluationData(Optional.of(ref));
            case CALIBRATION -> state.withCalibrationData(Optional.of(ref));
            case REFERENCE -> state.withReference(Optional.of(ref));
        };
        return new Resumption(
                file,
                saveTo,
                new Session(next, session.ranges(), session.solved(), session.scores()),
                true,
                waived,
                notes);
    }

    Resumption without(Role role) {
        Set<Role> more = EnumSet.of(role);
        more.addAll(waived);
        return new Resumption(file, saveTo, session, unsaved, more, notes);
    }

    Optional<FileRef> ref(Role role) {
        return waived.contains(role)
                ? Optional.empty()
                : switch (role) {
                    case MODEL -> Optional.of(state().model());
                    case EVALUATION -> state().evaluationData();
                    case CALIBRATION -> state().calibrationData();
                    case REFERENCE -> state().reference();
                };
    }
}
