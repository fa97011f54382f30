package org.quantscope.core.tensor;

import java.lang.foreign.MemorySegment;

/**
 * A way to store floating-point values in blocks of equal size, each with its own scales: quantized values as a file holds
 * them. A block can be decoded without its neighbours.
 */
public interface BlockFormat {
    /** The name that the file format gives it, such as {@code Q4_K}. */
    String id();

    /** The number of values in a block. */
    int values();

    /** The number of bytes of a block. */
    int bytes();

    /** How many values share a scale; at most {@link #values}. */
    int group();

    /** The formula by which a code becomes a value, in the words of the format: {@code (q - 8) · d}. */
    String formula();

    /**
     * Decodes one block, in float32 arithmetic in the order that the format states.
     *
     * @param stored holds the block
     * @param at the byte offset at which the block begins
     * @param out receives {@link #values} values from {@code from} on
     */
    void decode(MemorySegment stored, long at, float[] out, int from);

    /**
     * The values that the codes of one group of a block can stand for: its own grid, with its scale and minimum.
     *
     * @param stored holds the block
     * @param at the byte offset at which the block begins
     * @param group from 0, of {@code values() / group()}
     * @return ascending, without repetitions; a single one if the scale is 0
     */
    float[] levels(MemorySegment stored, long at, int group);

    /** The bits of a value, scales included. */
    default double bitsPerValue() {
        return 8.0 * bytes() / values();
    }

    /**
     * The bytes of that many values.
     *
     * @param count a whole number of blocks
     * @throws ArithmeticException if they are more than a long can hold
     */
    default long bytesOf(long count) {
        return Math.multiplyExact(count / values(), (long) bytes());
    }
}
