package org.quantscope.core.gguf;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** GGUF files of a few bytes, written straight from the description of the format. */
public final class TinyGguf {
    private static final int ALIGNMENT = 32;

    private TinyGguf() {}

    /** A tensor; {@code dims} as the format has them, fastest first. */
    public record Described(String name, int type, byte[] bytes, long... dims) {}

    public static Described tensor(String name, int type, byte[] bytes, long... dims) {
        return new Described(name, type, bytes, dims);
    }

    public static byte[] floats(float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return bytes.array();
    }

    public static byte[] uint16(String key, int value) {
        return entry(
                key,
                2,
                ByteBuffer.allocate(2)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putShort((short) value)
                        .array());
    }

    public static byte[] int32(String key, int value) {
        return entry(
                key,
                5,
                ByteBuffer.allocate(4)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(value)
                        .array());
    }

    private static byte[] entry(String key, int type, byte[] value) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(string(key));
        out.writeBytes(number(type, 4));
        out.writeBytes(value);
        return out.toByteArray();
    }

    private static byte[] string(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + utf8.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(utf8.length)
                .put(utf8)
                .array();
    }

    private static byte[] number(long value, int bytes) {
        return java.util.Arrays.copyOf(
                ByteBuffer.allocate(8)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(value)
                        .array(),
                bytes);
    }

    public static byte[] of(Described... tensors) {
        return of(List.of(), tensors);
    }

    /** A file with these entries of metadata. */
    public static byte[] of(List<byte[]> metadata, Described... tensors) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(number(3, 4));
        out.writeBytes(number(tensors.length, 8));
        out.writeBytes(number(metadata.size(), 8));
        metadata.forEach(out::writeBytes);
        long offset = 0;
        for (Described t : tensors) {
            out.writeBytes(string(t.name));
            out.writeBytes(number(t.dims.length, 4));
            for (long dim : t.dims) {
                out.writeBytes(number(dim, 8));
            }
            out.writeBytes(number(t.type, 4));
            out.writeBytes(number(offset, 8));
            offset += Math.ceilDiv(t.bytes.length, ALIGNMENT) * ALIGNMENT;
        }
        for (Described t : tensors) {
            out.writeBytes(new byte[Math.floorMod(-out.size(), ALIGNMENT)]);
            out.writeBytes(t.bytes);
        }
        return out.toByteArray();
    }
}
