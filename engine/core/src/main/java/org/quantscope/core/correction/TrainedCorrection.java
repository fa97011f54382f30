package org.quantscope.core.correction;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;

/**
 * A correction that trains the model, for minutes: a person watches the loss on samples that it does not train on, and
 * may stop it, which keeps the best that it has found. Its outcome cannot be computed again to the last bit elsewhere,
 * so whoever applies it keeps {@linkplain org.quantscope.core.session.AppliedCorrection#learned what was learned}.
 */
public interface TrainedCorrection extends Correction {
    /** Why a model cannot be trained, naming what is in the way; empty if it can. Needs no data. */
    Optional<String> obstacle(Model model);

    /**
     * What is trained, known before the first step.
     *
     * @param measure of the loss, in a few words with its unit
     * @param trained samples that it learns from
     * @param heldOut samples that only the loss is measured on
     * @param solved the loss of the weights that {@code least-output-error} chooses from the same samples, without
     *     training; empty if they cannot be computed
     */
    record Course(String measure, int trained, int heldOut, OptionalDouble solved) {}

    /**
     * The loss on the held-out samples at one time.
     *
     * @param step steps that were made before
     * @param steps in all
     * @param seconds since the beginning
     */
    record Point(int step, int steps, double loss, double seconds) {}

    /** Sees how training goes. Called on the working thread. */
    interface Watch {
        Watch NONE = new Watch() {
            @Override
            public void begun(Course course) {}

            @Override
            public void measured(Point point) {}

            @Override
            public boolean stopped() {
                return false;
            }
        };

        /** Training begins now: from here on, stopping it keeps the best. */
        void begun(Course course);

        void measured(Point point);

        /** True once a person wants no more steps. Asked before each. */
        boolean stopped();
    }

    /**
     * The outcome.
     *
     * @param output its model and ranges are those with the least loss on the held-out samples
     * @param points every measurement, the first before the first step
     * @param best the point of {@code output}
     * @param end why there were no more steps, as a sentence for a person; empty if all were made
     */
    record Training(Output output, Course course, List<Point> points, Point best, Optional<String> end) {
        public Training {
            points = List.copyOf(points);
        }

        /** The loss on the held-out samples before and after, for a person. */
        public String outcome() {
            return String.format(
                    Locale.ROOT,
                    "held-out loss (%s, %d of %d samples): %.4g before, %.4g after %,d of %,d steps%s",
                    course.measure,
                    course.heldOut,
                    course.heldOut + course.trained,
                    points.getFirst().loss,
                    best.loss,
                    best.step,
                    best.steps,
                    end.map(why -> "; " + why).orElse(""));
        }

        /** How that compares with what needs no training, for a person; empty if it is not known. */
        public Optional<String> comparison() {
            if (course.solved.isEmpty()) {
                return Optional.empty();
            }
            double solved = course.solved.getAsDouble();
            return Optional.of(String.format(
                    Locale.ROOT,
                    "the rounding least-output-error, without training, on the same samples: %.4g, %s",
                    solved,
                    solved < best.loss ? "which is less: prefer it here" : "which is more"));
        }
    }

    /**
     * Trains the model. The other conditions are those of {@link #apply}.
     *
     * @throws java.util.concurrent.CancellationException if cancelled; nothing is kept then
     */
    Training train(Input input, Watch watch, Progress progress, CancelToken cancel);

    @Override
    default Output apply(Input input, Progress progress, CancelToken cancel) {
        return train(input, Watch.NONE, progress, cancel).output();
    }
}
