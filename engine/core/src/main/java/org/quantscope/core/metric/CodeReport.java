package org.quantscope.core.metric;

import java.util.OptionalDouble;

/**
 * What a quantized tensor does with its codes, and error figures beside those of {@link ErrorReport}. Over finite values only.
 *
 * @param count finite values
 * @param sumAbsError Σ|x−y|
 * @param sumScaledSquares Σ((x−y)/s)² with the scale s of each value's slice; NaN for codebooks, which have no step
 * @param counts how often each code occurs, whatever the slice; codes are numbered from the lowest level, up to that of the longest grid
 * @param divergence Kullback-Leibler divergence of the quantized histogram from the float one in nats, the mean over slices by their
 *     counts; NaN where slices are too many to make histograms of
 * @param min the smallest value
 * @param max the largest value
 */
public record CodeReport(
        long count,
        double sumAbsError,
        double sumScaledSquares,
        CodeCounts counts,
        double divergence,
        float min,
        float max) {
    /** Codes that there are. */
    public int codes() {
        return counts.codes();
    }

    /** Codes that occur. */
    public int usedCodes() {
        return counts.used();
    }

    /** Of the codes, in bits: see {@link CodeCounts#entropy}. */
    public double entropy() {
        return counts.entropy();
    }

    /** Mean absolute error, Σ|x−y|/n in tensor units. */
    public double mae() {
        return count == 0 ? 0 : sumAbsError / count;
    }

    /** Root of the mean squared error in steps: 1/√12 = 0.2887 where errors spread evenly over a step; empty for codebooks. */
    public OptionalDouble rmseInSteps() {
        return count > 0 && !Double.isNaN(sumScaledSquares)
                ? OptionalDouble.of(Math.sqrt(sumScaledSquares / count))
                : OptionalDouble.empty();
    }

    /**
     * Peak signal to noise, 10·log10((max−min)²/mse) in dB; empty if either is 0.
     *
     * @param mse as {@link ErrorReport#mse} says
     */
    public OptionalDouble psnrDb(double mse) {
        double peak = (double) max - min;
        return count > 0 && peak > 0 && mse > 0
                ? OptionalDouble.of(10 * Math.log10(peak * peak / mse))
                : OptionalDouble.empty();
    }

    /** Bits for each value that lossless coding of the codes would save against codes of this width. */
    public double savedBits(int bits) {
        return Math.max(0, bits - entropy());
    }
}
