package org.quantscope.core.eval;

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
 * @param agree samples where both models give the same class; empty if the outputs are not classes
 * @param interval 95 % interval of quantized − float score over all {@code total} samples; its width is 0 when
 *     {@code seen == total}
 * @param logitSqnrDb 10·log10(Σf²/Σ(f−q)²) over the outputs f of the float and q of the quantized model; infinite if
 *     equal
 * @param divergence mean over the samples of the Kullback-Leibler divergence Σ p·ln(p/q) of the quantized model's class
 *     probabilities q from the float model's p, in nats, at least 0; empty if the outputs are not classes or not finite
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
        OptionalDouble divergence) {

    /** Samples the quantized model got right, if the score is a share. */
    public int correct() {
        return count(score);
    }

    /** Samples of the same {@link #seen} that the float model got right, if the score is a share. */
    public int floatCorrect() {
        return count(floatScore);
    }

    private int count(double share) {
        if (!task.isProportion()) {
            throw new IllegalStateException("task: " + task.id() + " counts nothing");
        }
        return (int) Math.rint(share * seen);
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
