package org.quantscope.core.corruption;

import java.util.Optional;
import org.quantscope.core.picture.JpegRoundTrip;
import org.quantscope.core.picture.Pixels;

/** Rounds to 256 levels, writes a JPEG and reads it again. */
final class JpegCorruption implements Corruption {
    @Override
    public String id() {
        return "jpeg";
    }

    @Override
    public String title() {
        return "JPEG";
    }

    @Override
    public String doc() {
        return "Compresses the picture as JPEG and decodes it again.";
    }

    @Override
    public String unit(Subject subject) {
        return "quality, 1 to 100:";
    }

    @Override
    public String source() {
        return Corruptions.PUBLISHED + ", jpeg_compression";
    }

    @Override
    public Optional<Amounts> amounts(Subject subject) {
        return switch (subject) {
            case SMALL_PICTURE -> Optional.of(Amounts.of(100, 80.0, 65.0, 58.0, 50.0, 40.0));
            case PICTURE -> Optional.of(Amounts.of(100, 25.0, 18.0, 15.0, 10.0, 7.0));
            case VECTOR -> Optional.empty();
        };
    }

    @Override
    public String said(Subject subject, double amount) {
        return "quality " + Corrupted.number(amount) + " of 100";
    }

    @Override
    public boolean takesChannels(int channels) {
        return channels == 1 || channels == 3;
    }

    @Override
    public void corrupt(PictureValues picture, double amount, Draws draws) {
        double[] values = picture.values();
        byte[] levels = new byte[values.length];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = (byte) (int) Math.rint(Math.clamp(values[i], 0, 1) * 255);
        }
        Pixels back =
                JpegRoundTrip.of(new Pixels(picture.width(), picture.height(), picture.channels(), levels), amount);
        for (int i = 0; i < levels.length; i++) {
            values[i] = (back.levels()[i] & 0xff) / 255.0;
        }
    }
}
