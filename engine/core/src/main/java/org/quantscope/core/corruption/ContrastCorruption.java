package org.quantscope.core.corruption;

import java.util.Optional;

/** {@code (x − m) · amount + m}: m is the mean of the channel of a picture, or of the feature over the data. */
final class ContrastCorruption implements Corruption {
    @Override
    public String id() {
        return "contrast";
    }

    @Override
    public String title() {
        return "Contrast";
    }

    @Override
    public String doc() {
        return "Draws values towards their mean, as fog or a flat exposure does; of a vector, a sensor with less gain.";
    }

    @Override
    public String unit(Subject subject) {
        return "what is left of the distance from the mean:";
    }

    @Override
    public String source() {
        return Corruptions.PUBLISHED + "; vectors: ours, with the amounts for small pictures";
    }

    @Override
    public Optional<Amounts> amounts(Subject subject) {
        return Optional.of(
                subject == Subject.PICTURE
                        ? Amounts.of(1, 0.4, 0.3, 0.2, 0.1, 0.05)
                        : Amounts.of(1, 0.75, 0.5, 0.4, 0.3, 0.15));
    }

    @Override
    public void corrupt(PictureValues picture, double amount, Draws draws) {
        double[] values = picture.values();
        int channels = picture.channels();
        for (int c = 0; c < channels; c++) {
            double sum = 0;
            for (int i = c; i < values.length; i += channels) {
                sum += values[i];
            }
            int perChannel = values.length / channels;
            double mean = sum / perChannel;
            for (int i = c; i < values.length; i += channels) {
                values[i] = (values[i] - mean) * amount + mean;
            }
        }
    }

    @Override
    public void corrupt(double[] features, double amount, Draws draws) {
        for (int i = 0; i < features.length; i++) {
            features[i] *= amount;
        }
    }
}
