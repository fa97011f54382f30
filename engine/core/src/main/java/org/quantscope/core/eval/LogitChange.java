package org.quantscope.core.eval;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.stream.IntStream;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.ort.FloatOutput;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.rewrite.InstrumentedGraph;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;

/** The distance between the outputs of two float models with the same inputs and outputs. */
public final class LogitChange {
    /** The number of random inputs that are made up if there is no data. */
    private static final int MADE_UP = 16;

    /** Inputs with more values than this are not made up. */
    private static final long MOST_VALUES = 1 << 24;

    private LogitChange() {}

    /**
     * {@code max|y' − y| / max|y|} over all values of the first floating output.
     *
     * @param data the inputs for both models; without data, 16 inputs from a standard normal distribution with a fixed
     *     seed
     * @return empty if there is nothing to compare: no floating output, no data and not exactly one float32 input of a
     *     declared shape, or only zeros
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static OptionalDouble largest(
            Model before, Model after, Optional<Dataset> data, Progress progress, CancelToken cancel) {
        OnnxGraph graph = before.graph().orElseThrow();
        String output = graph.predictionOutput()
                .or(() -> graph.outputNames().stream().findFirst())
                .orElse("");
        Optional<Shape> madeUp = data.isPresent() ? Optional.empty() : madeUp(graph);
        if (output.isEmpty() || (data.isEmpty() && madeUp.isEmpty())) {
            return OptionalDouble.empty();
        }
        Tally tally = new Tally();
        String origin = String.valueOf(before.file().getFileName());
        try (OrtModel a = OrtModel.load(InstrumentedGraph.plain(before), origin, OrtModel.Options.DEFAULT);
                OrtModel b = OrtModel.load(InstrumentedGraph.plain(after), origin, OrtModel.Options.DEFAULT)) {
            if (data.isPresent()) {
                WeightMemory.check(before, 2 * WeightMemory.FLOAT, "comparison of both models");
                SampleFeed feed = SampleFeed.of(before, data.get());
                int samples = data.get().size();
                for (int from = 0; from < samples; from += feed.batchSize()) {
                    progress.report(from, samples, "sample " + (from + 1) + " of " + samples);
                    int[] batch = IntStream.range(from, Math.min(samples, from + feed.batchSize()))
                            .toArray();
                    try (SampleFeed.Batch fed = feed.load(batch)) {
                        tally.add(a, b, fed.byInput(), output, cancel);
                    }
                }
            } else {
                Shape shape = madeUp.orElseThrow();
                float[] values = new float[Math.toIntExact(shape.count())];
                Random random = new Random(1);
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) random.nextGaussian();
                }
                try (NativeTensor fed = NativeTensor.of(values, shape, DType.F32)) {
                    tally.add(a, b, Map.of(graph.inputName(), fed), output, cancel);
                }
            }
        }
        return tally.largest > 0 ? OptionalDouble.of(tally.moved / tally.largest) : OptionalDouble.empty();
    }

    /**
     * The shape of a batch of made-up inputs. A free first dimension is the batch; any other free dimension makes it
     * impossible (empty).
     */
    private static Optional<Shape> madeUp(OnnxGraph graph) {
        List<OnnxGraph.Input> inputs = graph.inputs();
        List<Long> declared = inputs.size() == 1 ? inputs.getFirst().shape().orElse(List.of()) : List.of();
        if (declared.isEmpty()
                || !inputs.getFirst().type().equals(Optional.of(DType.F32))
                || declared.stream().skip(1).anyMatch(d -> d < 1)) {
            return Optional.empty();
        }
        long[] dims = declared.stream().mapToLong(Long::longValue).toArray();
        dims[0] = dims[0] < 1 ? MADE_UP : dims[0];
        long count = 1;
        for (long d : dims) {
            if (d > MOST_VALUES / count) {
                return Optional.empty();
            }
            count *= d;
        }
        return Optional.of(Shape.of(dims));
    }

    private static final class Tally {
        double largest;
        double moved;

        void add(OrtModel a, OrtModel b, Map<String, NativeTensor> feeds, String output, CancelToken cancel) {
            FloatOutput x = a.run(feeds, List.of(output), cancel).getFirst();
            FloatOutput y = b.run(feeds, List.of(output), cancel).getFirst();
            for (int i = 0; i < x.values().length; i++) {
                largest = Math.max(largest, Math.abs(x.values()[i]));
                moved = Math.max(moved, Math.abs((double) x.values()[i] - y.values()[i]));
            }
        }
    }
}
