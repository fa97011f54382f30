package org.quantscope.core.eval;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.quantscope.core.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.ort.FloatOutput;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;

/** The outputs of a classifier for one batch. Immutable by agreement: nobody writes to {@link #values}. */
public final class Logits {
    private final int rows;
    private final int classes;
    private final float[] values;

    private Logits(int rows, int classes, float[] values) {
        this.rows = rows;
        this.classes = classes;
        this.values = values;
    }

    /** Samples. */
    public int rows() {
        return rows;
    }

    /** Values a sample. */
    public int classes() {
        return classes;
    }

    /** [rows, classes], row-major, not copied. */
    public float[] values() {
        return values;
    }

    /**
     * Runs one batch.
     *
     * @param loaded {@code model} in any of its rewritten forms
     * @param extra what is fed besides the samples
     * @throws BadInputException if the model has no output of rank 2 with one row a sample
     */
    public static Logits of(OrtModel loaded, Model model, SampleFeed feed, int[] samples, Map<String, NativeTensor> extra, CancelToken cancel) {
        String output = predictionOutput(model);
        try (NativeTensor batch = feed.load(samples)) {
            Map<String, NativeTensor> feeds = new LinkedHashMap<>(extra);
            feeds.put(feed.input(), batch);
            FloatOutput out = loaded.run(feeds, List.of(output), cancel).getFirst();
            if (out.shape().rank() != 2 || out.shape().dim(0) < samples.length || out.shape().dim(1) < 1) {
                throw new BadInputException(model.file(), output, "predictions need a row for each of " + samples.length + " samples, the output is " + out.shape());
            }
            int classes = (int) out.shape().dim(1);
            int count = samples.length * classes;
            return new Logits(samples.length, classes, out.values().length == count ? out.values() : Arrays.copyOf(out.values(), count));
        }
    }

    /** @throws BadInputException if no output can hold predictions */
    static String predictionOutput(Model model) {
        return model.graph()
                .flatMap(g -> g.predictionOutput())
                .orElseThrow(() -> new BadInputException(model.file(), "output", "predictions need a floating output of shape batch×classes, there is none"));
    }

    /** The class of the largest value of a row, the first of equals; NaN is never the largest, and −1 comes of a row of nothing else. */
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
