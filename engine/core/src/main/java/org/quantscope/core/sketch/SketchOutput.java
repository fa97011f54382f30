package org.quantscope.core.sketch;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.zip.CRC32C;

/**
 * Writes the values of a sketch file: little-endian, non-negative whole numbers in groups of 7 bits, lowest first
 * (LEB128).
 */
final class SketchOutput {
    private final OutputStream out;
    private final CRC32C crc = new CRC32C();
    private final byte[] buffer = new byte[1 << 13];
    private int size;

    SketchOutput(OutputStream out) {
        this.out = out;
    }

    void octet(int value) throws IOException {
        if (size == buffer.length) {
            drain();
        }
        buffer[size++] = (byte) value;
    }

    void fixed32(int value) throws IOException {
        for (int shift = 0; shift < 32; shift += 8) {
            octet(value >>> shift);
        }
    }

    /** @param value at least 0 */
    void number(long value) throws IOException {
        long rest = value;
        while (rest > 127) {
            octet((int) (rest & 127) | 128);
            rest >>>= 7;
        }
        octet((int) rest);
    }

    void ascii(String text) throws IOException {
        bytes(text.getBytes(StandardCharsets.US_ASCII));
    }

    void hex(String digits) throws IOException {
        bytes(HexFormat.of().parseHex(digits));
    }

    /** Writes the length of the text in bytes of UTF-8, then these bytes. */
    void text(String text) throws IOException {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        number(utf8.length);
        bytes(utf8);
    }

    private void bytes(byte[] values) throws IOException {
        for (byte b : values) {
            octet(b);
        }
    }

    private void drain() throws IOException {
        crc.update(buffer, 0, size);
        out.write(buffer, 0, size);
        size = 0;
    }

    /** Ends the file with the CRC-32C of all bytes before it. */
    void checksum() throws IOException {
        drain();
        fixed32((int) crc.getValue());
        drain();
    }
}
