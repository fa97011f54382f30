package org.quantscope.core.sketch;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Locale;
import java.util.zip.CRC32C;
import org.quantscope.core.io.BadInputException;

/** Reads what {@link SketchOutput} writes, from a file that may hold anything. Every error names the field. */
final class SketchInput {
    private static final int CHECKSUM_BYTES = 4;

    private final Path file;
    private final InputStream in;
    private final CRC32C crc = new CRC32C();
    private final byte[] buffer = new byte[1 << 13];
    private final long maxHeap;
    private int at;
    private int size;
    /** Bytes not yet handed out, the checksum included. */
    private long left;

    private long heap;

    /**
     * @param length of the file in bytes
     * @param maxHeap bytes that its sketches may take in memory
     */
    SketchInput(Path file, InputStream in, long length, long maxHeap) {
        this.file = file;
        this.in = in;
        this.left = length;
        this.maxHeap = maxHeap;
    }

    BadInputException bad(String field, String problem) {
        return new BadInputException(file, field, problem);
    }

    /** Bytes left for fields. */
    long left() {
        return Math.max(0, left - CHECKSUM_BYTES);
    }

    /** Accounts for memory that is about to be taken. */
    void take(String field, long bytes) {
        heap += bytes;
        if (heap > maxHeap) {
            throw bad(field, "the sketches would take " + heap + " bytes of memory, at most " + maxHeap + " are given");
        }
    }

    int octet(String field) throws IOException {
        if (left <= CHECKSUM_BYTES) {
            throw bad(field, "the file ends before it");
        }
        return raw(field);
    }

    private int raw(String field) throws IOException {
        if (at == size) {
            crc.update(buffer, 0, size);
            at = 0;
            // Stop before the checksum, which is not part of the sum.
            long want = left > CHECKSUM_BYTES ? left - CHECKSUM_BYTES : left;
            size = in.readNBytes(buffer, 0, (int) Math.min(buffer.length, want));
            if (size == 0) {
                throw bad(field, "the file ends before it");
            }
        }
        left--;
        return buffer[at++] & 0xff;
    }

    int fixed32(String field) throws IOException {
        int value = 0;
        for (int shift = 0; shift < 32; shift += 8) {
            value |= octet(field) << shift;
        }
        return value;
    }

    long number(String field, long least, long most) throws IOException {
        long value = 0;
        for (int shift = 0; shift < 63; shift += 7) {
            int b = octet(field);
            value |= (long) (b & 127) << shift;
            if (b < 128) {
                if (b == 0 && shift > 0) {
                    throw bad(field, "a number with a needless zero at its end");
                }
                if (value < least || value > most) {
                    throw bad(field, least + " to " + most + " is needed, got " + value);
                }
                return value;
            }
        }
        throw bad(field, "a number of more than 63 bits");
    }

    void ascii(String field, String wanted) throws IOException {
        byte[] bytes = bytes(field, wanted.length());
        if (!wanted.equals(new String(bytes, StandardCharsets.ISO_8859_1))) {
            throw bad(
                    field,
                    "this is not a sketch file, it begins with "
                            + HexFormat.of().formatHex(bytes));
        }
    }

    /** A SHA-256, as lower-case hex. */
    String hex(String field) throws IOException {
        return HexFormat.of().formatHex(bytes(field, 32));
    }

    String text(String field, int maxBytes) throws IOException {
        byte[] utf8 = bytes(field, (int) number(field, 0, Math.min(maxBytes, left())));
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(utf8))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new BadInputException(
                    file, field, "UTF-8 is needed, got " + HexFormat.of().formatHex(utf8), e);
        }
    }

    private byte[] bytes(String field, int count) throws IOException {
        if (count > left()) {
            throw bad(field, count + " bytes are needed, the file has " + left() + " more");
        }
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) {
            bytes[i] = (byte) octet(field);
        }
        return bytes;
    }

    /** Compares the checksum at the end of the file. */
    void checksum(String field) throws IOException {
        if (left != CHECKSUM_BYTES) {
            throw bad(field, left() + " bytes follow what the file should hold");
        }
        int stored = raw(field);
        // Every byte before the checksum has been read by now, and its first byte is not yet part of the sum.
        int sum = (int) crc.getValue();
        for (int shift = 8; shift < 32; shift += 8) {
            stored |= raw(field) << shift;
        }
        if (stored != sum) {
            throw bad(field, String.format(Locale.ROOT, "%08x is needed for this content, got %08x", sum, stored));
        }
    }
}
