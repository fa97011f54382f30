package org.quantscope.core.picture;

import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageInputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/**
 * What JPEG makes of a picture, in memory: as Java's writer encodes it, with the usual tables of quantization and half the
 * colours in each direction.
 */
public final class JpegRoundTrip {
    private JpegRoundTrip() {}

    /**
     * The picture after it was written and read.
     *
     * @param picture of 1 or 3 channels
     * @param quality 1 to 100, as libjpeg counts it
     */
    public static Pixels of(Pixels picture, double quality) {
        if (!(quality >= 1 && quality <= 100)) {
            throw new IllegalArgumentException("quality: 1 to 100, got " + quality);
        }
        boolean grey = picture.channels() == 1;
        if (!grey && picture.channels() != 3) {
            throw new IllegalArgumentException("channels: 1 or 3, got " + picture.channels());
        }
        BufferedImage image = new BufferedImage(
                picture.width(), picture.height(), grey ? BufferedImage.TYPE_BYTE_GRAY : BufferedImage.TYPE_INT_RGB);
        WritableRaster raster = image.getRaster();
        int[] levels = new int[picture.levels().length];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = picture.levels()[i] & 0xff;
        }
        raster.setPixels(0, 0, picture.width(), picture.height(), levels);
        try {
            decode(encode(image, (float) (quality / 100))).getPixels(0, 0, picture.width(), picture.height(), levels);
        } catch (IOException e) {
            throw new UncheckedIOException("JPEG in memory", e);
        }
        byte[] out = new byte[levels.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (byte) levels[i];
        }
        return new Pixels(picture.width(), picture.height(), picture.channels(), out);
    }

    private static byte[] encode(BufferedImage image, float quality) throws IOException {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
            writer.setOutput(out);
            ImageWriteParam how = writer.getDefaultWriteParam();
            how.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            how.setCompressionQuality(quality);
            writer.write(null, new IIOImage(image, null, null), how);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }

    private static Raster decode(byte[] jpeg) throws IOException {
        ImageReader reader = ImageIO.getImageReadersByFormatName("jpeg").next();
        try (MemoryCacheImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(jpeg))) {
            reader.setInput(in, true, true);
            return reader.read(0).getRaster();
        } finally {
            reader.dispose();
        }
    }
}
