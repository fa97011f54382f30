package org.quantscope.core.sketch;

/**
 * Counts, extremes and moments of a stream of values. The squares are summed about the mean of each chunk and the chunks
 * joined by Chan, Golub and LeVeque's formula (1979), so that nothing cancels where the mean is far from 0. Not thread
 * safe.
 */
final class ChunkSums {
    private static final int INFINITY_BITS = 0x7f800000;

    private long count;
    private long nan;
    private long inf;
    private long zeros;
    private float min = Float.POSITIVE_INFINITY;
    private float max = Float.NEGATIVE_INFINITY;
    private double mean;
    /** Σ(x−mean)². */
    private double squares;

    /** Adds the first {@code n} values of a chunk, whose other content is overwritten. */
    void add(float[] chunk, int n) {
        int largest = 0;
        int empty = 0;
        for (int i = 0; i < n; i++) {
            int magnitude = Float.floatToRawIntBits(chunk[i]) & Integer.MAX_VALUE;
            largest = Math.max(largest, magnitude);
            empty += magnitude == 0 ? 1 : 0;
        }
        zeros += empty;
        int finite = largest < INFINITY_BITS ? n : withoutOthers(chunk, n);
        if (finite == 0) {
            return;
        }
        float low = chunk[0];
        float high = chunk[0];
        for (int i = 0; i < finite; i++) {
            low = Math.min(low, chunk[i]);
            high = Math.max(high, chunk[i]);
        }
        double about = sum(chunk, finite) / finite;
        join(finite, about, squares(chunk, finite, about));
        min = Math.min(min, low);
        max = Math.max(max, high);
    }

    /** Counts what is not finite and moves the others to the front. */
    private int withoutOthers(float[] chunk, int n) {
        int finite = 0;
        for (int i = 0; i < n; i++) {
            float x = chunk[i];
            if (Float.isFinite(x)) {
                chunk[finite++] = x;
            } else if (Float.isNaN(x)) {
                nan++;
            } else {
                inf++;
            }
        }
        return finite;
    }

    // Four sums each, because one would wait for itself.

    private static double sum(float[] x, int n) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int i = 0;
        for (; i + 3 < n; i += 4) {
            a += x[i];
            b += x[i + 1];
            c += x[i + 2];
            d += x[i + 3];
        }
        for (; i < n; i++) {
            a += x[i];
        }
        return a + b + (c + d);
    }

    private static double squares(float[] x, int n, double about) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int i = 0;
        for (; i + 3 < n; i += 4) {
            a += (x[i] - about) * (x[i] - about);
            b += (x[i + 1] - about) * (x[i + 1] - about);
            c += (x[i + 2] - about) * (x[i + 2] - about);
            d += (x[i + 3] - about) * (x[i + 3] - about);
        }
        for (; i < n; i++) {
            a += (x[i] - about) * (x[i] - about);
        }
        return a + b + (c + d);
    }

    /** Appends another stream. */
    void join(ChunkSums other) {
        nan += other.nan;
        inf += other.inf;
        zeros += other.zeros;
        min = Math.min(min, other.min);
        max = Math.max(max, other.max);
        join(other.count, other.mean, other.squares);
    }

    private void join(long n, double about, double sum) {
        if (n > 0) {
            double apart = about - mean;
            long total = count + n;
            mean += apart * ((double) n / total);
            squares += sum + apart * apart * ((double) count / total * n);
            count = total;
        }
    }

    ValueFigures figures() {
        return count == 0
                ? new ValueFigures(0, 0, 0, 0, 0, nan, inf, 0)
                : new ValueFigures(count, min, max, mean, Math.sqrt(squares / count), nan, inf, zeros);
    }
}
