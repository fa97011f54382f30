package org.quantscope.core.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.FloatOutput;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.tensor.Shape;

/**
 * The predictions of a model for one batch, one row for each sample. Immutable as long as nobody writes to
 * {@link #values}.
 */
public final class Logits {
    private final int rows;
    private final int classes;
    private final float[] values;
    private final Shape shape;

    private Logits(int rows, int classes, float[] values, Shape shape) {
        this.rows = rows;
        this.classes = classes;
        this.values = values;
        this.shape = shape;
    }

    /** The number of samples. */
    public int rows() {
        return rows;
    }

    /** The number of values for each sample. */
    public int classes() {
        return classes;
    }

    /** True if a row is one vector; false if it has several dimensions larger than 1. */
    public boolean isVector() {
        return shape.rank() <= 1;
    }

    /** The shape of one row, without dimensions of 1; of rank 0 for a single value. */
    Shape shape() {
        return shape;
    }

    /** [rows, classes], row-major, not copied. */
    public float[] values() {
        return values;
    }

    /**
     * Runs one batch.
     *
     * @param loaded {@code model} in any of its rewritten forms
     * @param extra what is fed in addition to the samples
     * @throws BadInputException if the model has no floating output whose first dimension is the batch
     */
    public static Logits of(
            OrtModel loaded,
            Model model,
            SampleFeed feed,
            int[] samples,
            Map<String, NativeTensor> extra,
            CancelToken cancel) {
        String output = predictionOutput(model);
        try (SampleFeed.Batch batch = feed.load(samples, loaded.inputNames())) {
            Map<String, NativeTensor> feeds = new LinkedHashMap<>(extra);
            feeds.putAll(batch.byInput());
            return read(loaded.run(feeds, List.of(output), cancel).getFirst(), model, feed, samples);
        }
    }

    /** The rows of several runs, one behind the other; all of the same shape. */
    static Logits joined(List<Logits> parts) {
        Logits first = parts.getFirst();
        int rows = 0;
        for (Logits part : parts) {
            rows += part.rows;
        }
        float[] all = new float[rows * first.classes];
        int at = 0;
        for (Logits part : parts) {
            if (part.classes != first.classes) {
                throw new IllegalArgumentException("rows of " + part.classes + " values and of " + first.classes);
            }
            System.arraycopy(part.values, 0, all, at, part.values.length);
            at += part.values.length;
        }
        return new Logits(rows, first.classes, all, first.shape);
    }

    /**
     * What a model gives for one batch.
     *
     * @param others outputs beside the one that holds the predictions, with all rows that were fed
     */
    public record WithOthers(Logits logits, List<FloatOutput> others) {
        public WithOthers {
            others = List.copyOf(others);
        }
    }

    /**
     * As {@link #of}, with further outputs, which may hold integers.
     *
     * @param others names of outputs, without the one that holds the predictions
     */
    public static WithOthers withOthers(
            OrtModel loaded,
            Model model,
            SampleFeed feed,
            int[] samples,
            Map<String, NativeTensor> extra,
            List<String> others,
            CancelToken cancel) {
        List<String> names = new ArrayList<>(List.of(predictionOutput(model)));
        names.addAll(others);
        try (SampleFeed.Batch batch = feed.load(samples, loaded.inputNames())) {
            Map<String, NativeTensor> feeds = new LinkedHashMap<>(extra);
            feeds.putAll(batch.byInput());
            List<FloatOutput> out = loaded.runNumbers(feeds, names, cancel);
            return new WithOthers(read(out.getFirst(), model, feed, samples), out.subList(1, out.size()));
        }
    }

    /**
     * The predictions in the output of a run, averaged over a mask if the model says so.
     *
     * @param samples those that were fed; further rows are left out
     * @throws BadInputException if there is not a row for each sample, or the mask does not fit
     */
    public static Logits read(FloatOutput out, Model model, SampleFeed feed, int[] samples) {
        int count = samples.length;
        if (out.shape().rank() < 1 || out.shape().dim(0) < count || out.values().length == 0) {
            throw new BadInputException(
                    model.file(),
                    out.name(),
                    "predictions need a row for each of " + count + " samples, the output is " + out.shape());
        }
        int each = out.values().length / (int) out.shape().dim(0);
        float[] values = out.values().length == count * each ? out.values() : Arrays.copyOf(out.values(), count * each);
        Optional<String> mask = model.graph().orElseThrow().scored().mask();
        if (mask.isPresent()) {
            return pooled(out, values, mask.get(), model, feed, samples);
        }
        return new Logits(
                count,
                each,
                values,
                Shape.of(LongStream.of(out.shape().toArray())
                        .skip(1)
                        .filter(d -> d != 1)
                        .toArray()));
    }

    /** {@code Σ m·x / Σ m} over the positions of each sample, where m is 1 where the mask is not 0. */
    private static Logits pooled(
            FloatOutput out, float[] values, String mask, Model model, SampleFeed feed, int[] samples) {
        if (out.shape().rank() != 3) {
            throw new BadInputException(
                    model.file(),
                    out.name(),
                    "a mean over a mask needs an output of samples × positions × values, it is " + out.shape());
        }
        int positions = (int) out.shape().dim(1);
        int each = (int) out.shape().dim(2);
        float[] weights = feed.mask(mask, positions, samples);
        float[] pooled = new float[samples.length * each];
        for (int i = 0; i < samples.length; i++) {
            double[] sum = new double[each];
            int n = 0;
            for (int t = 0; t < positions; t++) {
                if (weights[i * positions + t] != 0) {
                    n++;
                    for (int k = 0; k < each; k++) {
                        sum[k] += values[(i * positions + t) * each + k];
                    }
                }
            }
            for (int k = 0; k < each && n > 0; k++) {
                pooled[i * each + k] = (float) (sum[k] / n);
            }
        }
        return new Logits(samples.length, each, pooled, each == 1 ? Shape.of() : Shape.of(each));
    }

    /**
     * The name of the output that holds the predictions.
     *
     * @throws BadInputException if no output can hold predictions
     */
    public static String predictionOutput(Model model) {
        return model.graph()
                .flatMap(g -> g.scored().output().or(g::predictionOutput))
                .orElseThrow(() -> new BadInputException(
                        model.file(), "output", "predictions need a floating output, and there is none"));
    }

    /**
     * The index of the largest value of a row, the first of equals. NaN is never the largest; a row of NaN gives −1.
     */
    public int top(int row) {
        int best = -1;
        for (int c = 0; c < classes; c++) {
            float v = values[row * classes + c];
            if (!Float.isNaN(v) && (best < 0 || v > values[row * classes + best])) {
                best = c;
            }
        }
        return best;
    }
}
