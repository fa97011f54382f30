package org.quantscope.core.metric;

import java.util.OptionalDouble;

/**
 * How a quantized tensor uses its codes, and error figures that {@link ErrorReport} does not have. Over finite values
 * only.
 *
 * @param count finite values
 * @param sumAbsError Σ|x−y|
 * @param sumScaledSquares Σ((x−y)/s)² with the scale s of each value's slice; NaN for codebooks, which have no step
 * @param counts how often each code occurs in all slices together; codes are numbered from the lowest level, as many as
 *     the longest grid has
 * @param klDivergence Kullback-Leibler divergence of the quantized histogram from the float one in nats, the mean over
 *     slices by their counts; NaN if there are too many slices for histograms
 * @param min the smallest value
 * @param max the largest value
 */
public record CodeReport(
        long count,
        double sumAbsError,
        double sumScaledSquares,
        CodeCounts counts,
        double klDivergence,
        float min,
        float max) {
    /** The number of codes that the grid has. */
    public int codes() {
        return counts.codes();
    }

    /** The number of codes that occur. */
    public int usedCodes() {
        return counts.used();
    }

    /** Entropy of the codes in bits, see {@link CodeCounts#entropy}. */
    public double entropy() {
        return counts.entropy();
    }

    /** Mean absolute error, Σ|x−y|/n in tensor units. */
    public double mae() {
        return count == 0 ? 0 : sumAbsError / count;
    }

    /**
     * Root of the mean squared error in units of the step: 1/√12 = 0.2887 if errors are spread evenly over a step;
     * empty for codebooks.
     */
    public OptionalDouble rmseInSteps() {
        return count > 0 && !Double.isNaN(sumScaledSquares)
                ? OptionalDouble.of(Math.sqrt(sumScaledSquares / count))
                : OptionalDouble.empty();
    }

    /**
     * Peak signal to noise, 10·log10((max−min)²/mse) in dB; empty if either is 0.
     *
     * @param mse mean squared error, as {@link ErrorReport#mse}
     */
    public OptionalDouble psnrDb(double mse) {
        double peak = (double) max - min;
        return count > 0 && peak > 0 && mse > 0
                ? OptionalDouble.of(10 * Math.log10(peak * peak / mse))
                : OptionalDouble.empty();
    }

    /** Bits per value that lossless coding of the codes would save compared with codes of {@code bits} bits. */
    public double savedBits(int bits) {
        return Math.max(0, bits - entropy());
    }
}
