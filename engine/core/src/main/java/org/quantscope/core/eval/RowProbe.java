package org.quantscope.core.eval;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.stream.IntStream;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.ort.FloatOutput;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.rewrite.InstrumentedGraph;

/**
 * Finds out whether the rows of a batch influence each other: attention or normalisation along the first dimension, a
 * constant for each row, or no batch dimension at all.
 *
 * <p>The float model answers one sample twice: among others, and among copies of itself (or alone, if the batch size is
 * free). If its answer depends on its neighbours or on its place, the rows are no independent samples. This costs two
 * small runs; a graph of operators that are known to leave rows apart needs none.
 */
final class RowProbe {
    private static final int FEW = 3;

    /** The share of the largest output that rounding may move. */
    private static final double TOLERANCE = 1e-3;

    /** Known answers; a graph is dropped with its model. */
    private static final Map<OnnxGraph, Boolean> KNOWN = Collections.synchronizedMap(new WeakHashMap<>());

    private RowProbe() {}

    /** @param feed one that feeds rows as if they were independent */
    static boolean rowsInteract(Model model, SampleFeed feed) {
        OnnxGraph graph = model.graph().orElseThrow();
        int size = feed.data().size();
        int rows = feed.isFixed() ? feed.batchSize() : Math.min(Math.min(FEW, feed.batchSize()), size);
        if (rows < 2 || size < 2 || (!feed.isFixed() && graph.keepsRowsApart())) {
            return false;
        }
        Boolean known = KNOWN.get(graph);
        if (known == null) {
            known = run(model, feed, rows);
            KNOWN.put(graph, known);
        }
        return known;
    }

    private static boolean run(Model model, SampleFeed feed, int rows) {
        String output = Logits.predictionOutput(model);
        int[] among = IntStream.range(0, Math.min(rows, feed.data().size())).toArray();
        int[] own = new int[] {0};
        try (OrtModel loaded = OrtModel.load(
                InstrumentedGraph.plain(model), String.valueOf(model.file().getFileName()), OrtModel.Options.DEFAULT)) {
            Set<String> inputs = loaded.inputNames();
            FloatOutput first;
            FloatOutput second;
            try (SampleFeed.Batch batch = feed.load(among, inputs)) {
                first = loaded.run(batch.byInput(), List.of(output), new CancelToken())
                        .getFirst();
            }
            try (SampleFeed.Batch batch = feed.load(own, inputs)) {
                second = loaded.run(batch.byInput(), List.of(output), new CancelToken())
                        .getFirst();
            }
            if (first.shape().rank() < 1
                    || first.shape().dim(0) != rows
                    || second.shape().rank() < 1) {
                // There is no row for each sample; whoever reads the predictions says so.
                return false;
            }
            int each = first.values().length / rows;
            float[] wanted = Arrays.copyOf(first.values(), each);
            double largest = 0;
            for (float v : first.values()) {
                largest = Float.isFinite(v) ? Math.max(largest, Math.abs(v)) : largest;
            }
            for (int i = 0; i < second.values().length; i++) {
                float a = wanted[i % each];
                float b = second.values()[i];
                if (Float.isFinite(a) != Float.isFinite(b) || Math.abs((double) a - b) > TOLERANCE * largest) {
                    return true;
                }
            }
            return false;
        } catch (BadInputException e) {
            // What is wrong with the model or the data is said by the run that needs it.
            return false;
        }
    }
}
