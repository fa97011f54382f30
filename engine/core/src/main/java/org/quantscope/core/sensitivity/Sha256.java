package org.quantscope.core.sensitivity;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The SHA-256 of a sequence of values. Texts and arrays are preceded by their lengths, so that different sequences
 * never give the same bytes.
 */
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

    /** Adds the bytes without their length. */
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

    /** Adds the array by the bits of its values; every NaN counts as the same. */
    void numbers(float[] values) {
        int[] bits = new int[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToIntBits(values[i]);
        }
        numbers(bits);
    }

    /** The 32 bytes of the hash; nothing can be added after that. */
    byte[] end() {
        return digest.digest();
    }

    /** The hash in lower-case hex; nothing can be added after that. */
    String hex() {
        return HexFormat.of().formatHex(end());
    }
}
