package org.quantscope.app.session;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.quantscope.app.session.Questions.Role;
import org.quantscope.core.session.ActivationRanges;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;

/**
 * A session that is being opened.
 *
 * @param unsaved true if the state differs from the file
 * @param waived data to go on without
 */
record Resumption(Path file, SessionState state, ActivationRanges ranges, boolean unsaved, Set<Role> waived) {
    static Resumption of(Path file, Session session, boolean unsaved) {
        return new Resumption(file, session.state(), session.ranges(), unsaved, Set.of());
    }

    Resumption with(Role role, FileRef ref) {
        SessionState next = switch (role) {
            case MODEL -> state.withModel(ref);
            case EVALUATION -> state.withEvaluationData(Optional.of(ref));
            case CALIBRATION -> state.withCalibrationData(Optional.of(ref));
        };
        return new Resumption(file, next, ranges, true, waived);
    }

    Resumption without(Role role) {
        Set<Role> more = EnumSet.of(role);
        more.addAll(waived);
        return new Resumption(file, state, ranges, unsaved, more);
    }

    Optional<FileRef> ref(Role role) {
        return waived.contains(role)
                ? Optional.empty()
                : switch (role) {
                    case MODEL -> Optional.of(state.model());
                    case EVALUATION -> state.evaluationData();
                    case CALIBRATION -> state.calibrationData();
                };
    }
}
