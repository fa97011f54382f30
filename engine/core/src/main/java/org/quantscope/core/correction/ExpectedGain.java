package org.quantscope.core.correction;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;

/**
 * What a correction is expected to bring, measured before it is applied: it is made on one half of the calibration data
 * and measured on the other, as {@link ExpectedLoss} says.
 *
 * @param before the loss without it
 * @param after the loss with it; infinite if the corrected model gives no finite numbers
 * @param samples that both are means over, and that nothing was chosen on
 * @param divergence true if losses are divergences in nats; false if they are shares of noise
 * @param changed how many tensors it changes
 */
public record ExpectedGain(double before, double after, int samples, boolean divergence, int changed) {
    /** A gain below this share of the loss is no more than chance. */
    private static final double LEAST = 0.02;

    /** True if the loss becomes smaller by 2 % or more. */
    public boolean helps() {
        return changed > 0 && after <= before * (1 - LEAST) && after < before;
    }

    /** What losses are, in a word for a person. */
    public String unit() {
        return divergence ? "KL" : "noise";
    }

    /** In one clause for a person. */
    public String said() {
        String on = " on " + samples + (samples == 1 ? " calibration sample" : " calibration samples") + " kept aside";
        if (changed == 0) {
            return "there is nothing to do: " + unit() + " stays " + number(before) + on;
        }
        return (helps() ? "" : "it does not help: ") + unit() + " " + number(before) + " → " + number(after) + on;
    }

    private static String number(double loss) {
        return Double.isFinite(loss) ? String.format(Locale.ROOT, "%.3g", loss) : "not finite";
    }

    /** Measures several corrections of one model under the same settings. For one thread. */
    public static final class Measure {
        private final Model model;
        private final SessionState state;
        private final ExpectedLoss loss;
        private Optional<Double> before = Optional.empty();
        private Optional<Session> fitted = Optional.empty();

        /**
         * @param model with a graph, as analysed
         * @param reference the float model that answers are compared with: {@code model}, or what it was before it was
         *     corrected
         * @throws org.quantscope.core.io.BadInputException if there are fewer than two samples
         */
        public Measure(Model model, Model reference, SessionState state, Dataset calibrationData) {
            this.model = model;
            this.state = state;
            this.loss = new ExpectedLoss(reference, calibrationData);
        }

        /**
         * Makes a correction and measures it.
         *
         * @throws IllegalArgumentException if an option is unknown or its value out of range
         * @throws CorrectionUnavailableException if it cannot run on this machine
         * @throws org.quantscope.core.io.BadInputException if the data does not fit the model
         * @throws java.util.concurrent.CancellationException if cancelled
         */
        public ExpectedGain of(
                Correction correction, Map<String, String> options, Progress progress, CancelToken cancel) {
            if (correction.needsData() && fitted.isEmpty()) {
                fitted = Optional.of(loss.fitted(model, state, progress, cancel));
            }
            Correction.Output made = correction.apply(
                    new Correction.Input(
                            model,
                            options,
                            correction.needsData() ? Optional.of(loss.fittedOn()) : Optional.empty(),
                            correction.needsData() ? fitted : Optional.empty()),
                    progress,
                    cancel);
            if (before.isEmpty()) {
                before = Optional.of(loss.of(model, state, progress, cancel));
            }
            double after = made.changed().isEmpty() ? before.get() : loss.of(made.model(), state, progress, cancel);
            return new ExpectedGain(
                    before.get(),
                    after,
                    loss.samples(),
                    loss.isDivergence(),
                    made.changed().size());
        }
    }
}
