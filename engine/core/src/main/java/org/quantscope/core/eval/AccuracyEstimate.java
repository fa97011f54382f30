package org.quantscope.core.eval;

/**
 * Quantized against float accuracy on the samples seen so far, paired: both figures rest on the same samples.
 *
 * @param correct samples the quantized model got right
 * @param floatCorrect samples of the same {@code seen} that the float model got right
 * @param seen samples evaluated so far, at least 1
 * @param total samples in the evaluation set
 * @param agree samples where both models' top-1 are equal
 * @param deltaLo lower end of the 95 % interval of quantized − float accuracy over all {@code total} samples (a fraction)
 * @param deltaHi upper end; equal to {@code deltaLo} when {@code seen == total}
 * @param logitSqnrDb 10·log10(Σf²/Σ(f−q)²) over the logits f of the float and q of the quantized model; infinite if equal
 */
public record AccuracyEstimate(int correct, int floatCorrect, int seen, int total, int agree, double deltaLo, double deltaHi, double logitSqnrDb) {
    public double accuracy() {
        return (double) correct / seen;
    }

    public double floatAccuracy() {
        return (double) floatCorrect / seen;
    }

    /** Quantized − float accuracy as a fraction; negative is a loss. */
    public double delta() {
        return (double) (correct - floatCorrect) / seen;
    }

    public double agreement() {
        return (double) agree / seen;
    }

    /** Throughput of the caller that timed this: samples seen a second. */
    public double samplesPerSecond(long nanos) {
        return seen * 1e9 / Math.max(1, nanos);
    }

    public boolean isComplete() {
        return seen == total;
    }
}
