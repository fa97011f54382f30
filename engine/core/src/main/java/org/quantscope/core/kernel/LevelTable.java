package org.quantscope.core.kernel;

import java.util.Arrays;
import org.quantscope.core.quant.CodebookGrid;

/**
 * A {@link CodebookGrid} as the loops need it. Up to {@link #FEW} levels a value is compared with the starts of all levels, or with one in
 * each halving of them. More levels have a table: the leading bits of a float pick a cell, and the cell says which level its lowest value
 * has; mostly one comparison is left, as cells are made so small that few hold more than one start.
 */
public final class LevelTable {
    /** Levels that are searched without a table; a power of two. */
    static final int FEW = 16;

    /** Cells of one sign at most: a table should leave room in the cache of a core. */
    private static final int MOST_CELLS = 1 << 11;

    private static final int MANTISSA_BITS = 23;
    private static final int LEAST_SHIFT = 12;

    final int size;
    /** Ascending; filled up to a power of two with the highest. */
    final float[] levels;
    /** {@code starts[i]} is the lowest float that goes to level {@code i + 1}; filled up with +∞. */
    final float[] starts;

    /** The key of a magnitude is what is left of its bits without so many at the end. */
    final int shift;

    /** The key of cell 1. Magnitudes with lower keys share cell 0, those with the highest key and above the last one. */
    final int first;
    /** Cells of one sign; 0 without a table. Those of negative values come second. */
    final int cells;
    /** [2·cells] the level of the lowest value of a cell. */
    final int[] base;
    /** Starts in a cell at most. */
    final int mostStarts;

    /** For a grid that many values go through. */
    public static LevelTable of(CodebookGrid grid) {
        return new LevelTable(grid, true);
    }

    /**
     * Every level of {@code codebook} times {@code scale}, for few values: made quickly, and without a table.
     *
     * @throws IllegalArgumentException if the scale makes a level infinite
     */
    public static LevelTable scaled(CodebookGrid codebook, float scale) {
        int n = codebook.size();
        float[] levels = new float[padded(n)];
        float[] starts = new float[levels.length];
        if (!codebook.scaleTo(scale, levels, starts)) {
            return new LevelTable(codebook.scaled(scale), false);
        }
        Arrays.fill(levels, n, levels.length, levels[n - 1]);
        Arrays.fill(starts, n - 1, starts.length, Float.POSITIVE_INFINITY);
        return new LevelTable(n, levels, starts);
    }

    private LevelTable(int size, float[] levels, float[] starts) {
        this.size = size;
        this.levels = levels;
        this.starts = starts;
        shift = 0;
        first = 0;
        cells = 0;
        base = new int[0];
        mostStarts = 0;
    }

    private LevelTable(CodebookGrid grid, boolean forMany) {
        int n = grid.size();
        size = n;
        levels = new float[padded(n)];
        starts = new float[levels.length];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = grid.level(Math.min(i, n - 1));
            starts[i] = i < n - 1 ? grid.start(i) : Float.POSITIVE_INFINITY;
        }
        if (!forMany || size <= FEW) {
            shift = 0;
            first = 0;
            cells = 0;
            base = new int[0];
            mostStarts = 0;
            return;
        }
        int best = MANTISSA_BITS;
        for (int s = best - 1; s >= LEAST_SHIFT && cells(s) <= MOST_CELLS && mostStarts(best) > 1; s--) {
            best = s;
        }
        shift = best;
        first = lowestKey(best);
        cells = cells(best);
        mostStarts = mostStarts(best);
        base = new int[2 * cells];
        int level = 0;
        // From the lowest cell of the negative values, which is their last, to the highest of the positive ones.
        for (int i = 0; i < 2 * cells; i++) {
            int cell = i < cells ? 2 * cells - 1 - i : i - cells;
            base[cell] = level;
            while (level < n - 1 && cell(starts[level]) == cell) {
                level++;
            }
        }
    }

    private static int padded(int n) {
        return n <= FEW ? FEW : Integer.highestOneBit(n - 1) << 1;
    }

    private static int key(float start, int s) {
        return (Float.floatToRawIntBits(start) & Integer.MAX_VALUE) >>> s;
    }

    private int cell(float start) {
        return Math.max(0, key(start, shift) - first + 1) + (start < 0 ? cells : 0);
    }

    /** Of the starts but 0, which is in cell 0. */
    private int lowestKey(int s) {
        int lowest = Integer.MAX_VALUE;
        for (int i = 0; i < size - 1; i++) {
            lowest = Math.min(lowest, starts[i] == 0 ? Integer.MAX_VALUE : key(starts[i], s));
        }
        return lowest;
    }

    private int cells(int s) {
        return Math.max(key(starts[0], s), key(starts[size - 2], s)) - lowestKey(s) + 2;
    }

    private int mostStarts(int s) {
        int most = 1;
        int here = 1;
        for (int i = 1; i < size - 1; i++) {
            here = starts[i] < 0 == starts[i - 1] < 0 && key(starts[i], s) == key(starts[i - 1], s) ? here + 1 : 1;
            most = Math.max(most, here);
        }
        return most;
    }
}
