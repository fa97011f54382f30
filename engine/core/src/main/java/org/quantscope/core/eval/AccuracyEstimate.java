package org.quantscope.core.eval;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * The quantized model beside the float model on the samples seen so far. The comparison is paired: both figures come
 * from the same samples.
 *
 * @param task what is scored
 * @param score mean score of the quantized model: a fraction where {@link Task#isProportion}, else in the unit of the
 *     task
 * @param floatScore mean score of the float model on the same samples
 * @param seen samples evaluated so far, at least 1
 * @param total samples in the evaluation set
 * @param agree samples where both models give the same class, at every scored position if there are several; empty if the outputs are not classes
 * @param interval 95 % interval of quantized − float score over all {@code total} samples; its width is 0 when
 *     {@code seen == total}
 * @param logitSqnrDb 10·log10(Σf²/Σ(f−q)²) over the outputs f of the float and q of the quantized model; infinite if
 *     equal
 * @param klDivergence mean over the samples of the Kullback-Leibler divergence Σ p·ln(p/q) of the quantized model's class
 *     probabilities q from the float model's p, in nats, at least 0; with several positions the mean over those
 *     scored; empty if the outputs are not classes or not finite
 * @param details further figures
 */
public record AccuracyEstimate(
        Task task,
        double score,
        double floatScore,
        int seen,
        int total,
        OptionalInt agree,
        PairedInterval interval,
        double logitSqnrDb,
        OptionalDouble klDivergence,
        Details details) {

    /**
     * Further figures.
     *
     * @param scored what is counted: the samples seen that have a label, or their scored positions
     * @param worst the worst score of a sample under the quantized model; NaN where {@link Task#isProportion}
     * @param floatWorst likewise under the float model
     * @param exact samples right at every position, where a sample has several; else empty
     * @param bernoulli true if the divergence is a sum over outputs with a probability of their own each, as behind a
     *     Sigmoid, and not over classes
     * @param spread what is left of the output's variation; only where outputs are compared with the float model's
     * @param notFinite samples for which an output of the float model is NaN or infinite
     * @param worstSample index in the data set of the sample behind {@code worst}
     * @param intervals of both figures, for samples such as these
     * @param classes figures of single classes, where the task has them other than by counts of what is right; worst of
     *     the quantized model first
     */
    public record Details(
            long scored,
            double worst,
            double floatWorst,
            Optional<Exact> exact,
            boolean bernoulli,
            Optional<Spread> spread,
            int notFinite,
            OptionalInt worstSample,
            Optional<FigureIntervals> intervals,
            List<ClassScore> classes) {
        public Details {
            classes = List.copyOf(classes);
        }

        /** Without what only a complete evaluation tells. */
        public Details(
                long scored,
                double worst,
                double floatWorst,
                Optional<Exact> exact,
                boolean bernoulli,
                Optional<Spread> spread,
                int notFinite) {
            this(
                    scored,
                    worst,
                    floatWorst,
                    exact,
                    bernoulli,
                    spread,
                    notFinite,
                    OptionalInt.empty(),
                    Optional.empty(),
                    List.of());
        }

        /** One score for each sample, and nothing else. */
        static Details plain(long scored) {
            return new Details(scored, Double.NaN, Double.NaN, Optional.empty(), false, Optional.empty(), 0);
        }
    }

    /**
     * Samples with the right class at every scored position, or with every label right.
     *
     * @param quantized of the quantized model
     * @param ofFloat of the float model
     * @param of samples with anything to score
     */
    public record Exact(int quantized, int ofFloat, int of) {}

    /** An estimate with one score for each sample. */
    public AccuracyEstimate(
            Task task,
            double score,
            double floatScore,
            int seen,
            int total,
            OptionalInt agree,
            PairedInterval interval,
            double logitSqnrDb,
            OptionalDouble klDivergence) {
        this(task, score, floatScore, seen, total, agree, interval, logitSqnrDb, klDivergence, Details.plain(seen));
    }

    /** What the quantized model got right of {@link Details#scored}, if the score is a share. */
    public int correct() {
        return count(score);
    }

    /** What the float model got right of {@link Details#scored}, if the score is a share. */
    public int floatCorrect() {
        return count(floatScore);
    }

    private int count(double share) {
        if (!task.isProportion()) {
            throw new IllegalStateException("task: " + task.id() + " counts nothing");
        }
        return (int) Math.rint(share * details.scored);
    }

    /** Quantized − float score. A loss is negative if {@link Task#higherIsBetter}, else positive. */
    public double delta() {
        return score - floatScore;
    }

    public double deltaLo() {
        return interval.lo();
    }

    public double deltaHi() {
        return interval.hi();
    }

    /** True if the whole interval lies on the worse side of 0. */
    public boolean isLoss() {
        return task.higherIsBetter() ? interval.hi() < 0 : interval.lo() > 0;
    }

    /** Share of samples where both models give the same class. */
    public OptionalDouble agreement() {
        return agree.isPresent() ? OptionalDouble.of((double) agree.getAsInt() / seen) : OptionalDouble.empty();
    }

    public boolean isComplete() {
        return seen == total;
    }
}
