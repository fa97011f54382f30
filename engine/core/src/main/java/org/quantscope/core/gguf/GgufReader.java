package org.quantscope.core.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.quantscope.core.io.BadInputException;

/** Reads the head of a GGUF file from front to end. No length is believed before the file is known to hold as much. */
final class GgufReader {
    /** The elements of an array that are kept. */
    static final int KEPT = 1000;

    /** The least bytes of a tensor's description: length of the name, rank, type and offset. */
    static final int LEAST_DESCRIPTION = 8 + 4 + 4 + 8;

    /** The least bytes of an entry of the metadata: length of the key, type, a value of one byte. */
    static final int LEAST_ENTRY = 8 + 4 + 1;

    /** The longest text, in bytes. Templates of chats have some thousand. */
    private static final long MAX_STRING = 10_000_000;

    /** Arrays of arrays are legal; no writer nests them deeper. */
    private static final int MAX_DEPTH = 4;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final int STRING = 8;
    private static final int ARRAY = 9;

    /** By the number of the type. */
    private static final List<String> TYPES = List.of(
            "uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "bool", "string", "array", "uint64",
            "int64", "float64");

    /** Bytes of a value of each type; 0 where they differ. */
    private static final int[] WIDTHS = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

    private final Path file;
    private final MemorySegment bytes;
    private long at;

    GgufReader(Path file, MemorySegment bytes) {
        this.file = file;
        this.bytes = bytes;
    }

    long position() {
        return at;
    }

    /** Goes on by {@code n} bytes, and answers where they begin. */
    long skip(String field, long n) {
        if (n < 0 || n > bytes.byteSize() - at) {
            throw new BadInputException(
                    file, field, "is cut off: the file has " + bytes.byteSize() + " bytes and ends within it");
        }
        long from = at;
        at += n;
        return from;
    }

    int int32(String field) {
        return bytes.get(INT, skip(field, Integer.BYTES));
    }

    long int64(String field) {
        return bytes.get(LONG, skip(field, Long.BYTES));
    }

    /**
     * A number of things that follow.
     *
     * @param least the bytes that each of them takes at least
     */
    int count(String field, int most, int least) {
        long count = int64(field);
        if (count < 0 || count > most) {
            throw new BadInputException(file, field, Long.toUnsignedString(count) + " is over the limit of " + most);
        }
        if (count > (bytes.byteSize() - at) / least) {
            throw new BadInputException(
                    file, field, count + " do not fit the " + bytes.byteSize() + " bytes of the file");
        }
        return (int) count;
    }

    /** A text, in UTF-8. */
    String string(String field) {
        long length = int64(field);
        if (length < 0 || length > MAX_STRING) {
            throw new BadInputException(
                    file, field, "its length " + Long.toUnsignedString(length) + " is over the limit of " + MAX_STRING);
        }
        long from = skip(field, length);
        byte[] text = bytes.asSlice(from, length).toArray(ValueLayout.JAVA_BYTE);
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(text))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new BadInputException(file, field, "is no UTF-8", e);
        }
    }

    /** A value with its type in front. */
    GgufValue value(String field) {
        return value(field, type(field), 0);
    }

    private int type(String field) {
        int type = int32(field);
        if (type < 0 || type >= TYPES.size()) {
            throw new BadInputException(file, field, "type " + Integer.toUnsignedString(type) + " is unknown");
        }
        return type;
    }

    private GgufValue value(String field, int type, int depth) {
        return switch (type) {
            case STRING -> new GgufValue.Single(TYPES.get(type), string(field));
            case ARRAY -> array(field, depth);
            default -> new GgufValue.Single(TYPES.get(type), single(field, type));
        };
    }

    private Object single(String field, int type) {
        long from = skip(field, WIDTHS[type]);
        return switch (type) {
            case 0 -> (long) Byte.toUnsignedInt(bytes.get(ValueLayout.JAVA_BYTE, from));
            case 1 -> (long) bytes.get(ValueLayout.JAVA_BYTE, from);
            case 2 ->
                (long) Short.toUnsignedInt(
                        bytes.get(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), from));
            case 3 -> (long) bytes.get(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), from);
            case 4 -> Integer.toUnsignedLong(bytes.get(INT, from));
            case 5 -> (long) bytes.get(INT, from);
            case 6 -> Float.intBitsToFloat(bytes.get(INT, from));
            case 7 -> bytes.get(ValueLayout.JAVA_BYTE, from) != 0;
            case 10, 11 -> bytes.get(LONG, from);
            default -> Double.longBitsToDouble(bytes.get(LONG, from));
        };
    }

    private GgufValue array(String field, int depth) {
        if (depth == MAX_DEPTH) {
            throw new BadInputException(file, field, "arrays within arrays are more than " + MAX_DEPTH + " deep");
        }
        int type = type(field);
        // The least that an element takes: its bytes, the length of a text, or type and count of an array.
        int least = type == STRING ? Long.BYTES : type == ARRAY ? Integer.BYTES + Long.BYTES : WIDTHS[type];
        int count = count(field, Integer.MAX_VALUE, least);
        List<GgufValue> first = new ArrayList<>(Math.min(count, KEPT));
        for (int i = 0; i < count; i++) {
            if (i < KEPT) {
                first.add(value(field, type, depth + 1));
            } else if (type == ARRAY) {
                array(field, depth + 1);
            } else if (type == STRING) {
                long length = int64(field);
                skip(field, length);
            } else {
                skip(field, (long) (count - i) * WIDTHS[type]);
                break;
            }
        }
        return new GgufValue.Array(TYPES.get(type), count, first);
    }
}
