package org.quantscope.core.picture;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.zip.CRC32;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.picture.PictureHeader.Format;

/**
 * Walks through the structure of a picture file in plain Java, so that the decoder gets only bytes that were checked:
 * sizes, counts, checksums, and that the end is there. Sources: PNG (ISO/IEC 15948), JPEG (ITU T.81), GIF89a, BMP
 * ({@code BITMAPINFOHEADER} and its kin).
 */
final class PictureBytes {
    /** Progressive files have about ten scans; thousands of them would keep a decoder busy for hours. */
    private static final int MAX_SCANS = 64;

    private static final long PNG_MAGIC = 0x89504e470d0a1a0aL;

    private final Path file;
    private final byte[] all;
    private final ByteBuffer in;
    private final ByteArrayOutputStream kept;

    private PictureBytes(Path file, byte[] all) {
        this.file = file;
        this.all = all;
        this.in = ByteBuffer.wrap(all);
        this.kept = new ByteArrayOutputStream(all.length);
    }

    /**
     * The parts of a file that a decoder needs, without colour profiles, thumbnails and text.
     *
     * @param header holds the size
     * @param content the bytes for the decoder
     */
    // It is made once, handed on and never compared.
    @SuppressWarnings("ArrayRecordComponent")
    record Checked(PictureHeader header, byte[] content) {}

    /** Checks the structure. The size is compared with no limit; the caller does that. */
    static Checked check(Path file, byte[] all, Format format) {
        PictureBytes bytes = new PictureBytes(file, all);
        try {
            PictureHeader header = switch (format) {
                case PNG -> bytes.png();
                case JPEG -> bytes.jpeg();
                case BMP -> bytes.bmp();
                case GIF -> bytes.gif();
            };
            return new Checked(header, format == Format.PNG || format == Format.JPEG ? bytes.kept.toByteArray() : all);
        } catch (IndexOutOfBoundsException | java.nio.BufferUnderflowException | IllegalArgumentException e) {
            throw new BadInputException(file, "picture", "is cut off after " + all.length + " bytes", e);
        }
    }

    private PictureHeader png() {
        PictureHeader header = pngHeader(file, in);
        kept.writeBytes(java.util.Arrays.copyOf(all, 8));
        in.position(8);
        boolean data = false;
        while (true) {
            int start = in.position();
            long length = Integer.toUnsignedLong(in.getInt());
            int type = in.getInt();
            if (length > in.remaining() - 4) {
                throw bad("is cut off in a chunk of " + length + " bytes");
            }
            in.position(in.position() + (int) length);
            int crc = in.getInt();
            if (type == name("IHDR")
                    || type == name("PLTE")
                    || type == name("tRNS")
                    || type == name("IDAT")
                    || type == name("IEND")) {
                CRC32 sum = new CRC32();
                sum.update(all, start + 4, (int) length + 4);
                if ((int) sum.getValue() != crc) {
                    throw bad("chunk at byte " + start + " has a wrong checksum");
                }
                // Transparency is ignored, so the decoder need not build it.
                if (type != name("tRNS")) {
                    kept.write(all, start, (int) length + 12);
                }
                data |= type == name("IDAT");
            }
            if (type == name("IEND")) {
                if (!data) {
                    throw bad("holds no pixels");
                }
                return header;
            }
        }
    }

    private static PictureHeader pngHeader(Path file, ByteBuffer in) {
        if (in.getLong(0) != PNG_MAGIC || in.getInt(8) != 13 || in.getInt(12) != name("IHDR")) {
            throw new BadInputException(file, "picture", "does not begin as a PNG");
        }
        int colourType = in.get(25);
        return new PictureHeader(Format.PNG, in.getInt(16), in.getInt(20), colourType == 0 || colourType == 4);
    }

    private static int name(String chunk) {
        return chunk.charAt(0) << 24 | chunk.charAt(1) << 16 | chunk.charAt(2) << 8 | chunk.charAt(3);
    }

    private PictureHeader jpeg() {
        PictureHeader header = null;
        int scans = 0;
        in.position(2);
        kept.write(all, 0, 2);
        while (true) {
            int marker = nextMarker();
            int start = in.position() - 2;
            if (marker == 0xd9) {
                if (header == null || scans == 0) {
                    throw bad("holds no pixels");
                }
                kept.write(0xff);
                kept.write(0xd9);
                return header;
            }
            if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
                continue;
            }
            int length = Short.toUnsignedInt(in.getShort());
            if (length < 2 || length - 2 > in.remaining()) {
                throw bad("is cut off in a segment of " + length + " bytes");
            }
            int end = start + 2 + length;
            if (isFrame(marker)) {
                if (header != null) {
                    throw bad("has two frames");
                }
                header = jpegFrame(file, marker, in);
            }
            in.position(end);
            boolean needed = !(marker >= 0xe1 && marker <= 0xef && marker != 0xee) && marker != 0xfe;
            if (needed) {
                kept.write(all, start, length + 2);
            }
            if (marker == 0xda) {
                if (++scans > MAX_SCANS) {
                    throw bad("has more than " + MAX_SCANS + " scans");
                }
                int from = in.position();
                skipEntropyCoded();
                kept.write(all, from, in.position() - from);
            }
        }
    }

    /** Moves to the position after the next marker; returns the marker's second byte. */
    private int nextMarker() {
        while (true) {
            while ((in.get() & 0xff) != 0xff) {
                // Bytes between segments have no meaning.
            }
            int code = in.get() & 0xff;
            while (code == 0xff) {
                code = in.get() & 0xff;
            }
            if (code != 0) {
                return code;
            }
        }
    }

    private void skipEntropyCoded() {
        int at = in.position();
        while (true) {
            if (all[at] == (byte) 0xff) {
                int next = all[at + 1] & 0xff;
                if (next != 0 && !(next >= 0xd0 && next <= 0xd7)) {
                    in.position(at);
                    return;
                }
                at++;
            }
            at++;
        }
    }

    private static boolean isFrame(int marker) {
        return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    }

    /** @param in positioned after the length of the frame's segment */
    private static PictureHeader jpegFrame(Path file, int marker, ByteBuffer in) {
        if (marker > 0xc2) {
            throw new BadInputException(
                    file, "picture", "is a lossless, hierarchical or arithmetically coded JPEG, which is not read");
        }
        int precision = in.get();
        int height = Short.toUnsignedInt(in.getShort());
        int width = Short.toUnsignedInt(in.getShort());
        int components = Byte.toUnsignedInt(in.get());
        if (precision != 8) {
            throw new BadInputException(file, "picture", "has " + precision + " bits per level; JPEG with 8 is read");
        }
        if (components != 1 && components != 3) {
            throw new BadInputException(
                    file,
                    "picture",
                    "has " + components + " colour components (CMYK?); grey and RGB are read: convert it");
        }
        return new PictureHeader(Format.JPEG, width, height, components == 1);
    }

    private PictureHeader bmp() {
        in.order(ByteOrder.LITTLE_ENDIAN);
        PictureHeader header = bmpHeader(file, in);
        int offset = in.getInt(10);
        int size = in.getInt(14);
        if (size == 12) {
            need(offset, bmpRow(header.width(), in.getShort(24)) * header.height());
            return header;
        }
        int bits = in.getShort(28);
        int compression = in.getInt(30);
        int colours = in.getInt(46);
        if (compression < 0 || compression > 3) {
            throw bad("has compression " + compression + ", which is not read");
        }
        if (colours < 0 || colours > 256) {
            throw bad("says it has a palette of " + Integer.toUnsignedString(colours) + " colours");
        }
        need(offset, compression == 1 || compression == 2 ? 2 : bmpRow(header.width(), bits) * header.height());
        return header;
    }

    private static long bmpRow(long width, int bits) {
        return (width * bits + 31) / 32 * 4;
    }

    private void need(int offset, long bytes) {
        if (offset < 14 || offset > all.length || bytes > all.length - offset) {
            throw bad("is cut off: " + bytes + " bytes of pixels wanted at " + Integer.toUnsignedString(offset)
                    + ", the file has " + all.length);
        }
    }

    /** @param in little-endian */
    private static PictureHeader bmpHeader(Path file, ByteBuffer in) {
        int size = in.getInt(14);
        boolean core = size == 12;
        if (!core && (size < 40 || size > 124)) {
            throw new BadInputException(
                    file,
                    "picture",
                    "has a header of " + Integer.toUnsignedString(size) + " bytes, which is not a BMP");
        }
        int width = core ? Short.toUnsignedInt(in.getShort(18)) : in.getInt(18);
        int height = core ? Short.toUnsignedInt(in.getShort(20)) : in.getInt(22);
        int bits = in.getShort(core ? 24 : 28);
        if (bits != 1 && bits != 4 && bits != 8 && bits != 16 && bits != 24 && bits != 32) {
            throw new BadInputException(file, "picture", "has " + bits + " bits per pixel");
        }
        // A negative height means that the rows begin at the top.
        return new PictureHeader(Format.BMP, width, height == Integer.MIN_VALUE ? -1 : Math.abs(height), false);
    }

    private PictureHeader gif() {
        in.order(ByteOrder.LITTLE_ENDIAN);
        PictureHeader header = gifHeader(in);
        int flags = in.get(10);
        in.position(13 + colourTable(flags));
        while (true) {
            int block = in.get() & 0xff;
            if (block == 0x3b) {
                throw bad("holds no picture");
            }
            if (block == 0x21) {
                in.get();
                skipBlocks();
            } else if (block == 0x2c) {
                int left = Short.toUnsignedInt(in.getShort());
                int top = Short.toUnsignedInt(in.getShort());
                int width = Short.toUnsignedInt(in.getShort());
                int height = Short.toUnsignedInt(in.getShort());
                int local = in.get();
                if (width == 0 || height == 0 || left + width > header.width() || top + height > header.height()) {
                    throw bad("its first frame, " + width + " by " + height + " at " + left + ", " + top
                            + ", does not lie on its " + header.width() + " by " + header.height() + " screen");
                }
                in.position(in.position() + colourTable(local) + 1);
                skipBlocks();
                return header;
            } else {
                throw bad("has an unknown block " + block);
            }
        }
    }

    private void skipBlocks() {
        for (int n = in.get() & 0xff; n > 0; n = in.get() & 0xff) {
            in.position(in.position() + n);
        }
    }

    private static int colourTable(int flags) {
        return (flags & 0x80) == 0 ? 0 : 3 << ((flags & 7) + 1);
    }

    /** @param in little-endian */
    private static PictureHeader gifHeader(ByteBuffer in) {
        return new PictureHeader(
                Format.GIF, Short.toUnsignedInt(in.getShort(6)), Short.toUnsignedInt(in.getShort(8)), false);
    }

    private BadInputException bad(String problem) {
        return new BadInputException(file, "picture", problem);
    }

    /**
     * The size alone, from the first bytes of a file.
     *
     * @param head as many as there are, up to some ten thousand; in a JPEG the size comes after the metadata
     * @return null if the size of a JPEG lies beyond {@code head}
     */
    static @org.jspecify.annotations.Nullable PictureHeader glance(Path file, byte[] head, Format format) {
        ByteBuffer in = ByteBuffer.wrap(head);
        try {
            return switch (format) {
                case PNG -> pngHeader(file, in);
                case BMP -> bmpHeader(file, in.order(ByteOrder.LITTLE_ENDIAN));
                case GIF -> gifHeader(in.order(ByteOrder.LITTLE_ENDIAN));
                case JPEG -> jpegGlance(file, in);
            };
        } catch (IndexOutOfBoundsException | java.nio.BufferUnderflowException | IllegalArgumentException e) {
            if (format == Format.JPEG) {
                return null;
            }
            throw new BadInputException(file, "picture", "is cut off after " + head.length + " bytes", e);
        }
    }

    private static PictureHeader jpegGlance(Path file, ByteBuffer in) {
        in.position(2);
        while (true) {
            int b = in.get() & 0xff;
            int marker = in.get() & 0xff;
            if (b != 0xff) {
                throw new BadInputException(file, "picture", "has no JPEG segment at byte " + (in.position() - 2));
            }
            if (marker == 0xff) {
                in.position(in.position() - 1);
                continue;
            }
            if (marker == 0xd9 || marker == 0xda) {
                throw new BadInputException(file, "picture", "holds no frame");
            }
            int length = Short.toUnsignedInt(in.getShort());
            if (isFrame(marker)) {
                return jpegFrame(file, marker, in);
            }
            in.position(in.position() + Math.max(0, length - 2));
        }
    }
}
