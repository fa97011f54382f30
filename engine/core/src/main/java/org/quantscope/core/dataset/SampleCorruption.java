package org.quantscope.core.dataset;

import java.util.Optional;
import java.util.stream.Collectors;
import org.quantscope.core.corruption.Corrupted;
import org.quantscope.core.corruption.Corruption;
import org.quantscope.core.corruption.Corruptions;
import org.quantscope.core.corruption.Draws;
import org.quantscope.core.corruption.PictureValues;
import org.quantscope.core.corruption.Subject;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;

/**
 * Corrupts the samples of one data set, after colour and size and before scale, mean and std. A picture of bytes goes from
 * 0 to 255, or from 0 to 1 after scaling if that is more, as 0 to 16 with a scale of 1/16; its values stay whole numbers.
 * A picture of floats goes from 0 to 1 after scaling if its values fill more than half of that, else from the least to the
 * greatest value of the data. Values of pictures are clamped to the range; values of vectors are not.
 */
final class SampleCorruption {
    /** The most samples from which ranges, means and standard deviations are taken, evenly spread over the data. */
    private static final int LOOKED_AT = 4096;

    /** The most values looked at. */
    private static final long VALUES = 1L << 24;

    private final Corrupted chosen;
    private final Corruption corruption;
    private final Subject subject;
    private final double amount;
    /** How the values are a picture; empty for a vector. */
    private final Optional<PictureForm> form;

    private final boolean bgr;
    private final boolean whole;
    /** Of pictures: the values of black and of white. */
    private double black;

    private double white;
    /** Of vectors, for each feature. */
    private double[] mean = new double[0];

    private double[] deviation = new double[0];

    /**
     * @param form how the values that are corrupted are a picture; empty if they are a vector
     * @throws IllegalArgumentException with what is wrong
     */
    private SampleCorruption(Samples samples, Preprocessing how, Optional<PictureForm> form, Corrupted chosen) {
        this.chosen = chosen;
        this.corruption = chosen.corruption();
        this.form = form;
        this.subject = form.map(f -> Subject.ofPicture(f.height(), f.width())).orElse(Subject.VECTOR);
        this.bgr = how.colour().equals(Optional.of(Colour.BGR));
        this.whole = !samples.dtype().isFloating();
        this.amount = corruption
                .amounts(subject)
                .orElseThrow(() -> new IllegalArgumentException(
                        corruption.id() + " makes no sense for " + subject.title() + "; " + fitting(subject) + " do"))
                .of(chosen.severity());
        if (form.isPresent()) {
            int channels = form.get().channels();
            if (!corruption.takesChannels(channels)) {
                throw new IllegalArgumentException(
                        corruption.id() + " wants pictures of 1 or 3 channels, a sample has " + channels);
            }
            measureRange(samples, how);
        } else {
            measureFeatures((ArraySamples) samples);
        }
    }

    /**
     * The corruption that a preprocessing asks for; empty if it changes nothing.
     *
     * @param processed how a sample is a picture after colour and size; empty if the stored values are fed as they are
     * @param stored the shape in which the stored values are read
     * @throws BadInputException if it makes no sense for the samples
     */
    static Optional<SampleCorruption> of(
            Samples samples, Preprocessing how, Optional<PictureForm> processed, Optional<Shape> stored) {
        Corrupted chosen = how.corruption().orElse(null);
        if (chosen == null) {
            return Optional.empty();
        }
        try {
            Optional<PictureForm> form =
                    processed.isPresent() ? processed : asStored((ArraySamples) samples, how, stored.orElseThrow());
            SampleCorruption made = new SampleCorruption(samples, how, form, chosen);
            return chosen.severity() == 0 ? Optional.empty() : Optional.of(made);
        } catch (IllegalArgumentException e) {
            throw new BadInputException(samples.file(), "corruption", String.valueOf(e.getMessage()), e);
        }
    }

    /**
     * What the values are if they are fed in their order. A row of a table is a vector, unless a shape or a layout says
     * that it is a picture.
     */
    private static Optional<PictureForm> asStored(ArraySamples samples, Preprocessing how, Shape stored) {
        boolean said = how.shape().isPresent() || how.layout().isPresent();
        boolean table = samples.labelColumn().isPresent() && !said;
        Optional<PictureForm> form = table
                ? Optional.empty()
                : how.layout().isPresent()
                        ? PreparedDataset.formOf(stored, how.layout().get())
                        : PictureForm.of(stored, false);
        boolean bytes = samples.dtype() == DType.U8 || samples.dtype() == DType.I8;
        if (!samples.dtype().isFloating() && !bytes && (form.isEmpty() || stored.rank() == 1)) {
            throw new IllegalArgumentException("samples are whole numbers (" + samples.dtype()
                    + "), which may be ids of tokens: they cannot be corrupted by degrees");
        }
        return form;
    }

    private static String fitting(Subject subject) {
        return Corruptions.all().stream()
                .filter(c -> c.amounts(subject).isPresent())
                .map(Corruption::id)
                .collect(Collectors.joining(", "));
    }

    private void measureRange(Samples samples, Preprocessing how) {
        if (samples instanceof PictureSamples) {
            white = 255;
            return;
        }
        double[] ends = {Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY};
        look((ArraySamples) samples, (feature, value) -> {
            ends[0] = Math.min(ends[0], value);
            ends[1] = Math.max(ends[1], value);
        });
        boolean bytes = samples.dtype() == DType.U8;
        double scaled = ends[1] * how.scale();
        boolean shares = ends[0] >= 0 && scaled <= 1.0001 && scaled > 0.5;
        if (bytes && (ends[1] > 127 || !shares || how.scale() == 1)) {
            white = 255;
        } else if (shares) {
            white = 1 / how.scale();
        } else if (ends[1] > ends[0]) {
            black = ends[0];
            white = ends[1];
        } else {
            throw new IllegalArgumentException("all values are equal, so there is no black and no white");
        }
    }

    private void measureFeatures(ArraySamples samples) {
        int length = Math.toIntExact(samples.sample().count());
        mean = new double[length];
        deviation = new double[length];
        long[] seen = new long[length];
        // Welford 1962: the mean and the sum of squared distances from it, in one pass.
        look(samples, (feature, value) -> {
            seen[feature]++;
            double from = value - mean[feature];
            mean[feature] += from / seen[feature];
            deviation[feature] += from * (value - mean[feature]);
        });
        for (int i = 0; i < length; i++) {
            deviation[i] = seen[i] == 0 ? 0 : Math.sqrt(deviation[i] / seen[i]);
        }
    }

    /** Takes a value and the number of its feature. */
    private interface Look {
        void at(int feature, double value);
    }

    private static void look(ArraySamples samples, Look look) {
        int length = Math.toIntExact(samples.sample().count());
        int n = Math.clamp(VALUES / Math.max(1, length), 16, LOOKED_AT);
        n = Math.min(n, samples.size());
        float[] values = new float[length];
        for (long i = 0; i < n; i++) {
            samples.raw().read(i * samples.size() / n * length, values, 0, length);
            for (int f = 0; f < length; f++) {
                if (Float.isFinite(values[f])) {
                    look.at(f, values[f]);
                }
            }
        }
    }

    /** For people: {@code Noise, severity 3: …}, with the range that it counts in. */
    String said() {
        return chosen.said(subject)
                + (form.isEmpty() ? "" : ", black " + Corrupted.number(black) + ", white " + Corrupted.number(white));
    }

    /** A picture as the model sees it. */
    Frame of(Frame frame, int sample) {
        Frame rgb = bgr ? frame.to(Colour.BGR) : frame;
        float[] values = new float[rgb.count()];
        for (int i = 0; i < values.length; i++) {
            values[i] = rgb.at(i);
        }
        corrupt(
                values,
                0,
                new PictureForm(rgb.height(), rgb.width(), rgb.channels(), false),
                sample,
                rgb.bytes() != null);
        Frame out;
        if (rgb.bytes() == null) {
            out = Frame.floats(rgb.height(), rgb.width(), rgb.channels(), values);
        } else {
            byte[] bytes = new byte[values.length];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) (int) values[i];
            }
            out = Frame.bytes(rgb.height(), rgb.width(), rgb.channels(), bytes);
        }
        return bgr ? out.to(Colour.BGR) : out;
    }

    /** Stored values that are fed in their order, in place: one sample, from {@code at} on. */
    void of(float[] values, int at, int sample) {
        if (form.isPresent()) {
            corrupt(values, at, form.get(), sample, whole);
            return;
        }
        double[] features = new double[mean.length];
        for (int i = 0; i < features.length; i++) {
            features[i] = deviation[i] > 0 ? (values[at + i] - mean[i]) / deviation[i] : 0;
        }
        corruption.corrupt(features, amount, new Draws(corruption.stream(), sample));
        for (int i = 0; i < features.length; i++) {
            if (deviation[i] > 0 && Float.isFinite(values[at + i])) {
                double next = mean[i] + deviation[i] * features[i];
                values[at + i] = (float) (whole ? Math.rint(next) : next);
            }
        }
    }

    private void corrupt(float[] values, int at, PictureForm picture, int sample, boolean round) {
        int channels = picture.channels();
        int pixels = picture.height() * picture.width();
        double range = white - black;
        double[] shares = new double[pixels * channels];
        for (int i = 0; i < shares.length; i++) {
            shares[i] = (values[at + picture.index(i / channels, i % channels)] - black) / range;
        }
        PictureValues seen = new PictureValues(picture.height(), picture.width(), channels, shares);
        corruption.corrupt(seen, amount, new Draws(corruption.stream(), sample));
        for (int i = 0; i < shares.length; i++) {
            int to = at + picture.index(i / channels, i % channels);
            if (Float.isFinite(values[to])) {
                double next = black + range * Math.clamp(shares[i], 0, 1);
                values[to] = (float) (round ? Math.rint(next) : next);
            }
        }
    }
}
