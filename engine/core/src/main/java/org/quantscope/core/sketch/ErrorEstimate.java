package org.quantscope.core.sketch;

import java.util.List;

/**
 * What a {@link MomentSketch} says of a grid's error without looking at the values again.
 *
 * @param count finite values
 * @param mse estimated mean squared error
 * @param bound the exact mean squared error is within {@code mse ± bound}, guaranteed
 * @param clippingMse the part of {@code mse} made by values outside the effective range (estimate)
 * @param clipped estimated number of values outside the effective range
 * @param clippedLow how many of these lie below it
 * @param sumSquares Σx², exact up to rounding
 */
public record ErrorEstimate(
        long count,
        double mse,
        double bound,
        double clippingMse,
        double clipped,
        double clippedLow,
        double sumSquares) {
    /** The estimate for several sets of values taken together. */
    public static ErrorEstimate sum(List<ErrorEstimate> parts) {
        long count = 0;
        double squaredError = 0;
        double bound = 0;
        double clipping = 0;
        double clipped = 0;
        double low = 0;
        double squares = 0;
        for (ErrorEstimate part : parts) {
            count += part.count;
            squaredError += part.mse * part.count;
            bound += part.bound * part.count;
            clipping += part.clippingMse * part.count;
            clipped += part.clipped;
            low += part.clippedLow;
            squares += part.sumSquares;
        }
        double n = Math.max(1, count);
        return new ErrorEstimate(count, squaredError / n, bound / n, clipping / n, clipped, low, squares);
    }

    public double roundingMse() {
        return Math.max(0, mse - clippingMse);
    }

    /** 10·log10(Σx²/(n·mse)) in dB; empty where either is 0. */
    public java.util.OptionalDouble sqnrDb() {
        return sumSquares > 0 && mse > 0
                ? java.util.OptionalDouble.of(10 * Math.log10(sumSquares / count / mse))
                : java.util.OptionalDouble.empty();
    }

    public double clippedFraction() {
        return count == 0 ? 0 : clipped / count;
    }
}
