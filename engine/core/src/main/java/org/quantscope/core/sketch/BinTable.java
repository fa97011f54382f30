package org.quantscope.core.sketch;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The bins of both signs while they are being filled. A row holds the bins of one sign and exponent (the leading 9 bits
 * of the float); each bin takes three places, n, Σr and Σr².
 */
final class BinTable {
    static final int PER_OCTAVE = 1 << Bins.MANTISSA_BITS;
    private static final int OCTAVES = 512;

    private final long[] @Nullable [] octaves = new long[OCTAVES][];

    /** The rows themselves, for the loops that fill them; a row is null until {@link #open} makes it. */
    long[] @Nullable [] octaves() {
        return octaves;
    }

    /** Makes the row of one sign and exponent. */
    static long[] open(long[] @Nullable [] octaves, int index) {
        long[] octave = new long[PER_OCTAVE * 3];
        octaves[index] = octave;
        return octave;
    }

    /** Adds bins at rest. In {@link Bins} zeros are not counted, so they come separately. */
    void pour(Bins positive, long positiveZeros, Bins negative, long negativeZeros) {
        pour(positive, positiveZeros, 0);
        pour(negative, negativeZeros, OCTAVES / 2);
    }

    private void pour(Bins bins, long zeros, int firstOctave) {
        for (int i = 0; i < bins.size(); i++) {
            int key = bins.key(i);
            long[] octave = octave(firstOctave + (key >>> Bins.MANTISSA_BITS));
            int at = (key & PER_OCTAVE - 1) * 3;
            octave[at] += bins.n(i);
            octave[at + 1] += bins.r1(i);
            octave[at + 2] += bins.r2(i);
        }
        if (zeros > 0) {
            octave(firstOctave)[0] += zeros;
        }
    }

    private long[] octave(int index) {
        long[] octave = octaves[index];
        return octave == null ? open(octaves, index) : octave;
    }

    /**
     * The positive bins that are not empty.
     *
     * @param zeros how many values to leave out because they are +0
     */
    Bins positive(long zeros) {
        return collect(0, zeros);
    }

    /**
     * The negative bins that are not empty, ordered by magnitude.
     *
     * @param zeros how many values to leave out because they are −0
     */
    Bins negative(long zeros) {
        return collect(OCTAVES / 2, zeros);
    }

    /** Takes the zeros out of the first bin, where they lie together with subnormal values. */
    private Bins collect(int firstOctave, long zeros) {
        int size = 0;
        int[] keys = new int[64];
        long[] n = new long[64];
        long[] r1 = new long[64];
        long[] r2 = new long[64];
        for (int o = 0; o < OCTAVES / 2 - 1; o++) {
            long[] octave = octaves[firstOctave + o];
            if (octave == null) {
                continue;
            }
            for (int b = 0; b < PER_OCTAVE; b++) {
                long count = octave[3 * b] - (o == 0 && b == 0 ? zeros : 0);
                if (count == 0) {
                    continue;
                }
                if (size == keys.length) {
                    keys = Arrays.copyOf(keys, 2 * size);
                    n = Arrays.copyOf(n, 2 * size);
                    r1 = Arrays.copyOf(r1, 2 * size);
                    r2 = Arrays.copyOf(r2, 2 * size);
                }
                keys[size] = o << Bins.MANTISSA_BITS | b;
                n[size] = count;
                r1[size] = octave[3 * b + 1];
                r2[size++] = octave[3 * b + 2];
            }
        }
        return new Bins(Arrays.copyOf(keys, size), n, Arrays.copyOf(r1, size), Arrays.copyOf(r2, size));
    }
}
