package org.quantscope.core.rounding;

import org.quantscope.core.quant.CodebookGrid;
import org.quantscope.core.quant.QuantParams;

/** The levels of a slice without its scale: a weight is a level times the scale. */
sealed interface Levels {
    /** The level nearest to {@code x}, which is in units of the scale; halves go to the even number. */
    float nearest(float x);

    /** The highest level at or below {@code x}; the lowest of all if there is none. */
    float below(float x);

    /** The next level above {@code level}, which is one of the levels; the same if it is the last. */
    float above(float level);

    /** The levels of one slice. */
    static Levels of(QuantParams params, int slice) {
        if (params.isAffine()) {
            int zero = params.zeroPoint(slice);
            return new Whole(params.qmin() - zero, params.qmax() - zero);
        }
        return new Listed(params.codebooks().get(params.codebooks().size() == 1 ? 0 : slice));
    }

    /** All whole numbers from {@code lo} to {@code hi}. */
    record Whole(int lo, int hi) implements Levels {
        @Override
        public float nearest(float x) {
            // Without a negative zero.
            return (float) Math.max(lo, Math.min(hi, Math.rint(x))) + 0f;
        }

        @Override
        public float below(float x) {
            return (float) Math.max(lo, Math.min(hi, Math.floor(x))) + 0f;
        }

        @Override
        public float above(float level) {
            return Math.min(hi, level + 1);
        }
    }

    /** The levels of a codebook. */
    record Listed(CodebookGrid book) implements Levels {
        @Override
        public float nearest(float x) {
            return book.level(book.index(x));
        }

        @Override
        public float below(float x) {
            int i = book.index(x);
            return book.level(book.level(i) > x && i > 0 ? i - 1 : i);
        }

        @Override
        public float above(float level) {
            return book.level(Math.min(book.size() - 1, book.index(level) + 1));
        }
    }
}
