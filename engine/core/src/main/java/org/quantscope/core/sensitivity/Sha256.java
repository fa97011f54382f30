package org.quantscope.core.sensitivity;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** The SHA-256 of values one after the other; texts and arrays go in behind their lengths, so that no two sequences are the same bytes. */
final class Sha256 {
    private static final int BUFFER = 4096;

    private final MessageDigest digest;

    Sha256() {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    void text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        number(bytes.length);
        digest.update(bytes);
    }

    void number(long value) {
        digest.update(ByteBuffer.allocate(Long.BYTES).putLong(value).flip());
    }

    /** As they are, without their number. */
    void bytes(ByteBuffer bytes) {
        digest.update(bytes);
    }

    void numbers(int[] values) {
        number(values.length);
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
        for (int value : values) {
            buffer.putInt(value);
            if (!buffer.hasRemaining()) {
                digest.update(buffer.flip());
                buffer.clear();
            }
        }
        digest.update(buffer.flip());
    }

    /** By their bits; every NaN is the same. */
    void numbers(float[] values) {
        int[] bits = new int[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToIntBits(values[i]);
        }
        numbers(bits);
    }

    /** The 32 bytes; nothing can be added after that. */
    byte[] end() {
        return digest.digest();
    }

    /** The same in lower-case hex. */
    String hex() {
        return HexFormat.of().formatHex(end());
    }
}
