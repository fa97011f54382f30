package org.quantscope.testkit;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Makes the bytes of .npy, .npz and safetensors files, valid or deliberately broken. */
public final class ArrayFiles {
    private ArrayFiles() {}

    /**
     * An .npy array.
     *
     * @param major version of the format, 1 to 3
     * @param dict the text of the header, written unchanged
     */
    public static byte[] npy(int major, String dict, byte[] values) {
        byte[] text = dict.getBytes(major < 3 ? StandardCharsets.ISO_8859_1 : StandardCharsets.UTF_8);
        ByteBuffer out = ByteBuffer.allocate((major == 1 ? 10 : 12) + text.length + values.length)
                .order(ByteOrder.LITTLE_ENDIAN);
        out.put((byte) 0x93)
                .put("NUMPY".getBytes(StandardCharsets.US_ASCII))
                .put((byte) major)
                .put((byte) 0);
        if (major == 1) {
            out.putShort((short) text.length);
        } else {
            out.putInt(text.length);
        }
        return out.put(text).put(values).array();
    }

    /** An .npy array of version 1 in C order; {@code shape} is the text of a Python tuple. */
    public static byte[] npy(String descr, String shape, byte[] values) {
        return npy(1, "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }\n", values);
    }

    /** The values as little-endian float32. */
    public static byte[] f4(float... values) {
        ByteBuffer out = ByteBuffer.allocate(values.length * 4).order(ByteOrder.LITTLE_ENDIAN);
        out.asFloatBuffer().put(values);
        return out.array();
    }

    /** The values as little-endian int64. */
    public static byte[] i8(long... values) {
        ByteBuffer out = ByteBuffer.allocate(values.length * 8).order(ByteOrder.LITTLE_ENDIAN);
        out.asLongBuffer().put(values);
        return out.array();
    }

    /** A zip of the given members in their order, stored or deflated. */
    public static byte[] zip(boolean deflated, Map<String, byte[]> members) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            for (Map.Entry<String, byte[]> member : members.entrySet()) {
                ZipEntry entry = new ZipEntry(member.getKey());
                if (!deflated) {
                    CRC32 crc = new CRC32();
                    crc.update(member.getValue());
                    entry.setMethod(ZipEntry.STORED);
                    entry.setSize(member.getValue().length);
                    entry.setCrc(crc.getValue());
                }
                zip.putNextEntry(entry);
                zip.write(member.getValue());
                zip.closeEntry();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    /** A safetensors file; the header is written unchanged. */
    public static byte[] safetensors(String header, byte[] values) {
        return safetensors(header.getBytes(StandardCharsets.UTF_8), values);
    }

    /** A safetensors file; the header is written unchanged. */
    public static byte[] safetensors(byte[] header, byte[] values) {
        return ByteBuffer.allocate(8 + header.length + values.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length)
                .put(header)
                .put(values)
                .array();
    }
}
