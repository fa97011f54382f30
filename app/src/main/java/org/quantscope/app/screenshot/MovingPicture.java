package org.quantscope.app.screenshot;

import java.awt.Rectangle;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;

/**
 * A PNG that moves: pictures of one size, each shown for a while, repeated without end. A picture holds only the
 * rectangle that differs from the one before. The format is APNG of the PNG specification, third edition; what does not
 * know it shows the first picture.
 */
final class MovingPicture {
    private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

    @SuppressWarnings("ArrayRecordComponent") // written once, never compared
    private record Frame(Rectangle part, byte[] pixels, int millis) {}

    private final List<Frame> frames = new ArrayList<>();
    private int[] last = {};
    private int width;
    private int height;

    /** Adds a picture without transparency, to be shown for {@code millis}; one like the last only lengthens that. */
    void add(BufferedImage picture, int millis) {
        int[] rgb = picture.getRGB(0, 0, picture.getWidth(), picture.getHeight(), null, 0, picture.getWidth());
        if (frames.isEmpty()) {
            width = picture.getWidth();
            height = picture.getHeight();
        } else if (picture.getWidth() != width || picture.getHeight() != height) {
            throw new IllegalArgumentException("picture: " + width + " × " + height + " is needed, got "
                    + picture.getWidth() + " × " + picture.getHeight());
        }
        Rectangle part = frames.isEmpty() ? new Rectangle(width, height) : changed(rgb);
        if (part.isEmpty()) {
            Frame before = frames.removeLast();
            frames.add(new Frame(before.part, before.pixels, before.millis + millis));
            return;
        }
        frames.add(new Frame(part, packed(rgb, part), millis));
        last = rgb;
    }

    private Rectangle changed(int[] rgb) {
        int left = width;
        int right = -1;
        int top = height;
        int bottom = -1;
        for (int y = 0, i = 0; y < height; y++) {
            for (int x = 0; x < width; x++, i++) {
                if (rgb[i] != last[i]) {
                    left = Math.min(left, x);
                    right = Math.max(right, x);
                    top = Math.min(top, y);
                    bottom = y;
                }
            }
        }
        return new Rectangle(left, top, right - left + 1, bottom - top + 1);
    }

    /** Rows of bytes red, green, blue, each less the one above (filter 2), deflated. */
    private byte[] packed(int[] rgb, Rectangle part) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Deflater best = new Deflater(Deflater.BEST_COMPRESSION);
        try (DeflaterOutputStream out = new DeflaterOutputStream(bytes, best)) {
            for (int y = part.y; y < part.y + part.height; y++) {
                out.write(2);
                for (int x = part.x; x < part.x + part.width; x++) {
                    int here = rgb[y * width + x];
                    int above = y == part.y ? 0 : rgb[(y - 1) * width + x];
                    for (int shift = 16; shift >= 0; shift -= 8) {
                        out.write((here >> shift & 255) - (above >> shift & 255));
                    }
                }
            }
        } catch (IOException e) {
            throw new IllegalStateException("nothing is written but memory", e);
        } finally {
            best.end();
        }
        return bytes.toByteArray();
    }

    /**
     * Writes all pictures.
     *
     * @throws IOException if the file cannot be written
     */
    void write(Path file) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.write(SIGNATURE);
        // Eight bits a channel, colour type 2 (red, green, blue), the only methods of compression and filtering, no
        // interlace.
        chunk(
                out,
                "IHDR",
                ByteBuffer.allocate(13)
                        .putInt(width)
                        .putInt(height)
                        .put(new byte[] {8, 2, 0, 0, 0})
                        .array());
        chunk(
                out,
                "acTL",
                ByteBuffer.allocate(8).putInt(frames.size()).putInt(0).array());
        int sequence = 0;
        for (Frame frame : frames) {
            Rectangle part = frame.part;
            chunk(
                    out,
                    "fcTL",
                    ByteBuffer.allocate(26)
                            .putInt(sequence++)
                            .putInt(part.width)
                            .putInt(part.height)
                            .putInt(part.x)
                            .putInt(part.y)
                            .putShort((short) frame.millis)
                            .putShort((short) 1000)
                            .put(new byte[] {0, 0})
                            .array());
            if (sequence == 1) {
                chunk(out, "IDAT", frame.pixels);
            } else {
                chunk(
                        out,
                        "fdAT",
                        ByteBuffer.allocate(4 + frame.pixels.length)
                                .putInt(sequence++)
                                .put(frame.pixels)
                                .array());
            }
        }
        chunk(out, "IEND", new byte[0]);
        Files.write(file, bytes.toByteArray());
    }

    private static void chunk(DataOutputStream out, String type, byte[] content) throws IOException {
        byte[] name = type.getBytes(StandardCharsets.US_ASCII);
        CRC32 sum = new CRC32();
        sum.update(name);
        sum.update(content);
        out.writeInt(content.length);
        out.write(name);
        out.write(content);
        out.writeInt((int) sum.getValue());
    }
}
