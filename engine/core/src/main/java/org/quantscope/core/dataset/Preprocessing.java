package org.quantscope.core.dataset;

import java.util.List;
import java.util.Optional;
import org.quantscope.core.corruption.Corrupted;
import org.quantscope.core.tensor.Shape;

/**
 * The steps from stored values to the input of a model, in this order: read as {@code shape} and {@code layout};
 * colour; resize; {@code corruption}; put into {@code outputLayout}; {@code x = (raw · scale − mean) / std} in double, rounded once to
 * float32. Saved in the sidecar of the data and in a session.
 *
 * @param shape shape of one sample in which the stored values are read; empty for the stored shape
 * @param layout order of the stored dimensions, N first; empty if unknown
 * @param outputLayout the order that the model wants; empty for the stored one, or planes for picture files
 * @param resize empty to keep the size
 * @param colour empty to keep the channels
 * @param scale what raw values are multiplied with
 * @param mean one value, or one for each channel of the model's input
 * @param std likewise; never 0
 * @param modelClasses names of the model's classes in its own order, if that differs from the order in the data: labels
 *     are looked up here by name; else empty
 * @param labelColumn for a table: {@code first}, {@code last}, {@code none}, or the name of a column; empty to find it
 *     automatically. Ignored for other data
 * @param labelNumbers how the data numbers its classes
 * @param corruption what makes the samples worse, after resize and before scale, mean and std; empty to leave them as they
 *     are
 */
public record Preprocessing(
        Optional<Shape> shape,
        Optional<Layout> layout,
        Optional<Layout> outputLayout,
        Optional<Resize> resize,
        Optional<Colour> colour,
        double scale,
        List<Double> mean,
        List<Double> std,
        List<String> modelClasses,
        Optional<String> labelColumn,
        LabelNumbers labelNumbers,
        Optional<Corrupted> corruption) {
    /** Values are fed as they are stored. */
    public static final Preprocessing NONE = new Preprocessing(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            1,
            List.of(0.0),
            List.of(1.0),
            List.of(),
            Optional.empty(),
            LabelNumbers.PLAIN,
            Optional.empty());

    public Preprocessing {
        mean = List.copyOf(mean);
        std = List.copyOf(std);
        modelClasses = List.copyOf(modelClasses);
        if (!Double.isFinite(scale)) {
            throw new IllegalArgumentException("scale: is a finite number, got " + scale);
        }
        check("mean", mean);
        check("std", std);
        if (std.stream().anyMatch(s -> s == 0)) {
            throw new IllegalArgumentException("std: is 0, values cannot be divided by it");
        }
    }

    private static void check(String name, List<Double> values) {
        if (values.isEmpty() || !values.stream().allMatch(Double::isFinite)) {
            throw new IllegalArgumentException(name + ": is one finite number or more, got " + values);
        }
    }

    /** True if values are fed as they are. */
    boolean keepsValues() {
        return scale == 1 && mean.stream().allMatch(m -> m == 0) && std.stream().allMatch(s -> s == 1);
    }

    public Preprocessing withShape(Optional<Shape> next) {
        return new Preprocessing(
                next,
                layout,
                outputLayout,
                resize,
                colour,
                scale,
                mean,
                std,
                modelClasses,
                labelColumn,
                labelNumbers,
                corruption);
    }

    public Preprocessing withLayout(Optional<Layout> next) {
        return new Preprocessing(
                shape,
                next,
                outputLayout,
                resize,
                colour,
                scale,
                mean,
                std,
                modelClasses,
                labelColumn,
                labelNumbers,
                corruption);
    }

    public Preprocessing withOutputLayout(Optional<Layout> next) {
        return new Preprocessing(
                shape,
                layout,
                next,
                resize,
                colour,
                scale,
                mean,
                std,
                modelClasses,
                labelColumn,
                labelNumbers,
                corruption);
    }

    public Preprocessing withResize(Optional<Resize> next) {
        return new Preprocessing(
                shape,
                layout,
                outputLayout,
                next,
                colour,
                scale,
                mean,
                std,
                modelClasses,
                labelColumn,
                labelNumbers,
                corruption);
    }

    public Preprocessing withColour(Optional<Colour> next) {
        return new Preprocessing(
                shape,
                layout,
                outputLayout,
                resize,
                next,
                scale,
                mean,
                std,
                modelClasses,
                labelColumn,
                labelNumbers,
                corruption);
    }

    /** The same preprocessing with another scale, mean and std. */
    public Preprocessing withValues(double nextScale, List<Double> nextMean, List<Double> nextStd) {
        return new Preprocessing(
                shape,
                layout,
                outputLayout,
                resize,
                colour,
                nextScale,
                nextMean,
                nextStd,
                modelClasses,
                labelColumn,
                labelNumbers,
                corruption);
    }

    public Preprocessing withLabelColumn(Optional<String> next) {
        return new Preprocessing(
                shape,
                layout,
                outputLayout,
                resize,
                colour,
                scale,
                mean,
                std,
                modelClasses,
                next,
                labelNumbers,
                corruption);
    }

    public Preprocessing withLabelNumbers(LabelNumbers next) {
        return new Preprocessing(
                shape,
                layout,
                outputLayout,
                resize,
                colour,
                scale,
                mean,
                std,
                modelClasses,
                labelColumn,
                next,
                corruption);
    }

    public Preprocessing withCorruption(Optional<Corrupted> next) {
        return new Preprocessing(
                shape,
                layout,
                outputLayout,
                resize,
                colour,
                scale,
                mean,
                std,
                modelClasses,
                labelColumn,
                labelNumbers,
                next);
    }

    /**
     * That of a record. Without a corruption it is what it was before there were any, because digests of sessions rest on
     * it.
     */
    @Override
    public String toString() {
        return "Preprocessing[shape=" + shape + ", layout=" + layout + ", outputLayout=" + outputLayout + ", resize="
                + resize + ", colour=" + colour + ", scale=" + scale + ", mean=" + mean + ", std=" + std
                + ", modelClasses=" + modelClasses + ", labelColumn=" + labelColumn + ", labelNumbers=" + labelNumbers
                + corruption.map(c -> ", corruption=" + c).orElse("") + "]";
    }
}
