package org.quantscope.core.eval;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.FloatOutput;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;

/**
 * The predictions of a model for one batch, one row for each sample. Immutable as long as nobody writes to
 * {@link #values}.
 */
public final class Logits {
    private final int rows;
    private final int classes;
    private final float[] values;
    private final boolean vector;

    private Logits(int rows, int classes, float[] values, boolean vector) {
        this.rows = rows;
        this.classes = classes;
        this.values = values;
        this.vector = vector;
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
        return vector;
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
            return read(loaded.run(feeds, List.of(output), cancel).getFirst(), model, samples.length);
        }
    }

    /**
     * The predictions in the output of a run.
     *
     * @param samples the number of samples that were fed; further rows are left out
     * @throws BadInputException if there is not a row for each sample
     */
    static Logits read(FloatOutput out, Model model, int samples) {
        if (out.shape().rank() < 1 || out.shape().dim(0) < samples || out.values().length == 0) {
            throw new BadInputException(
                    model.file(),
                    out.name(),
                    "predictions need a row for each of " + samples + " samples, the output is " + out.shape());
        }
        int classes = out.values().length / (int) out.shape().dim(0);
        boolean vector =
                LongStream.of(out.shape().toArray()).skip(1).filter(d -> d > 1).count() <= 1;
        int count = samples * classes;
        return new Logits(
                samples,
                classes,
                out.values().length == count ? out.values() : Arrays.copyOf(out.values(), count),
                vector);
    }

    /**
     * The name of the output that holds the predictions.
     *
     * @throws BadInputException if no output can hold predictions
     */
    static String predictionOutput(Model model) {
        return model.graph()
                .flatMap(g -> g.predictionOutput())
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
