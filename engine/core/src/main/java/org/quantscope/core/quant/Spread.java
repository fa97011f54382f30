package org.quantscope.core.quant;

/**
 * The smallest, the median and the largest of many numbers; of an even count the median is the upper of the two in the
 * middle.
 */
public record Spread(float min, float median, float max) {
    private static final int HALF_BITS = 16;
    private static final int HALVES = 1 << HALF_BITS;

    /** One of the numbers. */
    @FunctionalInterface
    public interface Numbers {
        /** @return not NaN */
        float at(int index);
    }

    /**
     * Reads the numbers twice instead of sorting a copy of them: there may be millions. First the upper halves of
     * their bits are counted, which shows where the middle lies, then the lower halves of those that lie there.
     *
     * @param count at least 1
     */
    public static Spread of(int count, Numbers numbers) {
        if (count < 1) {
            throw new IllegalArgumentException("count: at least 1, got " + count);
        }
        int[] times = new int[HALVES];
        int min = Integer.MAX_VALUE;
        int max = Integer.MIN_VALUE;
        for (int i = 0; i < count; i++) {
            int number = ordered(numbers.at(i));
            min = Math.min(min, number);
            max = Math.max(max, number);
            times[upper(number)]++;
        }
        int before = 0;
        int upper = 0;
        while (before + times[upper] <= count / 2) {
            before += times[upper++];
        }
        int[] within = new int[HALVES];
        for (int i = 0; i < count; i++) {
            int number = ordered(numbers.at(i));
            if (upper(number) == upper) {
                within[number & HALVES - 1]++;
            }
        }
        int lower = 0;
        while (before + within[lower] <= count / 2) {
            before += within[lower++];
        }
        return new Spread(value(min), value(((upper - HALVES / 2) << HALF_BITS) | lower), value(max));
    }

    /** An integer that ascends with the number; −0 is below 0. */
    private static int ordered(float number) {
        int bits = Float.floatToIntBits(number);
        return bits ^ (bits >> 31 & Integer.MAX_VALUE);
    }

    private static float value(int ordered) {
        return Float.intBitsToFloat(ordered ^ (ordered >> 31 & Integer.MAX_VALUE));
    }

    private static int upper(int ordered) {
        return (ordered >> HALF_BITS) + HALVES / 2;
    }
}
