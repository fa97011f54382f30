package org.quantscope.core.kernel;

import java.util.Arrays;
import org.quantscope.core.quant.CodebookGrid;

/**
 * A {@link CodebookGrid} in the form that the loops use. With up to {@link #FEW} levels a value is compared with the
 * starts of all levels, or the level is found by binary search. More levels have a table: the leading bits of a float
 * select a cell, and the cell holds the level of its lowest value. Cells are so small that few of them contain more
 * than one start, so usually one comparison remains.
 */
public final class LevelTable {
    /** Up to this many levels are searched without a table; a power of two. */
    static final int FEW = 16;

    /** The most cells for one sign: the table should leave room in the core's cache. */
    private static final int MOST_CELLS = 1 << 11;

    private static final int MANTISSA_BITS = 23;
    private static final int LEAST_SHIFT = 12;

    final int size;
    /** Ascending; the highest level is repeated until the length is a power of two. */
    final float[] levels;
    /** {@code starts[i]} is the lowest float that goes to level {@code i + 1}; +∞ beyond the last. */
    final float[] starts;

    /** The key of a magnitude is its bits without this many at the end. */
    final int shift;

    /**
     * The key of cell 1. All smaller keys belong to cell 0; the highest key and all above it belong to the last cell.
     */
    final int first;
    /**
     * Number of cells for one sign, 0 without a table. The cells of negative values come after those of positive ones.
     */
    final int cells;
    /** [2·cells] the level of the lowest value of a cell. */
    final int[] base;
    /** The largest number of starts in one cell. */
    final int mostStarts;

    /** The table of a grid that many values will go through. */
    public static LevelTable of(CodebookGrid grid) {
        return new LevelTable(grid, true);
    }

    /**
     * Every level of {@code codebook} times {@code scale}, for use with few values: quick to make, and without a table.
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
        // From the lowest negative values, whose cell is the last, to the highest positive ones.
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

    /** The lowest key of all starts but 0, which lies in cell 0. */
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
