package org.quantscope.core.quant;

import java.util.Arrays;

/**
 * Levels that are listed one by one. A value goes to the nearest level.
 *
 * <p>A value exactly halfway between two levels goes to the one that is an even number of places from the level 0, as
 * rounding to the even code does; in a grid without a level 0 it goes to the upper one. Midpoints are taken in double,
 * where the mean of two float32 levels of similar size is exact.
 */
public final class CodebookGrid implements Grid {
    private final float[] levels;
    /** {@code starts[i]}: the lowest float32 that goes to level {@code i + 1}. */
    private final float[] starts;
    /** The index of the level 0; −1 if there is none. */
    private final int zero;

    /**
     * A grid of these levels.
     *
     * @param levels finite, strictly ascending, at least one; −0 counts as 0
     * @throws IllegalArgumentException naming the first level that is out of order or not finite
     */
    public CodebookGrid(float... levels) {
        if (levels.length == 0) {
            throw new IllegalArgumentException("codebook: at least one level is needed, got none");
        }
        this.levels = levels.clone();
        int zero = -1;
        for (int i = 0; i < levels.length; i++) {
            if (!Float.isFinite(levels[i])) {
                throw new IllegalArgumentException(
                        "codebook: level " + i + " is " + levels[i] + ", a finite number is needed");
            }
            if (i > 0 && !(levels[i] > levels[i - 1])) {
                throw new IllegalArgumentException(
                        "codebook: level " + i + ", " + levels[i] + ", is not above the one before, " + levels[i - 1]);
            }
            if (levels[i] == 0) {
                this.levels[i] = 0f;
                zero = i;
            }
        }
        starts = new float[levels.length - 1];
        for (int i = 0; i < starts.length; i++) {
            starts[i] = start(levels[i], levels[i + 1], zero < 0 || ((i + 1 - zero) & 1) == 0);
        }
        this.zero = zero;
    }

    private static float start(float below, float above, boolean tieGoesUp) {
        double middle = ((double) below + above) / 2;
        float start = (float) middle;
        return start < middle || (start == middle && !tieGoesUp) ? Math.nextUp(start) : start;
    }

    /**
     * Writes the levels and starts of {@link #scaled} into arrays, without creating a grid.
     *
     * @param toLevels receives the levels, at least {@link #size()} long
     * @param toStarts receives the starts, at least {@code size() - 1} long
     * @return false if two levels come out equal or one is not finite; the contents of the arrays are then useless
     */
    public boolean scaleTo(float scale, float[] toLevels, float[] toStarts) {
        int top = levels.length - 1;
        for (int i = 0; i <= top; i++) {
            toLevels[i] = levels[i] * scale;
        }
        boolean ascends = scale > 0 && Float.isFinite(toLevels[0]) && Float.isFinite(toLevels[top]);
        for (int i = 0; i < top; i++) {
            ascends &= toLevels[i + 1] > toLevels[i];
            toStarts[i] = start(toLevels[i], toLevels[i + 1], zero < 0 || ((i + 1 - zero) & 1) == 0);
        }
        return ascends;
    }

    /**
     * Every level times {@code scale}, one float32 multiplication each; levels that come out equal are merged.
     *
     * @param scale finite, &gt; 0, and so small that the levels stay finite
     */
    public CodebookGrid scaled(float scale) {
        if (!(scale > 0) || !Float.isFinite(scale)) {
            throw new IllegalArgumentException("scale: a finite number above 0 is needed, got " + scale);
        }
        if (scale == 1) {
            return this;
        }
        float[] scaled = new float[levels.length];
        int n = 0;
        for (float level : levels) {
            float y = level * scale;
            if (n == 0 || y > scaled[n - 1]) {
                scaled[n++] = y;
            }
        }
        return new CodebookGrid(Arrays.copyOf(scaled, n));
    }

    @Override
    public int size() {
        return levels.length;
    }

    @Override
    public float level(int i) {
        return levels[i];
    }

    /** The levels, ascending. */
    public float[] levels() {
        return levels.clone();
    }

    /** The lowest float32 that goes to level {@code i + 1}, for {@code i} of {@code 0 .. size()-2}: values from here up do not go to level {@code i}. */
    public float start(int i) {
        return starts[i];
    }

    /** {@inheritDoc} An infinity saturates. */
    @Override
    public int index(float x) {
        int low = 0;
        int high = starts.length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (x >= starts[middle]) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof CodebookGrid g && Arrays.equals(levels, g.levels);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(levels);
    }

    @Override
    public String toString() {
        return "CodebookGrid"
                + (levels.length <= 16
                        ? Arrays.toString(levels)
                        : "[" + lo() + " … " + hi() + ", " + levels.length + " levels]");
    }
}
