package org.quantscope.core.sketch;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.quantscope.core.quant.ClipRange;

/**
 * The ranges of the successive parts of a stream, in the order of arrival, as a moving average needs them.
 *
 * <p>{@link #end} closes a part; the values since then form the open part. Joining two streams puts the second behind
 * the first, so the open part of the first and the first part of the second become one part. This is associative but
 * not commutative.
 *
 * <p>In very long streams the oldest parts are replaced by their moving average with the usual constant 0.01. An
 * average with that constant stays the same; with another constant of at least 0.01 it changes by less than 1e-17 of
 * the width of the ranges.
 */
final class Parts {
    /**
     * This many of the newest parts are kept one by one at least; up to twice as many are held before the oldest are
     * averaged.
     */
    static final int KEPT = 1 << 12;

    private static final float CONSTANT = 0.01f;

    /** The lowest and the highest value of each closed part, alternating. */
    private float[] ends = new float[0];

    private int size;
    private float openLo = Float.POSITIVE_INFINITY;
    private float openHi = Float.NEGATIVE_INFINITY;

    /** Widens the open part. */
    void add(float lo, float hi) {
        openLo = Math.min(openLo, lo);
        openHi = Math.max(openHi, hi);
    }

    /** Closes the open part; without a value there is nothing to close. */
    void end() {
        if (openLo <= openHi) {
            append(openLo, openHi);
            openLo = Float.POSITIVE_INFINITY;
            openHi = Float.NEGATIVE_INFINITY;
        }
    }

    private void append(float lo, float hi) {
        if (size == 2 * KEPT) {
            for (int i = 1; i <= KEPT; i++) {
                ends[0] += CONSTANT * (ends[2 * i] - ends[0]);
                ends[1] += CONSTANT * (ends[2 * i + 1] - ends[1]);
            }
            System.arraycopy(ends, 2 * (KEPT + 1), ends, 2, 2 * (KEPT - 1));
            size = KEPT;
        }
        if (2 * size == ends.length) {
            ends = Arrays.copyOf(ends, Math.clamp(2L * ends.length, 16, 4 * KEPT));
        }
        ends[2 * size] = lo;
        ends[2 * size + 1] = hi;
        size++;
    }

    /** Forgets all parts; the values from then on belong to one that has this range already, if it is one. */
    void restart(float lo, float hi) {
        size = 0;
        openLo = lo;
        openHi = hi;
    }

    /** Appends the parts of {@code other}. */
    void join(Parts other) {
        for (int i = 0; i < other.size; i++) {
            add(other.ends[2 * i], other.ends[2 * i + 1]);
            end();
        }
        add(other.openLo, other.openHi);
    }

    /**
     * The range of every part that has a value, the open one last; a single range for all values if no part was closed.
     */
    List<ClipRange> ranges() {
        List<ClipRange> ranges = new ArrayList<>(size + 1);
        for (int i = 0; i < size; i++) {
            ranges.add(new ClipRange(ends[2 * i], ends[2 * i + 1]));
        }
        if (openLo <= openHi) {
            ranges.add(new ClipRange(openLo, openHi));
        }
        return ranges;
    }

    int bytes() {
        return 4 * ends.length;
    }

    void write(SketchOutput out) throws IOException {
        out.number(size);
        for (int i = 0; i < 2 * size; i++) {
            out.fixed32(Float.floatToRawIntBits(ends[i]));
        }
        if (size > 0) {
            out.octet(openLo <= openHi ? 1 : 0);
            if (openLo <= openHi) {
                out.fixed32(Float.floatToRawIntBits(openLo));
                out.fixed32(Float.floatToRawIntBits(openHi));
            }
        }
    }

    /**
     * @throws org.quantscope.core.io.BadInputException if these cannot be the parts of a stream with values from
     *     {@code min} to {@code max}
     */
    static Parts read(SketchInput in, String field, float min, float max) throws IOException {
        Parts parts = new Parts();
        int count = (int) in.number(field, 0, min <= max ? Math.min(2 * KEPT, in.left() / 8) : 0);
        in.take(field, 8L * count);
        parts.ends = new float[2 * count];
        for (int i = 0; i < count; i++) {
            parts.ends[2 * i] = Float.intBitsToFloat(in.fixed32(field));
            parts.ends[2 * i + 1] = Float.intBitsToFloat(in.fixed32(field));
            check(in, field, parts.ends[2 * i], parts.ends[2 * i + 1], min, max);
        }
        parts.size = count;
        int open = count == 0 ? 0 : in.octet(field + ".open");
        if (open > 1) {
            throw in.bad(field + ".open", "0 or 1 is needed, got " + open);
        }
        if (open == 1) {
            parts.openLo = Float.intBitsToFloat(in.fixed32(field + ".open"));
            parts.openHi = Float.intBitsToFloat(in.fixed32(field + ".open"));
            check(in, field, parts.openLo, parts.openHi, min, max);
        } else if (count == 0 && min <= max) {
            parts.add(min, max);
        }
        return parts;
    }

    private static void check(SketchInput in, String field, float lo, float hi, float min, float max) {
        if (!(min <= lo && lo <= hi && hi <= max)) {
            throw in.bad(
                    field, "a part from " + lo + " to " + hi + " is none of the values from " + min + " to " + max);
        }
    }
}
