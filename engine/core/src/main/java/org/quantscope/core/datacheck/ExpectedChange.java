package org.quantscope.core.datacheck;

import java.util.Optional;
import org.quantscope.core.eval.PairedInterval;
import org.quantscope.core.eval.SampleOutcomes;

/**
 * What quantization is expected to change of the accuracy on samples without labels. For each sample whose class changes
 * the float model says how likely it takes the old class and the new one to be; if its probabilities are right, the sums
 * of both are the samples that are lost and gained. Where labels are known elsewhere, {@link FlipWorth} corrects that.
 */
public sealed interface ExpectedChange {
    /**
     * An estimate.
     *
     * @param delta quantized − float accuracy, a fraction, negative for a loss
     * @param interval of it at 95 %, for samples such as these: the interval of as many lost and gained samples
     *     ({@link PairedInterval#ofExpected}). It holds as far as the probabilities do, which data that is far from what
     *     the model was trained on may spoil
     * @param flipped samples whose class changes
     * @param samples that it rests on
     * @param worth what changes were worth where labels are known, if it is part of this; its error is in the interval
     */
    record Known(double delta, PairedInterval interval, int flipped, int samples, Optional<FlipWorth> worth)
            implements ExpectedChange {
        /** The 97.5 % quantile of the normal distribution. */
        private static final double Z = 1.959963984540054;
    }

    /** @param why there is none, a sentence */
    record Unknown(String why) implements ExpectedChange {}

    /**
     * @param outcomes of the quantized model beside the float one on the samples; labels are not looked at
     * @param worth of a change of class, measured on labelled data; empty to go by the probabilities alone
     */
    static ExpectedChange of(SampleOutcomes outcomes, Optional<FlipWorth> worth) {
        int n = outcomes.size();
        if (n == 0) {
            return new Unknown("There are no samples.");
        }
        if (outcomes.classes() == 0) {
            return new Unknown("The scored output gives no classes, so no probability says which answer is right.");
        }
        if (outcomes.positions() > 1) {
            return new Unknown("A sample has " + outcomes.positions()
                    + " positions with a class each, and only the probability of all together is known.");
        }
        double lost = 0;
        double gained = 0;
        int flipped = 0;
        int notKept = 0;
        int notFinite = 0;
        for (int i = 0; i < n; i++) {
            SampleOutcomes.Outcome outcome = outcomes.outcome(i).orElseThrow();
            if (outcome.floatClass() < 0 || outcome.quantizedClass() < 0) {
                notFinite++;
            } else if (outcome.floatClass() != outcome.quantizedClass()) {
                flipped++;
                if (outcome.floatOfQuantized().isEmpty()) {
                    notKept++;
                } else {
                    lost += outcome.floatOfFloat();
                    gained += outcome.floatOfQuantized().getAsDouble();
                }
            }
        }
        if (notFinite > 0) {
            return new Unknown(count(notFinite, n) + " no class: outputs are not finite.");
        }
        if (notKept > 0) {
            return new Unknown("The float model's probabilities of " + notKept + " of " + flipped
                    + " samples that change were too large to keep.");
        }
        return known(lost, gained, flipped, n, worth, worth.map(w -> w.of(outcomes)));
    }

    /** @param beyond what the changes are worth beyond the probabilities */
    static Known known(
            double lost,
            double gained,
            int flipped,
            int n,
            Optional<FlipWorth> worth,
            Optional<FlipWorth.Worth> beyond) {
        // Half of what is added is gained and half is not lost, as far as neither becomes less than nothing.
        double more = Math.clamp(beyond.map(FlipWorth.Worth::gained).orElse(0.0), lost - flipped, flipped - gained);
        double half = more >= 0 ? Math.min(more / 2, lost) : Math.max(more / 2, -gained);
        double delta = (gained - lost + more) / n;
        double likelyGained = more >= 0 ? gained + more - half : gained + half;
        double likelyLost = more >= 0 ? lost - half : lost - (more - half);
        PairedInterval chance = PairedInterval.ofExpected(likelyGained, likelyLost, n);
        double doubt = Known.Z * beyond.map(FlipWorth.Worth::error).orElse(0.0) / n;
        return new Known(
                delta,
                new PairedInterval(
                        Math.max(-1, delta - Math.hypot(delta - chance.lo(), doubt)),
                        Math.min(1, delta + Math.hypot(chance.hi() - delta, doubt))),
                flipped,
                n,
                worth);
    }

    private static String count(int some, int n) {
        return some + " of " + n + (some == 1 ? " samples has" : " samples have");
    }
}
