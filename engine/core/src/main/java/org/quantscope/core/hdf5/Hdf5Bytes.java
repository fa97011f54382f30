package org.quantscope.core.hdf5;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.MappedFile;

/**
 * The bytes of an HDF5 file. Every read is checked against its end, and counted: a file that leads in circles, or to the
 * same place again and again, runs out of reads before it takes long.
 */
final class Hdf5Bytes {
    /** How many numbers and names may be read to describe what is in a file. */
    private static final long MAX_READS = 20_000_000;

    /** The most bytes of names and texts that are read of one file. */
    private static final long MAX_TEXT = 32 << 20;

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MappedFile mapped;
    /** Where address 0 is. */
    private final long base;
    /** Bytes of an address. */
    private final int offsetSize;
    /** Bytes of a length. */
    private final int lengthSize;

    private long reads;
    private long textBytes;

    Hdf5Bytes(MappedFile mapped, long base, int offsetSize, int lengthSize) {
        this.mapped = mapped;
        this.base = base;
        this.offsetSize = offsetSize;
        this.lengthSize = lengthSize;
    }

    int offsetSize() {
        return offsetSize;
    }

    int lengthSize() {
        return lengthSize;
    }

    BadInputException bad(String field, String problem) {
        return new BadInputException(mapped.path(), field, problem);
    }

    /** Checks that bytes lie in the file. */
    private long checked(long at, long size, String field) {
        if (++reads > MAX_READS) {
            throw bad("hdf5", "is described by more than " + MAX_READS + " values: it leads in circles");
        }
        if (at < 0 || size < 0 || at > mapped.size() - base || size > mapped.size() - base - at) {
            throw bad(
                    field,
                    Long.toUnsignedString(size) + " bytes at " + Long.toUnsignedString(at)
                            + " end behind the file, which has " + mapped.size());
        }
        return base + at;
    }

    int u8(long at, String field) {
        return Byte.toUnsignedInt(mapped.bytes().get(ValueLayout.JAVA_BYTE, checked(at, 1, field)));
    }

    int u16(long at, String field) {
        return Short.toUnsignedInt(mapped.bytes().get(SHORT, checked(at, 2, field)));
    }

    long u32(long at, String field) {
        return Integer.toUnsignedLong(mapped.bytes().get(INT, checked(at, 4, field)));
    }

    /** A number of 1 to 8 bytes; of 8 bytes with the highest bit it is negative. */
    long number(long at, int size, String field) {
        long from = checked(at, size, field);
        long value = 0;
        for (int i = size - 1; i >= 0; i--) {
            value = value << 8 | Byte.toUnsignedLong(mapped.bytes().get(ValueLayout.JAVA_BYTE, from + i));
        }
        return value;
    }

    /** An address; -1 if it is that of nothing. */
    long address(long at, String field) {
        long value = number(at, offsetSize, field);
        return offsetSize < 8 && value == (1L << (8 * offsetSize)) - 1 ? -1 : value;
    }

    /** A length. */
    long length(long at, String field) {
        long value = number(at, lengthSize, field);
        if (value < 0) {
            throw bad(field, Long.toUnsignedString(value) + " bytes are more than a file can have");
        }
        return value;
    }

    /** True if four letters stand there. */
    boolean isSigned(long at, String letters, String field) {
        long from = checked(at, 4, field);
        for (int i = 0; i < 4; i++) {
            if (mapped.bytes().get(ValueLayout.JAVA_BYTE, from + i) != letters.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    void checkSigned(long at, String letters, String field) {
        if (!isSigned(at, letters, field)) {
            throw bad(field, "has no " + letters + " at " + at);
        }
    }

    MemorySegment slice(long at, long size, String field) {
        return mapped.bytes().asSlice(checked(at, size, field), size);
    }

    /** UTF-8, as long as it is said or up to its first zero byte. */
    String text(long at, long size, String field) {
        MemorySegment from = slice(at, size, field);
        textBytes += size;
        if (textBytes > MAX_TEXT) {
            throw bad(field, "the names and texts of the file have more than " + MAX_TEXT + " bytes");
        }
        byte[] bytes = from.toArray(ValueLayout.JAVA_BYTE);
        int end = 0;
        while (end < bytes.length && bytes[end] != 0) {
            end++;
        }
        return new String(bytes, 0, end, StandardCharsets.UTF_8);
    }

    /** UTF-8 up to a zero byte, which must stand before {@code end}. */
    String nameUntil(long at, long end, String field) {
        int length = 0;
        while (at + length < end && u8(at + length, field) != 0) {
            length++;
        }
        return text(at, length, field);
    }

    long size() {
        return mapped.size() - base;
    }
}
