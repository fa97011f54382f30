package org.quantscope.core.corruption;

import java.util.Optional;

/**
 * Moves the picture by {@code amount} of its shorter side in a direction that is drawn for each sample, between pixels on
 * straight lines; what comes in at an edge repeats the pixel there.
 */
final class ShiftCorruption implements Corruption {
    private static final int STREAM = 2;

    @Override
    public String id() {
        return "shift";
    }

    @Override
    public String title() {
        return "Shift";
    }

    @Override
    public String doc() {
        return "Moves the picture in a direction by chance, as a subject that is not in the middle.";
    }

    @Override
    public String unit(Subject subject) {
        return "distance, in the shorter side of the picture:";
    }

    @Override
    public String source() {
        return "ours; the idea: translate in Mu and Gilmer 2019, MNIST-C";
    }

    @Override
    public Optional<Amounts> amounts(Subject subject) {
        return subject == Subject.VECTOR ? Optional.empty() : Optional.of(Amounts.of(0, 0.03, 0.06, 0.09, 0.12, 0.15));
    }

    @Override
    public int stream() {
        return STREAM;
    }

    @Override
    public void corrupt(PictureValues picture, double amount, Draws draws) {
        double angle = 2 * Math.PI * draws.uniform();
        double dx = amount * picture.shorterSide() * StrictMath.cos(angle);
        double dy = amount * picture.shorterSide() * StrictMath.sin(angle);
        double[] before = picture.values().clone();
        for (int y = 0; y < picture.height(); y++) {
            double fromY = Math.clamp(y - dy, 0, picture.height() - 1);
            int y0 = (int) fromY;
            int y1 = Math.min(y0 + 1, picture.height() - 1);
            for (int x = 0; x < picture.width(); x++) {
                double fromX = Math.clamp(x - dx, 0, picture.width() - 1);
                int x0 = (int) fromX;
                int x1 = Math.min(x0 + 1, picture.width() - 1);
                for (int c = 0; c < picture.channels(); c++) {
                    double above = between(before[picture.at(y0, x0, c)], before[picture.at(y0, x1, c)], fromX - x0);
                    double below = between(before[picture.at(y1, x0, c)], before[picture.at(y1, x1, c)], fromX - x0);
                    picture.values()[picture.at(y, x, c)] = between(above, below, fromY - y0);
                }
            }
        }
    }

    private static double between(double from, double to, double part) {
        return from + (to - from) * part;
    }
}
