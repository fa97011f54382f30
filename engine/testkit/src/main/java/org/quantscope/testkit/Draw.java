package org.quantscope.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * Draws the values of one case of a property. The same seed and number give the same values, so that a failure can be repeated.
 *
 * <p>Ends of ranges and other values that code likes to get wrong are drawn more often than by chance.
 */
public final class Draw {
    /** One draw in this many is such a value. */
    private static final int EDGE = 10;

    private static final List<Float> FLOATS = List.of(
            0f, -0f, 1f, -1f, Float.MIN_VALUE, -Float.MIN_VALUE, Float.MIN_NORMAL, Float.MAX_VALUE, -Float.MAX_VALUE);

    private final SplittableRandom random;

    private Draw(long seed, int number) {
        random = new SplittableRandom(seed << Integer.SIZE | number);
    }

    /** What has to hold for every case. */
    @FunctionalInterface
    public interface Property {
        /** Draws a case and looks at it. */
        void check(Draw draw) throws Exception;
    }

    /**
     * Checks {@code count} cases.
     *
     * @throws AssertionError that names the seed and the number of the first case that fails, with what it failed of
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

    /** The source of all draws, for data by the thousand. */
    public RandomGenerator random() {
        return random;
    }

    /** From {@code lo} to {@code hi}, both included. */
    public int between(int lo, int hi) {
        return isEdge() ? of(lo, hi) : random.nextInt(lo, hi + 1);
    }

    /** From {@code lo} to {@code hi}, both included. */
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

    /** The bits of any finite float32: subnormals, both zeros, the largest. */
    public float finite() {
        if (isEdge()) {
            return of(FLOATS);
        }
        float f = Float.intBitsToFloat(random.nextInt());
        return Float.isFinite(f) ? f : finite();
    }

    /** A value or none. */
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

    /** A text of {@code min} to {@code max} characters of all kinds but halves of surrogate pairs. */
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
