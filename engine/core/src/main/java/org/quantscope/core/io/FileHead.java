package org.quantscope.core.io;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The beginning of a file, by which {@link FileKind} tells what it holds. Of a zip archive also the names of members at
 * its beginning and at its end.
 */
final class FileHead {
    static final int BYTES = 4096;

    /** How much is read from the end of a zip archive, where its directory is. */
    private static final int TAIL = 1 << 16;

    private static final int ZIP_LOCAL_NAME = 30;
    private static final int ZIP_CENTRAL_NAME = 46;
    private static final Pattern BEFORE_TEXT = Pattern.compile("^(\u00ef\u00bb\u00bf)?\\s*");

    private final byte[] bytes;
    private final long size;
    private final String latin;
    private final boolean text;
    /** The text behind a byte order mark and white space. Nearly every kind asks for it. */
    private final String begin;

    private final List<String> members;

    private FileHead(byte[] bytes, long size, List<String> members) {
        this.bytes = bytes;
        this.size = size;
        this.members = members;
        this.latin = new String(bytes, StandardCharsets.ISO_8859_1);
        this.text = isText(bytes);
        this.begin = BEFORE_TEXT.matcher(latin).replaceFirst("");
    }

    static FileHead of(Path file) throws IOException {
        byte[] head;
        try (InputStream in = InputFile.open(file)) {
            head = in.readNBytes(BYTES);
        }
        List<String> members = new ArrayList<>();
        if (startsWith(head, "PK\3\4")) {
            names(head, "PK\3\4", ZIP_LOCAL_NAME, 26, members);
            names(tail(file), "PK\1\2", ZIP_CENTRAL_NAME, 28, members);
        }
        return new FileHead(head, Files.size(file), members);
    }

    static FileHead of(MemorySegment content) {
        byte[] head = content.asSlice(0, Math.min(BYTES, content.byteSize())).toArray(ValueLayout.JAVA_BYTE);
        return new FileHead(head, content.byteSize(), List.of());
    }

    private static byte[] tail(Path file) throws IOException {
        try (var channel = Files.newByteChannel(file)) {
            channel.position(Math.max(0, channel.size() - TAIL));
            ByteBuffer tail = ByteBuffer.allocate(TAIL);
            while (tail.hasRemaining() && channel.read(tail) >= 0) {
                // The rest comes with the next call.
            }
            return Arrays.copyOf(tail.array(), tail.position());
        }
    }

    private static void names(byte[] zip, String signature, int nameAt, int lengthAt, List<String> names) {
        for (int at = 0; at + nameAt < zip.length; at++) {
            if (zip[at] == 'P' && startsWith(Arrays.copyOfRange(zip, at, at + 4), signature)) {
                int length = (zip[at + lengthAt] & 0xff) | (zip[at + lengthAt + 1] & 0xff) << 8;
                if (at + nameAt + length <= zip.length) {
                    names.add(new String(zip, at + nameAt, length, StandardCharsets.UTF_8));
                }
            }
        }
    }

    private static boolean startsWith(byte[] bytes, String latin) {
        byte[] wanted = latin.getBytes(StandardCharsets.ISO_8859_1);
        return bytes.length >= wanted.length && Arrays.equals(bytes, 0, wanted.length, wanted, 0, wanted.length);
    }

    private static boolean isText(byte[] bytes) {
        boolean utf16 = bytes.length >= 2 && (startsWith(bytes, "\u00ff\u00fe") || startsWith(bytes, "\u00fe\u00ff"));
        if (utf16) {
            return true;
        }
        for (byte b : bytes) {
            if (b >= 0 && b < ' ' && b != '\t' && b != '\r' && b != '\n' && b != '\f') {
                return false;
            }
        }
        CharsetDecoder utf8 = StandardCharsets.UTF_8.newDecoder();
        // A character that the end of the head cuts in two is no error.
        return !utf8.decode(ByteBuffer.wrap(bytes), CharBuffer.allocate(bytes.length + 1), bytes.length < BYTES)
                .isError();
    }

    long size() {
        return size;
    }

    int length() {
        return bytes.length;
    }

    /** A byte, 0 to 255; -1 behind the end of the head. */
    int at(int index) {
        return index < bytes.length ? bytes[index] & 0xff : -1;
    }

    /** The bytes as ISO 8859-1. */
    String latin() {
        return latin;
    }

    /** True if it is UTF-8 or marked as UTF-16, without control characters. */
    boolean isText() {
        return text;
    }

    boolean isZeros() {
        for (byte b : bytes) {
            if (b != 0) {
                return false;
            }
        }
        return bytes.length > 0;
    }

    /** True for a file that is no text and has these bytes, given as ISO 8859-1. */
    boolean binary(int offset, String magic) {
        return !text && latin.startsWith(magic, offset);
    }

    /** True for a text that begins, after white space and a byte order mark, with one of these, in any case. */
    boolean textStart(String... starts) {
        if (!text) {
            return false;
        }
        return Arrays.stream(starts).anyMatch(s -> begin.regionMatches(true, 0, s, 0, s.length()));
    }

    /** True for a JSON object or list that mentions one of these names in its first bytes. */
    boolean json(String... names) {
        return textStart("{", "[")
                && (names.length == 0 || Arrays.stream(names).anyMatch(n -> latin.contains("\"" + n + "\"")));
    }

    /** True for a zip archive with a member whose name, or the end of it, is like this. */
    boolean member(Pattern name) {
        return members.stream().anyMatch(m -> name.matcher(m).find());
    }

    Optional<String> firstMember() {
        return members.stream().findFirst();
    }

    boolean isZip() {
        return startsWith(bytes, "PK\3\4");
    }

    /**
     * The value of a protobuf varint at an index; -1 if there is none.
     *
     * @param at an array of one element: the index, which is moved behind the number
     */
    long varint(int[] at) {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            int b = at(at[0]++);
            if (b < 0) {
                return -1;
            }
            value |= (long) (b & 0x7f) << shift;
            if (b < 0x80) {
                return value;
            }
        }
        return -1;
    }
}
