package org.quantscope.core.tflite;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.quantscope.core.io.BadInputException;

/**
 * A table of a FlatBuffer (flatbuffers.dev, "FlatBuffer Internals"). Each access checks that what it reads lies within the
 * file; nothing is believed of a table's own account of itself.
 *
 * @param what names the table in messages
 * @param at where the table begins
 * @param fields where its list of field offsets begins
 * @param count the number of fields in that list
 */
record FlatTable(Path file, MemorySegment bytes, String what, long at, long fields, int count) {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Two bytes of size and two of the table's own size stand before the offsets. */
    private static final int FIELDS = 4;

    /** The longest text, in bytes. */
    private static final int MAX_TEXT = 1 << 20;

    /** The root table, whose offset stands first in the file. */
    static FlatTable root(Path file, MemorySegment bytes, String what) {
        check(file, bytes, what, 0, Integer.BYTES);
        return at(file, bytes, what, Integer.toUnsignedLong(bytes.get(INT, 0)));
    }

    private static FlatTable at(Path file, MemorySegment bytes, String what, long at) {
        check(file, bytes, what, at, Integer.BYTES);
        long list = at - bytes.get(INT, at);
        check(file, bytes, what, list, FIELDS);
        int size = Short.toUnsignedInt(bytes.get(SHORT, list));
        if (size < FIELDS || size % Short.BYTES != 0) {
            throw new BadInputException(file, what, "its list of fields has the size " + size);
        }
        check(file, bytes, what, list, size);
        return new FlatTable(file, bytes, what, at, list + FIELDS, (size - FIELDS) / Short.BYTES);
    }

    private static void check(Path file, MemorySegment bytes, String what, long at, long length) {
        if (at < 0 || length < 0 || at > bytes.byteSize() || length > bytes.byteSize() - at) {
            throw new BadInputException(
                    file, what, length + " bytes at " + at + " lie outside the " + bytes.byteSize() + " of the file");
        }
    }

    /** Where the value of a field lies; −1 if the table does not have it. */
    private long place(int field, long length) {
        int offset = field < count ? Short.toUnsignedInt(bytes.get(SHORT, fields + 2L * field)) : 0;
        if (offset == 0) {
            return -1;
        }
        check(file, bytes, what, at + offset, length);
        return at + offset;
    }

    int int8(int field) {
        long place = place(field, 1);
        return place < 0 ? 0 : bytes.get(ValueLayout.JAVA_BYTE, place);
    }

    int int32(int field) {
        return int32(field, 0);
    }

    int int32(int field, int otherwise) {
        long place = place(field, Integer.BYTES);
        return place < 0 ? otherwise : bytes.get(INT, place);
    }

    float float32(int field) {
        long place = place(field, Float.BYTES);
        return place < 0 ? 0 : bytes.get(FLOAT, place);
    }

    long int64(int field) {
        long place = place(field, Long.BYTES);
        return place < 0 ? 0 : bytes.get(LONG, place);
    }

    /** A vector: where its elements lie and how many there are. */
    private record Vector(long at, int count) {}

    private Vector vector(int field, int width) {
        long place = place(field, Integer.BYTES);
        if (place < 0) {
            return new Vector(0, 0);
        }
        long start = place + Integer.toUnsignedLong(bytes.get(INT, place));
        check(file, bytes, what, start, Integer.BYTES);
        long length = Integer.toUnsignedLong(bytes.get(INT, start));
        check(file, bytes, what, start + Integer.BYTES, length * width);
        if (length > Integer.MAX_VALUE) {
            throw new BadInputException(file, what, "a list has " + length + " elements");
        }
        return new Vector(start + Integer.BYTES, (int) length);
    }

    /** The number of elements of a list; 0 if the table does not have it. */
    int size(int field, int width) {
        return vector(field, width).count;
    }

    int[] ints(int field) {
        Vector v = vector(field, Integer.BYTES);
        return bytes.asSlice(v.at, 4L * v.count).toArray(INT);
    }

    float[] floats(int field) {
        Vector v = vector(field, Float.BYTES);
        return bytes.asSlice(v.at, 4L * v.count).toArray(FLOAT);
    }

    long[] longs(int field) {
        Vector v = vector(field, Long.BYTES);
        return bytes.asSlice(v.at, 8L * v.count).toArray(LONG);
    }

    /** Bytes in place. */
    MemorySegment segment(int field) {
        Vector v = vector(field, 1);
        return bytes.asSlice(v.at, v.count);
    }

    /** A text in UTF-8; empty if the table does not have it. */
    String text(int field) {
        Vector v = vector(field, 1);
        if (v.count > MAX_TEXT) {
            throw new BadInputException(file, what, "a text of " + v.count + " bytes is over the limit of " + MAX_TEXT);
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes.asSlice(v.at, v.count).toArray(ValueLayout.JAVA_BYTE)))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new BadInputException(file, what, "a text is no UTF-8", e);
        }
    }

    /** The table that a field refers to. */
    Optional<FlatTable> table(int field, String name) {
        long place = place(field, Integer.BYTES);
        return place < 0
                ? Optional.empty()
                : Optional.of(at(file, bytes, name, place + Integer.toUnsignedLong(bytes.get(INT, place))));
    }

    /**
     * The tables of a list.
     *
     * @param most the file is refused if there are more
     */
    List<FlatTable> tables(int field, String name, int most) {
        Vector v = vector(field, Integer.BYTES);
        if (v.count > most) {
            throw new BadInputException(file, name, v.count + " of them are over the limit of " + most);
        }
        List<FlatTable> tables = new ArrayList<>();
        for (int i = 0; i < v.count; i++) {
            long place = v.at + 4L * i;
            tables.add(at(file, bytes, name + " " + i, place + Integer.toUnsignedLong(bytes.get(INT, place))));
        }
        return tables;
    }
}
