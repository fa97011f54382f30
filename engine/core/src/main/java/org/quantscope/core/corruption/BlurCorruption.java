package org.quantscope.core.corruption;

import java.util.Optional;

/**
 * A Gaussian filter, rows and then columns: weights {@code exp(−d²/2σ²)} to a distance of {@code ⌊4σ + ½⌋}, divided by
 * their sum; beyond the edge the pixel at the edge goes on. As skimage's {@code gaussian} with its defaults.
 */
final class BlurCorruption implements Corruption {
    @Override
    public String id() {
        return "blur";
    }

    @Override
    public String title() {
        return "Blur";
    }

    @Override
    public String doc() {
        return "Blurs the picture by a Gaussian filter, as a lens out of focus does.";
    }

    @Override
    public String unit(Subject subject) {
        return subject == Subject.SMALL_PICTURE
                ? "σ of the filter, in pixels:"
                : "σ of the filter, in the shorter side of the picture:";
    }

    @Override
    public String source() {
        return Corruptions.PUBLISHED + ", gaussian_blur: of ImageNet-C as shares of its sides of 224";
    }

    @Override
    public Optional<Amounts> amounts(Subject subject) {
        return switch (subject) {
            case SMALL_PICTURE -> Optional.of(Amounts.of(0, 0.4, 0.6, 0.7, 0.8, 1.0));
            case PICTURE -> Optional.of(Amounts.of(0, 1.0 / 224, 2.0 / 224, 3.0 / 224, 4.0 / 224, 6.0 / 224));
            case VECTOR -> Optional.empty();
        };
    }

    @Override
    public String said(Subject subject, double amount) {
        return subject == Subject.SMALL_PICTURE
                ? unit(subject) + " " + Corrupted.number(amount)
                : Corruption.super.said(subject, amount);
    }

    @Override
    public void corrupt(PictureValues picture, double amount, Draws draws) {
        boolean small = Subject.ofPicture(picture.height(), picture.width()) == Subject.SMALL_PICTURE;
        double sigma = small ? amount : amount * picture.shorterSide();
        int reach = (int) (4 * sigma + 0.5);
        if (reach == 0) {
            return;
        }
        double[] weights = new double[2 * reach + 1];
        double sum = 0;
        for (int d = -reach; d <= reach; d++) {
            weights[d + reach] = StrictMath.exp(-0.5 * d * d / (sigma * sigma));
            sum += weights[d + reach];
        }
        for (int i = 0; i < weights.length; i++) {
            weights[i] /= sum;
        }
        int row = picture.width() * picture.channels();
        for (int y = 0; y < picture.height(); y++) {
            for (int c = 0; c < picture.channels(); c++) {
                line(picture.values(), y * row + c, picture.channels(), picture.width(), weights);
            }
        }
        for (int at = 0; at < row; at++) {
            line(picture.values(), at, row, picture.height(), weights);
        }
    }

    /** Filters every {@code step}-th value from {@code from} on, {@code length} of them. */
    private static void line(double[] values, int from, int step, int length, double[] weights) {
        double[] before = new double[length];
        for (int i = 0; i < length; i++) {
            before[i] = values[from + i * step];
        }
        int reach = weights.length / 2;
        for (int i = 0; i < length; i++) {
            double sum = 0;
            for (int d = -reach; d <= reach; d++) {
                sum += weights[d + reach] * before[Math.clamp(i + d, 0, length - 1)];
            }
            values[from + i * step] = sum;
        }
    }
}
