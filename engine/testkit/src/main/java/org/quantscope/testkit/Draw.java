package org.quantscope.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * Draws the values for one case of a property. The same seed and case number give the same values, so that a failure
 * can be repeated.
 *
 * <p>Values where code often fails, such as the ends of a range, are drawn more often than by chance.
 */
public final class Draw {
    /** One draw out of this many is such a value. */
    private static final int EDGE = 10;

    private static final List<Float> FLOATS = List.of(
            0f, -0f, 1f, -1f, Float.MIN_VALUE, -Float.MIN_VALUE, Float.MIN_NORMAL, Float.MAX_VALUE, -Float.MAX_VALUE);

    private final SplittableRandom random;

    private Draw(long seed, int number) {
        random = new SplittableRandom(seed << Integer.SIZE | number);
    }

    /** A property that must hold for every case. */
    @FunctionalInterface
    public interface Property {
        /** Draws a case and checks it. */
        void check(Draw draw) throws Exception;
    }

    /**
     * Checks {@code count} cases.
     *
     * @throws AssertionError at the first case that fails, naming the seed, its number and the failure
     */
    public static void cases(long seed, int count, Property property) {
        for (int number = 0; number < count; number++) {
            try {
                property.check(new Draw(seed, number));
            } catch (AssertionError | Exception e) {
                throw new AssertionError("Case " + number + " of seed " + seed + ": " + e.getMessage(), e);
            }
        }
    }

    /** The generator behind all draws, for a large amount of random values. */
    public RandomGenerator random() {
        return random;
    }

    /** A number from {@code lo} to {@code hi}, both included. */
    public int between(int lo, int hi) {
        return isEdge() ? of(lo, hi) : random.nextInt(lo, hi + 1);
    }

    /** A number from {@code lo} to {@code hi}, both included. */
    public double between(double lo, double hi) {
        return isEdge() ? of(lo, hi) : lo + random.nextDouble() * (hi - lo);
    }

    /** True or false. */
    public boolean flag() {
        return random.nextBoolean();
    }

    /** One of the values. */
    @SafeVarargs
    public final <T> T of(T... values) {
        return values[random.nextInt(values.length)];
    }

    /** One of the values. */
    public <T> T of(List<? extends T> values) {
        return values.get(random.nextInt(values.size()));
    }

    /** Any finite float32 with equally likely bits, so that subnormal numbers, both zeros and the largest occur. */
    public float finite() {
        if (isEdge()) {
            return of(FLOATS);
        }
        float f = Float.intBitsToFloat(random.nextInt());
        return Float.isFinite(f) ? f : finite();
    }

    /** A value, or empty. */
    public <T> Optional<T> maybe(Supplier<T> value) {
        return random.nextInt(4) == 0 ? Optional.empty() : Optional.of(value.get());
    }

    /** A list of {@code min} to {@code max} values. */
    public <T> List<T> list(int min, int max, Supplier<T> value) {
        int size = between(min, max);
        List<T> list = new ArrayList<>();
        while (list.size() < size) {
            list.add(value.get());
        }
        return list;
    }

    /** A text of {@code min} to {@code max} characters of every kind except single surrogates. */
    public String text(int min, int max) {
        StringBuilder text = new StringBuilder();
        list(min, max, this::character).forEach(text::appendCodePoint);
        return text.toString();
    }

    private int character() {
        int c = random.nextInt(3) == 0 ? random.nextInt(0x10000) : random.nextInt(0x100);
        return c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE ? character() : c;
    }

    private boolean isEdge() {
        return random.nextInt(EDGE) == 0;
    }
}
