package org.quantscope.cli;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.quantscope.core.correction.Correction;
import org.quantscope.core.correction.TrainedCorrection;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.AppliedCorrection;
import org.quantscope.core.session.SessionState;

/**
 * A training on the command line.
 *
 * @param rest cancels what comes after it: no longer the command's own token, once training has begun
 */
record TrainingRun(TrainedCorrection.Training training, double seconds, CancelToken rest) {
    /** Trains, with progress on stderr. Ctrl-C before the first step cancels; after it, it ends the training. */
    static TrainingRun of(
            TrainedCorrection correction,
            Model model,
            AppliedCorrection applied,
            Optional<Dataset> data,
            SessionState state,
            Terminal terminal,
            CancelToken cancel) {
        long begin = System.nanoTime();
        CancelToken own = new CancelToken();
        AtomicBoolean begun = new AtomicBoolean();
        AtomicBoolean stopped = new AtomicBoolean();
        TrainedCorrection.Watch watch = new TrainedCorrection.Watch() {
            @Override
            public void begun(TrainedCorrection.Course course) {
                begun.set(true);
            }

            @Override
            public void measured(TrainedCorrection.Point point) {}

            @Override
            public boolean stopped() {
                return stopped.get();
            }
        };
        Runnable end = () -> {
            if (begun.get()) {
                stopped.set(true);
            } else {
                own.cancel();
            }
        };
        TrainedCorrection.Training training;
        try (CancelToken.Registration _ = cancel.onCancel(end);
                Terminal.Bar bar = terminal.progress("train")) {
            Correction.Input input = new Correction.Input(
                    model, applied.options(), data, applied.settings().map(s -> s.on(state)));
            training = correction.train(input, watch, bar, own);
        } catch (IllegalArgumentException e) {
            throw new BadInputException("", "correction", String.valueOf(e.getMessage()));
        }
        return new TrainingRun(training, (System.nanoTime() - begin) / 1e9, own);
    }

    void put(Json json) {
        Json heldOut = new Json()
                .put("samples", training.course().heldOut())
                .put("measure", training.course().measure())
                .put("start", training.points().getFirst().loss())
                .put("best", training.best().loss())
                .put("best_step", training.best().step())
                .put("steps", training.best().steps())
                .put("least_output_error", training.course().solved());
        json.put("held_out", heldOut).put("seconds", seconds);
    }

    void print(Terminal terminal) {
        terminal.out().println("  " + training.outcome());
        training.comparison().ifPresent(text -> terminal.out().println("  " + text));
    }
}
