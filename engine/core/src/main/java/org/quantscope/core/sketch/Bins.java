package org.quantscope.core.sketch;

import java.io.IOException;
import java.util.Arrays;

/**
 * The bins of one sign, at rest: only those that hold a value, in ascending order of magnitude, with sums from zero outward.
 *
 * <p>A bin is all floats that share sign, exponent and the {@link #MANTISSA_BITS} leading mantissa bits; its key is these bits
 * of the magnitude. A value of bin {@code key} is {@code start(key) + r·ulp} with an integer {@code 0 ≤ r ≤ SPAN}, so a bin keeps
 * n, Σr and Σr² as exact integers. Sums start at zero so that one huge value does not swallow the digits of all smaller ones.
 */
final class Bins {
    static final int MANTISSA_BITS = 10;
    static final int LOW_BITS = 23 - MANTISSA_BITS;
    /** The largest {@code r} of a bin. */
    static final int SPAN = (1 << LOW_BITS) - 1;
    /** Keys of finite magnitudes are below this. */
    static final int KEYS = 255 << MANTISSA_BITS;

    private static final long BYTES_PER_BIN = 4 + 8 + 8 + 24;
    /** Memory of the index for 64 keys. */
    private static final long BYTES_PER_WORD = 12;

    private final int[] keys;
    private final long[] r1;
    private final long[] r2;
    /** n, Σ|w| and Σw² of bins {@code 0 .. i-1}. */
    private final long[] sumN;

    private final double[] sum1;
    private final double[] sum2;
    /**
     * A bitmap of the keys that have a bin, from key {@code firstWord * 64} on, and for each of its words the number of
     * bits set before it.
     */
    private final int firstWord;

    private final long[] words;
    private final int[] ranks;

    /**
     * @param keys ascending
     * @param n at least 1 each
     */
    Bins(int[] keys, long[] n, long[] r1, long[] r2) {
        int m = keys.length;
        this.keys = keys;
        this.r1 = r1;
        this.r2 = r2;
        sumN = new long[m + 1];
        sum1 = new double[m + 1];
        sum2 = new double[m + 1];
        firstWord = m == 0 ? 0 : keys[0] >>> 6;
        words = new long[m == 0 ? 0 : (keys[m - 1] >>> 6) - firstWord + 1];
        ranks = new int[words.length];
        var s1 = new CompensatedSum();
        var s2 = new CompensatedSum();
        for (int i = 0; i < m; i++) {
            double a = start(keys[i]);
            double ulp = ulp(keys[i]);
            sumN[i + 1] = sumN[i] + n[i];
            sum1[i + 1] = s1.add(n[i] * a + ulp * r1[i]);
            sum2[i + 1] = s2.add(n[i] * a * a + 2 * a * ulp * r1[i] + ulp * ulp * r2[i]);
            words[(keys[i] >>> 6) - firstWord] |= 1L << keys[i];
        }
        for (int w = 1; w < words.length; w++) {
            ranks[w] = ranks[w - 1] + Long.bitCount(words[w - 1]);
        }
    }

    /**
     * The bins of the first {@code count} magnitudes, none of them zero, given as the bits of floats; the array is
     * sorted in place.
     */
    static Bins of(int[] magnitudes, int count) {
        Arrays.sort(magnitudes, 0, count);
        int[] keys = new int[count];
        long[] n = new long[count];
        long[] r1 = new long[count];
        long[] r2 = new long[count];
        int size = 0;
        for (int i = 0; i < count; i++) {
            int key = magnitudes[i] >>> LOW_BITS;
            if (size == 0 || keys[size - 1] != key) {
                keys[size++] = key;
            }
            long r = magnitudes[i] & SPAN;
            n[size - 1]++;
            r1[size - 1] += r;
            r2[size - 1] += r * r;
        }
        return new Bins(Arrays.copyOf(keys, size), n, Arrays.copyOf(r1, size), Arrays.copyOf(r2, size));
    }

    /**
     * The bins without the values of others.
     *
     * @throws IllegalArgumentException if those hold a value that these do not
     */
    Bins minus(Bins less) {
        int[] left = new int[keys.length];
        long[] n = new long[keys.length];
        long[] sum = new long[keys.length];
        long[] squares = new long[keys.length];
        int size = 0;
        int other = 0;
        for (int i = 0; i < keys.length; i++) {
            boolean both = other < less.keys.length && less.keys[other] == keys[i];
            n[size] = n(i) - (both ? less.n(other) : 0);
            sum[size] = r1[i] - (both ? less.r1[other] : 0);
            squares[size] = r2[i] - (both ? less.r2[other] : 0);
            other += both ? 1 : 0;
            if (n[size] < 0 || sum[size] < 0 || squares[size] < 0 || (n[size] == 0 && squares[size] > 0)) {
                throw new IllegalArgumentException("sketch: what is to be taken away was never added");
            }
            if (n[size] > 0) {
                left[size++] = keys[i];
            }
        }
        if (other < less.keys.length) {
            throw new IllegalArgumentException("sketch: what is to be taken away was never added");
        }
        return new Bins(Arrays.copyOf(left, size), n, Arrays.copyOf(sum, size), Arrays.copyOf(squares, size));
    }

    /** A magnitude that none of the bin is above; the largest of it if all are the same. */
    float outerEnd(int bin) {
        return isPoint(bin) ? point(bin) : last(keys[bin]);
    }

    /** A magnitude that none of the bin is below; the smallest of it if all are the same. */
    float innerEnd(int bin) {
        return isPoint(bin) ? point(bin) : start(keys[bin]);
    }

    /** The lowest magnitude of a bin. */
    static float start(int key) {
        return Float.intBitsToFloat(key << LOW_BITS);
    }

    /** The highest magnitude of a bin. */
    static float last(int key) {
        return Float.intBitsToFloat(key << LOW_BITS | SPAN);
    }

    /** The distance of neighbouring floats in a bin. */
    static double ulp(int key) {
        return (double) Float.intBitsToFloat(key << LOW_BITS | 1) - start(key);
    }

    /** The key of the bin that holds the largest float at or below {@code magnitude}, which is at least 0. */
    static int keyOf(double magnitude) {
        float f = (float) magnitude;
        if (f > magnitude) {
            f = Math.nextDown(f);
        }
        // Adding +0 turns -0 into +0.
        return Float.floatToRawIntBits(f + 0f) >>> LOW_BITS;
    }

    int size() {
        return keys.length;
    }

    int key(int bin) {
        return keys[bin];
    }

    long n(int bin) {
        return sumN[bin + 1] - sumN[bin];
    }

    long r1(int bin) {
        return r1[bin];
    }

    long r2(int bin) {
        return r2[bin];
    }

    /** n of bins {@code 0 .. end-1}. */
    long countBefore(int end) {
        return sumN[end];
    }

    /** Σ|w| of bins {@code 0 .. end-1}. */
    double sumBefore(int end) {
        return sum1[end];
    }

    /** Σw² of bins {@code 0 .. end-1}. */
    double squaresBefore(int end) {
        return sum2[end];
    }

    long count() {
        return sumN[keys.length];
    }

    double sum() {
        return sum1[keys.length];
    }

    double squares() {
        return sum2[keys.length];
    }

    /** The number of bins with a lower key. */
    int rank(int key) {
        int w = (key >>> 6) - firstWord;
        if (w < 0) {
            return 0;
        }
        return w >= words.length ? keys.length : ranks[w] + Long.bitCount(words[w] & ((1L << key) - 1));
    }

    /** True if all values of the bin are the same float. */
    boolean isPoint(int bin) {
        long n = n(bin);
        // By Cauchy and Schwarz n·Σr² = (Σr)² only if all r are equal. The products have up to 126 bits.
        return n == 1
                || (n * r2[bin] == r1[bin] * r1[bin]
                        && Math.multiplyHigh(n, r2[bin]) == Math.multiplyHigh(r1[bin], r1[bin]));
    }

    /** The mean of the bin, rounded down to a float; exact if {@link #isPoint}. */
    float point(int bin) {
        return Float.intBitsToFloat(keys[bin] << LOW_BITS | (int) (r1[bin] / n(bin)));
    }

    /** Estimated Σ(|w|−c)² over all values, without cancellation. */
    double squaresAbout(double c) {
        var sum = new CompensatedSum();
        for (int i = 0; i < keys.length; i++) {
            double d = start(keys[i]) - c;
            double ulp = ulp(keys[i]);
            sum.add(n(i) * d * d + 2 * d * ulp * r1[i] + ulp * ulp * r2[i]);
        }
        return sum.value();
    }

    /**
     * Values of magnitude below {@code x}, or at most {@code x} if {@code inclusive}; of a bin that straddles it the
     * share below it is taken, as if the bin were filled evenly.
     */
    double countBelow(double x, boolean inclusive) {
        if (!(x >= 0)) {
            return 0;
        }
        if (x > Float.MAX_VALUE) {
            return count();
        }
        int key = keyOf(x);
        int bin = rank(key);
        double below = sumN[bin];
        if (bin == keys.length || keys[bin] != key) {
            return below;
        }
        if (isPoint(bin)) {
            float v = point(bin);
            return below + (v < x || (inclusive && v == x) ? n(bin) : 0);
        }
        double a = start(key);
        return below + n(bin) * Math.min(1, (x - a) / (ulp(key) * (SPAN + 1)));
    }

    /** Estimated sum of the magnitudes up to {@code x}; a bin that straddles it is treated as filled evenly. */
    double sumBelow(double x) {
        if (!(x >= 0)) {
            return 0;
        }
        if (x > Float.MAX_VALUE) {
            return sum();
        }
        int key = keyOf(x);
        int bin = rank(key);
        if (bin == keys.length || keys[bin] != key) {
            return sum1[bin];
        }
        if (isPoint(bin)) {
            return sum1[bin] + (point(bin) <= x ? n(bin) * (double) point(bin) : 0);
        }
        double a = start(key);
        double share = Math.min(1, (x - a) / (ulp(key) * (SPAN + 1)));
        return sum1[bin] + n(bin) * share * (a + x) / 2;
    }

    /**
     * Adds the values of a bin in ascending order. A bin of two values gives both exactly: they follow from their sum
     * and the sum of their squares.
     */
    void points(int bin, int sign, MomentSketch.Points into) {
        double a = start(keys[bin]);
        double ulp = ulp(keys[bin]);
        if (isPoint(bin)) {
            into.add(sign * (double) point(bin), n(bin));
        } else if (n(bin) == 2) {
            double half = sign * difference(bin) / 2.0;
            into.add(sign * (a + ulp * (r1[bin] / 2.0 - half)), 1);
            into.add(sign * (a + ulp * (r1[bin] / 2.0 + half)), 1);
        } else {
            into.add(sign * (a + ulp * ((double) r1[bin] / n(bin))), n(bin));
        }
    }

    /** Of a bin with two values: their difference, in units of {@link #ulp}. */
    long difference(int bin) {
        return Math.round(Math.sqrt((double) (2 * r2[bin] - r1[bin] * r1[bin])));
    }

    /** The magnitude of rank {@code k}, from 0. */
    MomentSketch.Location locate(long k, float extreme) {
        int low = 0;
        int high = keys.length - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (sumN[middle] <= k) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return isPoint(low) ? same(point(low), k - sumN[low]) : spread(keys[low], k - sumN[low], n(low), extreme);
    }

    /** The magnitude of rank {@code k} among the values of both signs, known to lie in bin {@code key} of either. */
    static MomentSketch.Location locateInBoth(Bins one, Bins other, int key, long k, float extreme) {
        int i = one.rank(key);
        int j = other.rank(key);
        boolean inOne = i < one.keys.length && one.keys[i] == key;
        boolean inOther = j < other.keys.length && other.keys[j] == key;
        long within = k - one.sumN[i] - other.sumN[j];
        if (inOne && inOther) {
            return spread(key, within, one.n(i) + other.n(j), extreme);
        }
        Bins only = inOne ? one : other;
        int bin = inOne ? i : j;
        return only.isPoint(bin) ? same(only.point(bin), within) : spread(key, within, only.n(bin), extreme);
    }

    private static MomentSketch.Location same(float value, long k) {
        return new MomentSketch.Location(value, value, k, value);
    }

    /** The place of value {@code k} of {@code n} in a bin, if they were spread evenly over it. */
    private static MomentSketch.Location spread(int key, long k, long n, float extreme) {
        return new MomentSketch.Location(
                start(key), last(key), k, Math.min(extreme, start(key) + ulp(key) * SPAN * ((k + 0.5) / n)));
    }

    /** Heap in bytes, arrays only. */
    long bytes() {
        return keys.length * BYTES_PER_BIN + 24 + words.length * BYTES_PER_WORD;
    }

    /**
     * Writes the number of bins, then for each bin the distance of its key from the key before (from −1 for the first),
     * n, Σr and Σr².
     */
    void write(SketchOutput out) throws IOException {
        out.number(keys.length);
        int before = -1;
        for (int i = 0; i < keys.length; i++) {
            out.number(keys[i] - before);
            before = keys[i];
            out.number(n(i));
            out.number(r1[i]);
            out.number(r2[i]);
        }
    }

    /** @param most the number of values that all bins together may hold */
    static Bins read(SketchInput in, String field, long most) throws IOException {
        // Each bin has four numbers of at least one byte.
        int size = (int) in.number(field + ".bins", 0, Math.min(KEYS, in.left() / 4));
        in.take(field + ".bins", 24 + size * BYTES_PER_BIN);
        int[] keys = new int[size];
        long[] n = new long[size];
        long[] r1 = new long[size];
        long[] r2 = new long[size];
        int before = -1;
        long free = most;
        for (int i = 0; i < size; i++) {
            String bin = field + ".bins[" + i + "]";
            keys[i] = before + (int) in.number(bin + ".key", 1, KEYS - 1 - before);
            before = keys[i];
            n[i] = in.number(bin + ".n", 1, free);
            free -= n[i];
            // Zeros are not counted in bin 0, so every r there is at least 1.
            r1[i] = in.number(bin + ".r1", keys[i] == 0 ? n[i] : 0, n[i] * SPAN);
            r2[i] = in.number(bin + ".r2", leastSquares(n[i], r1[i]), mostSquares(r1[i]));
            if (((r1[i] ^ r2[i]) & 1) != 0 || (n[i] == 2 && !isPair(r1[i], r2[i]))) {
                throw in.bad(
                        bin + ".r2",
                        n[i] + " numbers with the sum " + r1[i] + " cannot have squares that add up to " + r2[i]);
            }
        }
        if (size > 0) {
            in.take(field + ".bins", ((keys[size - 1] >>> 6) - (keys[0] >>> 6) + 1) * BYTES_PER_WORD);
        }
        return new Bins(keys, n, r1, r2);
    }

    /** The smallest Σr² of {@code n} whole numbers that add up to {@code sum}: all of them are next to their mean. */
    private static long leastSquares(long n, long sum) {
        long low = sum / n;
        long higher = sum % n;
        return n * low * low + higher * (2 * low + 1);
    }

    /**
     * The largest Σr² of whole numbers up to {@link #SPAN} that add up to {@code sum}: all but one of them are 0 or
     * {@link #SPAN}.
     */
    private static long mostSquares(long sum) {
        long rest = sum % SPAN;
        return sum / SPAN * SPAN * SPAN + rest * rest;
    }

    /** True if two whole numbers have this sum and this sum of squares. */
    private static boolean isPair(long sum, long squares) {
        long difference = Math.round(Math.sqrt((double) (2 * squares - sum * sum)));
        return difference * difference == 2 * squares - sum * sum;
    }

    /** True if {@code r} may be the largest of the bin's numbers. */
    boolean mayEndAt(int bin, int r) {
        return r * n(bin) >= r1[bin]
                && (long) r * r1[bin] >= r2[bin]
                && (long) r * r <= r2[bin]
                && (!isPoint(bin) || r * n(bin) == r1[bin]);
    }

    /** True if {@code r} may be the smallest of the bin's numbers. */
    boolean mayBeginAt(int bin, int r) {
        return r * n(bin) <= r1[bin] && (long) r * r1[bin] <= r2[bin] && (!isPoint(bin) || r * n(bin) == r1[bin]);
    }

    /**
     * Neumaier's compensated summation: each value returned is within about one rounding of the exact sum of
     * non-negative terms.
     */
    private static final class CompensatedSum {
        private double high;
        private double low;

        double add(double x) {
            double t = high + x;
            low += Math.abs(high) >= Math.abs(x) ? (high - t) + x : (x - t) + high;
            high = t;
            return value();
        }

        double value() {
            return high + low;
        }
    }
}
