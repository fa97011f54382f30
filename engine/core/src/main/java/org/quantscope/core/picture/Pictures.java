package org.quantscope.core.picture;

import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.InputFile;
import org.quantscope.core.picture.PictureHeader.Format;

/**
 * Reads PNG, JPEG, BMP and GIF (its first frame). Size, checksums and structure are checked before anything is decoded.
 *
 * <p>Levels are those of the file: transparency, colour profile, gamma and the orientation of a camera are not applied,
 * as in Pillow's {@code Image.open(f).convert("RGB")}. 16-bit levels become {@code round(v / 257)}.
 */
public final class Pictures {
    /** Larger files are refused, in bytes. */
    public static final long MAX_BYTES = 64L << 20;

    /**
     * Pictures with more pixels are refused: a decoded picture takes about eight bytes a pixel, and two may be decoded
     * at a time.
     */
    public static final long MAX_PIXELS =
            Math.min(64L << 20, Runtime.getRuntime().maxMemory() / 24);

    /** Bytes read first; in most JPEG files the size lies within them. */
    private static final int HEAD = 4096;

    /** Permits for decoding pictures of more than a million pixels. */
    private static final Semaphore LARGE = new Semaphore(2);

    private static final int LARGE_PIXELS = 1 << 20;

    private Pictures() {}

    /** The format of a file that begins with these bytes; empty if it is not a picture. */
    public static Optional<Format> format(byte[] head) {
        if (begins(head, 0x89, 'P', 'N', 'G')) {
            return Optional.of(Format.PNG);
        }
        if (begins(head, 0xff, 0xd8, 0xff)) {
            return Optional.of(Format.JPEG);
        }
        if (begins(head, 'G', 'I', 'F', '8')) {
            return Optional.of(Format.GIF);
        }
        return begins(head, 'B', 'M') ? Optional.of(Format.BMP) : Optional.empty();
    }

    /** The name of a format of pictures that is known and not read, by the first bytes of a file. */
    public static Optional<String> unreadFormat(byte[] head) {
        if (begins(head, 'R', 'I', 'F', 'F') && head.length >= 12 && holds(head, 8, "WEBP")) {
            return Optional.of("WebP");
        }
        if (begins(head, 'I', 'I', 42, 0) || begins(head, 'M', 'M', 0, 42)) {
            return Optional.of("TIFF");
        }
        if (holds(head, 4, "ftyp")) {
            return Optional.of(holds(head, 8, "avif") ? "AVIF" : "HEIC");
        }
        return Optional.empty();
    }

    private static boolean holds(byte[] head, int at, String text) {
        for (int i = 0; i < text.length(); i++) {
            if (head.length <= at + i || head[at + i] != text.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private static boolean begins(byte[] head, int... magic) {
        if (head.length < magic.length) {
            return false;
        }
        for (int i = 0; i < magic.length; i++) {
            if ((head[i] & 0xff) != magic[i]) {
                return false;
            }
        }
        return true;
    }

    /**
     * The size of a picture; nothing is decoded.
     *
     * @return empty if the file does not begin like a picture
     * @throws BadInputException if it is damaged, or larger than the limits
     */
    public static Optional<PictureHeader> header(Path file) throws IOException {
        PictureHeader header = null;
        try (InputStream in = InputFile.open(file)) {
            byte[] head = in.readNBytes(HEAD);
            Optional<Format> format = format(head);
            if (format.isEmpty()) {
                return Optional.empty();
            }
            checkBytes(file);
            header = PictureBytes.glance(file, head, format.get());
        }
        if (header == null) {
            header = Objects.requireNonNull(PictureBytes.check(file, Files.readAllBytes(file), Format.JPEG))
                    .header();
        }
        return Optional.of(checked(file, header));
    }

    private static void checkBytes(Path file) throws IOException {
        long bytes = Files.size(file);
        if (bytes > MAX_BYTES) {
            throw new BadInputException(file, "picture", "has " + bytes + " bytes, at most " + MAX_BYTES + " are read");
        }
    }

    private static PictureHeader checked(Path file, PictureHeader h) {
        if (h.width() < 1 || h.height() < 1) {
            throw new BadInputException(file, "picture", "says it is " + h.width() + " by " + h.height() + " pixels");
        }
        if ((long) h.width() * h.height() > MAX_PIXELS) {
            throw new BadInputException(
                    file,
                    "picture",
                    "says it is " + h.width() + " by " + h.height() + " pixels; at most " + MAX_PIXELS
                            + " are decoded");
        }
        return h;
    }

    /**
     * Decodes a picture.
     *
     * @throws BadInputException if it is not a picture, damaged, or larger than the limits
     * @throws IOException if the file cannot be read at all
     */
    public static Pixels decode(Path file) throws IOException {
        checkBytes(file);
        byte[] all = Files.readAllBytes(file);
        Format format =
                format(all).orElseThrow(() -> new BadInputException(file, "picture", "is not a PNG, JPEG, BMP or GIF"));
        PictureBytes.Checked checked = PictureBytes.check(file, all, format);
        PictureHeader header = checked(file, checked.header());
        boolean large = (long) header.width() * header.height() > LARGE_PIXELS;
        if (large) {
            LARGE.acquireUninterruptibly();
        }
        try {
            return pixels(file, header, decode(file, header, checked.content()));
        } finally {
            if (large) {
                LARGE.release();
            }
        }
    }

    private static BufferedImage decode(Path file, PictureHeader header, byte[] content) {
        Iterator<ImageReader> readers =
                ImageIO.getImageReadersByFormatName(header.format().reader());
        if (!readers.hasNext()) {
            throw new IllegalStateException("this Java runtime has no reader for " + header.format());
        }
        ImageReader reader = readers.next();
        try (MemoryCacheImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(content))) {
            reader.setInput(in, true, true);
            return reader.read(0);
        } catch (IOException | RuntimeException e) {
            String why = e.getMessage();
            throw new BadInputException(file, "picture", "is damaged" + (why == null ? "" : ": " + why), e);
        } finally {
            reader.dispose();
        }
    }

    private static Pixels pixels(Path file, PictureHeader header, BufferedImage image) {
        if (image.getWidth() > header.width() || image.getHeight() > header.height()) {
            throw new BadInputException(
                    file,
                    "picture",
                    "is " + image.getWidth() + " by " + image.getHeight() + " pixels, its header says " + header.width()
                            + " by " + header.height());
        }
        ColorModel model = image.getColorModel();
        @Nullable IndexColorModel palette = model instanceof IndexColorModel p ? p : null;
        Raster raster = image.getRaster();
        int channels = header.grey() || (palette == null && model.getNumColorComponents() == 1) ? 1 : 3;
        int width = header.width();
        byte[] levels = new byte[width * header.height() * channels];
        int[] row = new int[image.getWidth() * raster.getNumBands()];
        int bands = raster.getNumBands();
        int[] top = new int[channels];
        for (int c = 0; c < channels && palette == null; c++) {
            top[c] = (1 << raster.getSampleModel().getSampleSize(c)) - 1;
        }
        for (int y = 0; y < image.getHeight(); y++) {
            raster.getPixels(0, y, image.getWidth(), 1, row);
            int at = y * width * channels;
            for (int x = 0; x < image.getWidth(); x++) {
                for (int c = 0; c < channels; c++) {
                    levels[at++] = (byte)
                            (palette == null
                                    ? level(row[x * bands + c], top[c])
                                    : palette.getRGB(row[x]) >> (16 - 8 * c));
                }
            }
        }
        return new Pixels(width, header.height(), channels, levels);
    }

    private static int level(int value, int top) {
        return top == 255 ? value : (value * 255 + top / 2) / top;
    }
}
