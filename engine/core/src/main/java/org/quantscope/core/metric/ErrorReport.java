package org.quantscope.core.metric;

import java.util.OptionalDouble;

/**
 * The exact error of a fake-quantized tensor, from sums in double over all finite values.
 *
 * @param count finite values
 * @param nan NaN values, kept out of every other figure
 * @param inf infinite values, kept out of every other figure
 * @param sumSquares Σx²
 * @param sumSquaredError Σ(x−y)²
 * @param sumQuantizedSquares Σy²
 * @param sumProducts Σxy
 * @param maxAbsError max |x−y|, 0 if there is no value
 * @param clippedLow values below the lowest level of their grid
 * @param clippedHigh values above the highest level
 * @param clippingSquaredError the part of Σ(x−y)² that comes from clipped values; the rest is rounding
 */
public record ErrorReport(
        long count,
        long nan,
        long inf,
        double sumSquares,
        double sumSquaredError,
        double sumQuantizedSquares,
        double sumProducts,
        double maxAbsError,
        long clippedLow,
        long clippedHigh,
        double clippingSquaredError) {

    /** Mean squared error, Σ(x−y)²/n in squared tensor units; 0 if there is no value. */
    public double mse() {
        return count == 0 ? 0 : sumSquaredError / count;
    }

    /** The part of {@link #mse} that comes from clipped values. */
    public double clippingMse() {
        return count == 0 ? 0 : clippingSquaredError / count;
    }

    /**
     * The part of {@link #mse} that comes from the other values: {@code clippingMse() + roundingMse() == mse()} up to
     * rounding.
     */
    public double roundingMse() {
        return count == 0 ? 0 : Math.max(0, sumSquaredError - clippingSquaredError) / count;
    }

    /** Signal to quantization noise, 10·log10(Σx²/Σ(x−y)²) in dB; empty if either sum is 0. */
    public OptionalDouble sqnrDb() {
        return sumSquares > 0 && sumSquaredError > 0
                ? OptionalDouble.of(10 * Math.log10(sumSquares / sumSquaredError))
                : OptionalDouble.empty();
    }

    /** Cosine of the angle between x and y, Σxy/√(Σx²Σy²); empty if either is all zero. */
    public OptionalDouble cosine() {
        return sumSquares > 0 && sumQuantizedSquares > 0
                ? OptionalDouble.of(
                        Math.clamp(sumProducts / Math.sqrt(sumSquares) / Math.sqrt(sumQuantizedSquares), -1, 1))
                : OptionalDouble.empty();
    }

    /** Clipped values as a fraction of the finite ones, 0 to 1. */
    public double clippedFraction() {
        return count == 0 ? 0 : (double) (clippedLow + clippedHigh) / count;
    }

    /** Values below the lowest level as a fraction of the finite ones. */
    public double clippedLowFraction() {
        return count == 0 ? 0 : (double) clippedLow / count;
    }

    /** Values above the highest level as a fraction of the finite ones. */
    public double clippedHighFraction() {
        return count == 0 ? 0 : (double) clippedHigh / count;
    }

    /** Root of {@link #mse}, in tensor units. */
    public double rmse() {
        return Math.sqrt(mse());
    }

    public long clipped() {
        return clippedLow + clippedHigh;
    }
}
