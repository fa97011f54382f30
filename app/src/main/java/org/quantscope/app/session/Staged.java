package org.quantscope.app.session;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;

/**
 * What a lesson opens: a model with the default settings and its data. It is read in the background and shown in place of
 * the session, which {@link Workbench#keep} has kept.
 */
public record Staged(OpenModel model, SessionState state, List<Dataset> data) {
    public Staged {
        data = List.copyOf(data);
    }

    public static Staged open(
            Path file, Optional<Dataset> evaluation, Optional<Dataset> calibration, CancelToken cancel)
            throws IOException {
        OpenModel model = Opener.readModel(file, cancel);
        SessionState state = SessionState.of(model.file(), model.folded())
                .withEvaluationData(evaluation.map(FileRef::of))
                .withCalibrationData(calibration.map(FileRef::of));
        return new Staged(
                model,
                state,
                Stream.of(evaluation, calibration).flatMap(Optional::stream).toList());
    }

    public Staged with(SessionState other) {
        return new Staged(model, other, data);
    }
}
