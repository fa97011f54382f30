package org.quantscope.core.corruption;

import java.util.Optional;

/**
 * Adds the amount to the value of HSV, which is the greatest of red, green and blue: a pixel with the value V is multiplied
 * with {@code min(V + amount, 1) / V}, and a black one becomes grey. With other than three channels the amount is added.
 */
final class BrightnessCorruption implements Corruption {
    @Override
    public String id() {
        return "brightness";
    }

    @Override
    public String title() {
        return "Brightness";
    }

    @Override
    public String doc() {
        return "Makes a picture brighter, as too long an exposure does; of a vector, a sensor whose zero has moved.";
    }

    @Override
    public String unit(Subject subject) {
        return subject == Subject.VECTOR
                ? "what is added, in standard deviations of the feature:"
                : "what is added, in the range from black to white:";
    }

    @Override
    public String source() {
        return Corruptions.PUBLISHED + "; vectors: ours";
    }

    @Override
    public Optional<Amounts> amounts(Subject subject) {
        return Optional.of(
                switch (subject) {
                    case SMALL_PICTURE -> Amounts.of(0, 0.05, 0.1, 0.15, 0.2, 0.3);
                    case PICTURE -> Amounts.of(0, 0.1, 0.2, 0.3, 0.4, 0.5);
                    case VECTOR -> Amounts.of(0, 0.25, 0.5, 0.75, 1.0, 1.5);
                });
    }

    @Override
    public void corrupt(PictureValues picture, double amount, Draws draws) {
        double[] values = picture.values();
        if (picture.channels() != 3) {
            corrupt(values, amount, draws);
            return;
        }
        for (int i = 0; i < values.length; i += 3) {
            double value = Math.max(values[i], Math.max(values[i + 1], values[i + 2]));
            double next = Math.min(value + amount, 1);
            for (int c = i; c < i + 3; c++) {
                values[c] = value > 0 ? values[c] * (next / value) : next;
            }
        }
    }

    @Override
    public void corrupt(double[] features, double amount, Draws draws) {
        for (int i = 0; i < features.length; i++) {
            features[i] += amount;
        }
    }
}
