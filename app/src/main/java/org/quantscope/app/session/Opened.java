package org.quantscope.app.session;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.quantscope.app.session.Questions.Role;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Samples;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.ActivationRanges;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.session.SnapshotScore;
import org.quantscope.core.session.SolvedWeight;
import org.quantscope.core.sketch.ActivationSketches;
import org.quantscope.core.tensor.TensorId;

/** The result of reading files in the background. */
sealed interface Opened {
    /**
     * A model with its data and settings, ready to be shown.
     *
     * @param reference the float model that {@code state} names
     * @param file what it was read from: a session file, or a copy of unsaved work
     * @param saveTo the session file that saving writes to
     * @param notes a sentence for each thing that is wrong with the rest
     * @param unprepared data that came with the model and does not fit it without preparation
     */
    record Bench(
            OpenModel model,
            Optional<Model> corrected,
            Optional<OpenModel> reference,
            SessionState state,
            Optional<Path> file,
            Optional<Path> saveTo,
            List<Dataset> data,
            Seen seen,
            boolean unsaved,
            List<String> notes,
            Optional<Unprepared> unprepared)
            implements Opened {
        /** True if it was read from a copy of unsaved work. */
        boolean isCopy() {
            return unsaved && file.isPresent() && !file.equals(saveTo);
        }

        Bench without(String note, Optional<Unprepared> more) {
            List<String> all = new ArrayList<>(notes);
            all.add(note);
            return new Bench(model, corrected, reference, state, file, saveTo, data, seen, unsaved, all, more);
        }
    }

    record Missing(Resumption of, Role role) implements Opened {}

    /** @param file the name of the file whose content is another one */
    record Changed(Resumption of, Role role, FileRef now, String file) implements Opened {}

    /** A float model to compare with. */
    record Reference(OpenModel model) implements Opened {}

    /** Data to evaluate on. */
    record Data(Dataset dataset) implements Opened {}

    /** Data that does not fit the model without preparation. */
    record Unprepared(Samples samples, Role role) implements Opened {}

    /**
     * What is known about the activations before they are calibrated.
     *
     * @param ranges the ranges in the session file
     * @param codes the codes of weights in the session file
     * @param activations the sketches, if they belong to the model and the data of the session
     * @param note why there are no sketches although there should be
     * @param scores of snapshots in the session file
     */
    record Seen(
            ActivationRanges ranges,
            Map<TensorId, SolvedWeight> codes,
            Optional<ActivationSketches> activations,
            Optional<String> note,
            Map<String, List<SnapshotScore>> scores) {
        static final Seen NOTHING =
                new Seen(ActivationRanges.NONE, Map.of(), Optional.empty(), Optional.empty(), Map.of());

        static Seen of(Session session) {
            return new Seen(session.ranges(), session.solved(), Optional.empty(), Optional.empty(), session.scores());
        }

        static Seen not(Session session, String why) {
            return new Seen(
                    session.ranges(),
                    session.solved(),
                    Optional.empty(),
                    Optional.of(why + ": the activations are looked at again"),
                    session.scores());
        }
    }
}
