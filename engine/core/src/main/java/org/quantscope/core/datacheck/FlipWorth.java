package org.quantscope.core.datacheck;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.quantscope.core.corruption.Corrupted;
import org.quantscope.core.corruption.Corruption;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.Datasets;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.SampleOutcomes;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;

/**
 * How much more a change of class is worth than the float model's probabilities say, measured where labels are known: on
 * calibration data as it is, and made worse in several ways. There a sample that quantization gains counts 1, one that it
 * loses −1, and what the probabilities foretell is taken off; what is left is fitted by a constant and by how much too
 * often the old class is answered, against the new one, on that data ({@link ClassShares}). Both are drawn towards 0
 * (ridge regression with λ = {@value #DRAWN}).
 *
 * <p>This is the idea of learning on transformed data what figures without labels mean (W. Deng and L. Zheng, Are labels
 * always necessary for classifier accuracy evaluation?, CVPR 2021). What is fitted and λ were chosen by the error of
 * foretelling one corruption of calibration data from the others, on the sample models.
 */
public final class FlipWorth {
    private static final int DRAWN = 30;

    private static final List<Double> SEVERITIES = List.of(1.0, 3.0, 5.0);

    /** More samples would say the same again. */
    private static final int MOST_SAMPLES = 512;

    private final ClassShares shares;
    private final Weights weights;
    private final List<Weights> without;
    private final int flips;
    private final List<String> ways;
    private final int samples;

    private FlipWorth(
            ClassShares shares, Weights weights, List<Weights> without, int flips, List<String> ways, int samples) {
        this.shares = shares;
        this.weights = weights;
        this.without = without;
        this.flips = flips;
        this.ways = ways;
        this.samples = samples;
    }

    /** What was fitted: for each change, and for each unit of {@link ClassShares#excess}. */
    record Weights(double each, double excess) {
        double of(int flipped, double sum) {
            return each * flipped + excess * sum;
        }
    }

    /**
     * What all changes on some data are worth beyond the probabilities.
     *
     * @param gained samples gained less lost
     * @param error standard error, by leaving out one way after the other (jackknife)
     */
    record Worth(double gained, double error) {}

    /**
     * Measures it. Takes as long as up to {@value #MOST_SAMPLES} samples, evaluated three times for each way and once more.
     *
     * @param calibration as it is prepared
     * @param settings how the model is quantized
     * @param evaluators makes the evaluator of the model on other samples; closed here
     * @param ways in which to make the data worse; none that the data refuses
     * @return empty if the data has no labels or the model no classes
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static Optional<FlipWorth> measure(
            Dataset calibration,
            EvalRequest settings,
            Function<Dataset, LiveEvaluator> evaluators,
            List<Corruption> ways,
            Progress progress,
            CancelToken cancel) {
        if (!calibration.hasLabels()) {
            return Optional.empty();
        }
        Dataset data = calibration.limit(Math.min(MOST_SAMPLES, calibration.size()));
        int all = 1 + ways.size() * SEVERITIES.size();
        int done = 0;
        progress.report(done, all, "labelled data");
        SampleOutcomes clean = outcomes(data, settings, evaluators, cancel);
        if (clean.classes() == 0 || clean.positions() > 1 || clean.size() == 0) {
            return Optional.empty();
        }
        ClassShares shares = ClassShares.of(clean);
        Sums known = new Sums();
        known.add(clean, shares);
        Map<String, Sums> byWay = new LinkedHashMap<>();
        for (Corruption way : ways) {
            Sums sums = byWay.computeIfAbsent(way.id(), id -> new Sums());
            for (double severity : SEVERITIES) {
                cancel.check();
                progress.report(++done, all, way.title() + ", severity " + Corrupted.number(severity));
                Dataset worse = Datasets.corrupted(data, Optional.of(new Corrupted(way.id(), severity)));
                sums.add(outcomes(worse, settings, evaluators, cancel), shares);
            }
        }
        return Optional.of(of(shares, known, byWay, data.size()));
    }

    private static SampleOutcomes outcomes(
            Dataset data, EvalRequest settings, Function<Dataset, LiveEvaluator> evaluators, CancelToken cancel) {
        try (LiveEvaluator evaluator = evaluators.apply(data)) {
            return evaluator.evaluateSamples(settings, cancel, part -> {}).outcomes();
        }
    }

    /** Sums of the normal equations over the changes on some data. */
    static final class Sums {
        private int n;
        private double left;
        private double excess;
        private double squares;
        private double product;

        /**
         * @param worth what is left of a change
         * @param much how much too often its old class is answered
         */
        void add(double worth, double much) {
            n++;
            left += worth;
            excess += much;
            squares += much * much;
            product += worth * much;
        }

        private void add(SampleOutcomes outcomes, ClassShares calibration) {
            ClassShares here = ClassShares.of(outcomes);
            for (int i = 0; i < outcomes.size(); i++) {
                SampleOutcomes.Outcome o = outcomes.outcome(i).orElseThrow();
                if (isChange(o) && o.label().isPresent()) {
                    int label = o.label().getAsInt();
                    int change = (label == o.quantizedClass() ? 1 : 0) - (label == o.floatClass() ? 1 : 0);
                    add(
                            change - (o.floatOfQuantized().getAsDouble() - o.floatOfFloat()),
                            here.excess(calibration, o.floatClass(), o.quantizedClass()));
                }
            }
        }

        private Sums plus(Sums o, int sign) {
            Sums sum = new Sums();
            sum.n = n + sign * o.n;
            sum.left = left + sign * o.left;
            sum.excess = excess + sign * o.excess;
            sum.squares = squares + sign * o.squares;
            sum.product = product + sign * o.product;
            return sum;
        }

        /** Ridge regression with two unknowns. */
        private Weights solve() {
            double a = n + (double) DRAWN;
            double c = squares + DRAWN;
            double det = a * c - excess * excess;
            return new Weights((c * left - excess * product) / det, (a * product - excess * left) / det);
        }
    }

    /** True if the class of a sample changes and it is known how likely the new one is. */
    private static boolean isChange(SampleOutcomes.Outcome o) {
        return o.floatClass() >= 0
                && o.quantizedClass() >= 0
                && o.floatClass() != o.quantizedClass()
                && o.floatOfQuantized().isPresent();
    }

    static FlipWorth of(ClassShares shares, Sums clean, Map<String, Sums> byWay, int samples) {
        Sums all = clean;
        for (Sums sums : byWay.values()) {
            all = all.plus(sums, 1);
        }
        List<Weights> without = new ArrayList<>();
        for (Sums sums : byWay.values()) {
            without.add(all.plus(sums, -1).solve());
        }
        return new FlipWorth(shares, all.solve(), List.copyOf(without), all.n, List.copyOf(byWay.keySet()), samples);
    }

    /** What the changes of class among some samples are worth beyond the probabilities. */
    Worth of(SampleOutcomes outcomes) {
        ClassShares here = ClassShares.of(outcomes);
        int n = 0;
        double sum = 0;
        for (int i = 0; i < outcomes.size(); i++) {
            SampleOutcomes.Outcome o = outcomes.outcome(i).orElseThrow();
            if (isChange(o)) {
                n++;
                sum += here.excess(shares, o.floatClass(), o.quantizedClass());
            }
        }
        return worth(n, sum);
    }

    Worth worth(int changes, double excess) {
        double gained = weights.of(changes, excess);
        double squares = 0;
        for (Weights other : without) {
            double d = other.of(changes, excess) - gained;
            squares += d * d;
        }
        int k = without.size();
        return new Worth(gained, k == 0 ? 0 : Math.sqrt(squares * (k - 1) / k));
    }

    /** Changes of class that it rests on. */
    public int flips() {
        return flips;
    }

    /** Ids of the corruptions in which the calibration data was made worse. */
    public List<String> ways() {
        return ways;
    }

    /** Samples of the calibration data. */
    public int samples() {
        return samples;
    }
}
