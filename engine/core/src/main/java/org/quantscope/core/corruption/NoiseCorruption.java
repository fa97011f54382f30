package org.quantscope.core.corruption;

import java.util.Optional;

/** {@code x + amount · n}, with n normal. */
final class NoiseCorruption implements Corruption {
    @Override
    public String id() {
        return "noise";
    }

    @Override
    public String title() {
        return "Noise";
    }

    @Override
    public String doc() {
        return "Adds normal noise to every value, as a sensor does in the dark.";
    }

    @Override
    public String unit(Subject subject) {
        return subject == Subject.VECTOR
                ? "σ of the noise, in σ of the feature:"
                : "σ of the noise, in the range from black to white:";
    }

    @Override
    public String source() {
        return Corruptions.PUBLISHED + "; vectors: ours";
    }

    @Override
    public Optional<Amounts> amounts(Subject subject) {
        return Optional.of(
                switch (subject) {
                    case SMALL_PICTURE -> Amounts.of(0, 0.04, 0.06, 0.08, 0.09, 0.10);
                    case PICTURE -> Amounts.of(0, 0.08, 0.12, 0.18, 0.26, 0.38);
                    case VECTOR -> Amounts.of(0, 0.1, 0.2, 0.3, 0.4, 0.5);
                });
    }

    @Override
    public void corrupt(PictureValues picture, double amount, Draws draws) {
        corrupt(picture.values(), amount, draws);
    }

    @Override
    public void corrupt(double[] features, double amount, Draws draws) {
        for (int i = 0; i < features.length; i++) {
            features[i] += amount * draws.normal();
        }
    }
}
