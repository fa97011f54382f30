package org.quantscope.core.datacheck;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Some random orders of the samples, always the same ones, and the numbers of samples at which ranges are looked at. */
final class SampleOrders {
    private static final int COUNT = 5;

    private final List<Integer> sizes = new ArrayList<>();
    private final byte[][] buckets;

    /** @param samples at least 1 */
    SampleOrders(int samples) {
        for (int n = Math.min(8, samples); n < samples; n *= 2) {
            sizes.add(n);
        }
        sizes.add(samples);
        buckets = new byte[COUNT][samples];
        int[] order = new int[samples];
        for (int o = 0; o < COUNT; o++) {
            Random random = new Random(o + 1L);
            for (int i = 0; i < samples; i++) {
                int j = random.nextInt(i + 1);
                order[i] = order[j];
                order[j] = i;
            }
            int size = 0;
            for (int rank = 0; rank < samples; rank++) {
                while (rank >= sizes.get(size)) {
                    size++;
                }
                buckets[o][order[rank]] = (byte) size;
            }
        }
    }

    int count() {
        return COUNT;
    }

    /** Numbers of samples, ascending: powers of two, and all. */
    List<Integer> sizes() {
        return sizes;
    }

    /** The index of the least size whose first samples hold this one. */
    int bucket(int order, int sample) {
        return buckets[order][sample];
    }
}
