package org.quantscope.core.kernel;

/**
 * The sums of an exact pass, in double, over the finite values x and their quantized values y. The squared error of
 * clipped values (those outside the range of the levels) is kept apart from that of the others. Not thread safe.
 */
public final class ErrorSums {
    long count;
    long nan;
    long inf;
    long clippedLow;
    long clippedHigh;
    double squares;
    double quantizedSquares;
    double products;
    double roundingError;
    double clippingError;
    double maxAbsError;

    /** Adds all of {@code other}. */
    public ErrorSums add(ErrorSums other) {
        count += other.count;
        nan += other.nan;
        inf += other.inf;
        clippedLow += other.clippedLow;
        clippedHigh += other.clippedHigh;
        squares += other.squares;
        quantizedSquares += other.quantizedSquares;
        products += other.products;
        roundingError += other.roundingError;
        clippingError += other.clippingError;
        maxAbsError = Math.max(maxAbsError, other.maxAbsError);
        return this;
    }

    /**
     * Adds one value.
     *
     * @param x counted apart if it is no finite number
     * @param y what it becomes
     * @param lo lowest level
     * @param hi highest level
     */
    public void add(float x, float y, float lo, float hi) {
        if (!Float.isFinite(x)) {
            nan += Float.isNaN(x) ? 1 : 0;
            inf += Float.isNaN(x) ? 0 : 1;
            return;
        }
        count++;
        squares += (double) x * x;
        quantizedSquares += (double) y * y;
        products += (double) x * y;
        double error = (double) x - y;
        maxAbsError = Math.max(maxAbsError, Math.abs(error));
        if (x < lo || x > hi) {
            clippedLow += x < lo ? 1 : 0;
            clippedHigh += x > hi ? 1 : 0;
            clippingError += error * error;
        } else {
            roundingError += error * error;
        }
    }

    /** Finite values. */
    public long count() {
        return count;
    }

    public long nan() {
        return nan;
    }

    public long inf() {
        return inf;
    }

    /** Values below the lowest level. */
    public long clippedLow() {
        return clippedLow;
    }

    /** Values above the highest level. */
    public long clippedHigh() {
        return clippedHigh;
    }

    /** Σx². */
    public double squares() {
        return squares;
    }

    /** Σy². */
    public double quantizedSquares() {
        return quantizedSquares;
    }

    /** Σxy. */
    public double products() {
        return products;
    }

    /** Σ(x−y)². */
    public double squaredError() {
        return roundingError + clippingError;
    }

    /** The part of Σ(x−y)² that comes from clipped values. */
    public double clippingSquaredError() {
        return clippingError;
    }

    /** max |x−y|. */
    public double maxAbsError() {
        return maxAbsError;
    }
}
