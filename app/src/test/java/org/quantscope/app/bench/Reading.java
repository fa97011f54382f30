package org.quantscope.app.bench;

import java.util.stream.IntStream;

/** How fast this machine reads memory: by this its other figures can be compared with those of another machine. */
final class Reading {
    private static final int ROUNDS = 15;
    private static final int PARTS = Runtime.getRuntime().availableProcessors();
    /** 128 MiB a part, more than any cache holds. */
    private static final int LONGS = 1 << 24;

    private Reading() {}

    /** The best of several rounds in which all processors add up their share of a large array, in GB/s. */
    static double bandwidth() {
        long[][] parts = new long[PARTS][LONGS];
        long best = Long.MAX_VALUE;
        for (int round = 0; round < ROUNDS; round++) {
            long start = System.nanoTime();
            long sum = IntStream.range(0, PARTS)
                    .parallel()
                    .mapToLong(p -> sum(parts[p]))
                    .sum();
            best = Math.min(best, System.nanoTime() - start);
            if (sum != 0) {
                // Never: but so the sums cannot be left out.
                throw new IllegalStateException("zeros add up to " + sum);
            }
        }
        return (double) PARTS * LONGS * Long.BYTES / best;
    }

    private static long sum(long[] values) {
        long sum = 0;
        for (long value : values) {
            sum += value;
        }
        return sum;
    }
}
