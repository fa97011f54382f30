package org.quantscope.app.session;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.session.ActivationRanges;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.InputFiles;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.session.SnapshotScore;
import org.quantscope.core.session.SolvedWeight;
import org.quantscope.core.sketch.ActivationSketches;
import org.quantscope.core.sketch.SketchFile;
import org.quantscope.core.tensor.TensorId;

/**
 * Writes the open session in the background: to its file, with what was seen of the activations beside it, and as the
 * copy of unsaved work.
 */
final class SessionSaver {
    private record Kept(ActivationSketches activations, Path file) {}

    private final Workbench bench;
    private final Solutions solutions;
    private final Writer writer;
    private final UnsavedCopy unsaved;
    private final Background background;
    private Optional<Kept> kept = Optional.empty();
    private boolean paused;

    SessionSaver(Workbench bench, Solutions solutions, Writer writer, UnsavedCopy unsaved, Background background) {
        this.bench = bench;
        this.solutions = solutions;
        this.writer = writer;
        this.unsaved = unsaved;
        this.background = background;
        bench.changes().on(Changes.Stage.UNSAVED_COPY, this::copy);
    }

    /** @param then runs once the session is saved */
    void save(Path file, Runnable then) {
        SessionState state = bench.stateProperty().get().orElse(null);
        OpenModel of = bench.modelProperty().get().orElse(null);
        if (state == null || of == null) {
            return;
        }
        Supplier<Session> session = session(state);
        writer.add(
                () -> {
                    InputFiles.of(of.source(), state).keep(List.of(file, SketchFile.beside(file)));
                    SessionFile.write(session.get(), file);
                    background.ui().execute(() -> saved(of, state, file, then));
                },
                e -> background
                        .ui()
                        .execute(() -> background.problem(file.getFileName() + ": not saved, " + Opener.reason(e))));
    }

    private void saved(OpenModel of, SessionState state, Path file, Runnable then) {
        // Another model may be open by now.
        if (bench.modelProperty().get().equals(Optional.of(of))) {
            bench.saved(state, file);
            keepActivations(file);
            copy();
        }
        then.run();
    }

    /**
     * Writes the sketches of the activations beside the session file, so that the model need not be run when it is
     * opened.
     */
    private void keepActivations(Path session) {
        Path file = SketchFile.beside(session);
        Optional<Kept> now = bench.observed().map(seen -> new Kept(seen, file));
        if (now.isEmpty() || (now.equals(kept) && Files.isRegularFile(file))) {
            return;
        }
        kept = now;
        ActivationSketches seen = now.get().activations();
        writer.add(
                () -> SketchFile.write(seen, file),
                failure -> background.ui().execute(() -> {
                    kept = Optional.empty();
                    background.problem(file.getFileName() + ": not saved, " + Opener.reason(failure));
                }));
    }

    /** Takes note of a session that has been opened: what its files hold need not be written again. */
    void opened(Opened.Bench b) {
        kept = b.seen()
                .activations()
                .flatMap(seen -> b.saveTo().map(session -> new Kept(seen, SketchFile.beside(session))));
    }

    /** While it is paused, the copy of unsaved work stays as it is: what is open is no work of the user. */
    void pause(boolean on) {
        paused = on;
    }

    /** Writes the copy of unsaved work, or deletes it if everything is saved. */
    void copy() {
        if (paused) {
            return;
        }
        bench.stateProperty().get().ifPresent(state -> {
            if (bench.dirtyProperty().get()) {
                Resolver resolver = bench.resolver();
                Calibration calibration = bench.calibration();
                Map<TensorId, SolvedWeight> codes = solutions.toSave();
                Map<String, List<SnapshotScore>> scores = bench.scoresProperty().get();
                // Nothing is computed for the copy: it is to be there before anything else can happen.
                unsaved.keep(
                        () -> new Session(
                                state,
                                resolver.knownRanges(state, calibration).orElse(ActivationRanges.NONE),
                                codes,
                                scores),
                        bench.sessionFileProperty().get());
            } else {
                unsaved.forget();
            }
        });
    }

    /** A session with the calibration for its state; it is assembled on the thread that writes it. */
    private Supplier<Session> session(SessionState state) {
        Resolver resolver = bench.resolver();
        Calibration calibration = bench.calibration();
        Map<TensorId, SolvedWeight> codes = solutions.toSave();
        Map<String, List<SnapshotScore>> scores = bench.scoresProperty().get();
        return () -> new Session(state, resolver.ranges(state, calibration, new CancelToken()), codes, scores);
    }
}
