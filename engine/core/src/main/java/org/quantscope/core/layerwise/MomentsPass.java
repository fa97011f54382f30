package org.quantscope.core.layerwise;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.quantscope.core.calib.Calibrators;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.eval.TappedRun;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.model.WeightedLayer;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.rounding.InputMoments;
import org.quantscope.core.rounding.LayerMoments;
import org.quantscope.core.rounding.ModelMoments;
import org.quantscope.core.rounding.MomentProducts;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.QuantizedTensor;
import org.quantscope.core.session.Request;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

/**
 * Runs the float model on calibration data and sums up the second moments of what its layers read. All layers whose sums
 * fit in memory together are served by one run, and layers that read the same share their sums.
 */
public final class MomentsPass {
    /**
     * The most bytes that the moments of a model may take, and at most a quarter of the memory that the program may use.
     * Beyond it only blocks of the diagonal are kept of the widest layers.
     */
    public static final long MOST_BYTES = 256L << 20;

    private final List<Reading> readings = new ArrayList<>();
    private final Map<TensorId, String> without = new LinkedHashMap<>();
    private final long most;
    private final int samples;
    private final Progress progress;
    private final CancelToken cancel;

    /**
     * Layers that read the same vectors.
     *
     * @param inputs how the first of them cuts them up
     */
    private record Reading(String value, LayerInputs inputs, List<WeightedLayer> layers) {
        int blocks(int widest) {
            return Math.ceilDiv(inputs.columns(), widest);
        }

        int block(int widest) {
            return Math.ceilDiv(inputs.columns(), blocks(widest));
        }

        long bytes(int widest) {
            return LayerMoments.bytes(inputs.groups(), inputs.columns(), block(widest));
        }

        /** Bytes while the sums are made: in double, with both triangles. */
        long bytesOfSums(int widest) {
            long b = block(widest);
            return (long) inputs.groups() * blocks(widest) * b * b * Double.BYTES + b * b * Float.BYTES;
        }
    }

    private MomentsPass(long most, int samples, Progress progress, CancelToken cancel) {
        this.most = most;
        this.samples = samples;
        this.progress = progress;
        this.cancel = cancel;
    }

    /**
     * The moments of all layers of a model.
     *
     * @throws org.quantscope.core.io.BadInputException if the data does not fit the model
     * @throws java.util.concurrent.CancellationException if cancelled, also in the middle of a batch
     */
    public static ModelMoments run(Model model, Dataset data, Progress progress, CancelToken cancel) {
        return run(model, weight -> true, data, progress, cancel);
    }

    /** The same for some weights only, which leaves more memory for each. */
    public static ModelMoments run(
            Model model, Predicate<TensorId> wanted, Dataset data, Progress progress, CancelToken cancel) {
        return run(
                model, wanted, data, Math.min(MOST_BYTES, Runtime.getRuntime().maxMemory() / 4), progress, cancel);
    }

    /**
     * A calibration with what the layers of those weights read whose calibrator needs it; the same if none does.
     *
     * @param data what the calibration rests on
     * @throws org.quantscope.core.io.BadInputException if the data does not fit the model
     * @throws java.util.concurrent.CancellationException if cancelled
     */
    public static Calibration complete(
            Calibration known, Model model, SessionState state, Dataset data, Progress progress, CancelToken cancel) {
        if (!state.needsMoments() || known.moments().isPresent()) {
            return known;
        }
        Set<TensorId> asking = new LinkedHashSet<>();
        QuantizedTensor.of(model, state, known).forEach(tensor -> {
            if (tensor.request() instanceof Request.OfStored stored
                    && Calibrators.needsMoments(stored.spec().clip())) {
                asking.add(stored.id());
            }
        });
        return known.withMoments(run(model, asking::contains, data, progress, cancel));
    }

    /** @param most the most bytes that the moments may take */
    static ModelMoments run(
            Model model, Predicate<TensorId> wanted, Dataset data, long most, Progress progress, CancelToken cancel) {
        return model.graph().isEmpty()
                ? ModelMoments.NONE
                : new MomentsPass(most, data.size(), progress, cancel).run(model, wanted, data);
    }

    private ModelMoments run(Model model, Predicate<TensorId> wanted, Dataset data) {
        find(model, wanted);
        int widest = widest();
        Map<TensorId, LayerMoments> layers = new LinkedHashMap<>();
        List<List<Reading>> runs = runs(widest);
        SampleFeed feed = SampleFeed.of(model, data);
        for (int i = 0; i < runs.size(); i++) {
            String which = runs.size() == 1 ? "" : ", run " + (i + 1) + " of " + runs.size();
            sum(model, feed, runs.get(i), widest, i * samples, runs.size() * samples, which)
                    .forEach((reading, sums) -> take(reading, sums, layers));
        }
        return new ModelMoments(layers, without, samples);
    }

    private void find(Model model, Predicate<TensorId> wanted) {
        OnnxGraph graph = model.graph().orElseThrow();
        Map<String, Reading> known = new LinkedHashMap<>();
        for (WeightedLayer layer : WeightedLayer.of(model)) {
            if (!wanted.test(layer.id())) {
                continue;
            }
            Optional<String> obstacle = graph.consumers(layer.id().name()).size() != 1
                    ? Optional.of("several operators read it, each with an output of its own")
                    : LayerInputs.noMatrix(layer);
            if (obstacle.isPresent()) {
                without.put(layer.id(), obstacle.get());
            } else {
                LayerInputs inputs = LayerInputs.of(layer);
                known.computeIfAbsent(
                                inputs.reading(),
                                k -> new Reading(layer.node().inputs().getFirst(), inputs, new ArrayList<>()))
                        .layers
                        .add(layer);
            }
        }
        readings.addAll(known.values());
    }

    /** The most columns of a block so that all moments fit. */
    private int widest() {
        int low = 1;
        int high = readings.stream().mapToInt(r -> r.inputs.columns()).max().orElse(1);
        while (low < high) {
            int middle = (low + high + 1) / 2;
            boolean fits = readings.stream().mapToLong(r -> r.bytes(middle)).sum() <= most
                    && readings.stream().allMatch(r -> r.bytesOfSums(middle) <= 4 * most);
            low = fits ? middle : low;
            high = fits ? high : middle - 1;
        }
        return low;
    }

    /** Which readings are summed up in one run of the network. */
    private List<List<Reading>> runs(int widest) {
        List<List<Reading>> runs = new ArrayList<>();
        long taken = 0;
        for (Reading reading : readings) {
            long bytes = reading.bytesOfSums(widest);
            if (runs.isEmpty() || taken + bytes > most) {
                runs.add(new ArrayList<>());
                taken = 0;
            }
            runs.getLast().add(reading);
            taken += bytes;
        }
        return runs;
    }

    private Map<Reading, InputMoments> sum(
            Model model, SampleFeed feed, List<Reading> wanted, int widest, int before, int all, String which) {
        MomentProducts products = MomentProducts.best();
        Map<Reading, InputMoments> sums = new LinkedHashMap<>();
        Map<String, List<Reading>> byValue = new HashMap<>();
        Set<String> tapped = new LinkedHashSet<>();
        for (Reading reading : wanted) {
            sums.put(
                    reading,
                    new InputMoments(
                            reading.inputs.groups() * reading.blocks(widest), reading.block(widest), false, products));
            byValue.computeIfAbsent(reading.value, k -> new ArrayList<>()).add(reading);
            if (!feed.inputs().contains(reading.value)) {
                tapped.add(reading.value);
            }
        }
        try (TappedRun run = TappedRun.of(model, feed, List.copyOf(tapped))) {
            for (int from = 0; from < samples; from += feed.batchSize()) {
                cancel.check();
                progress.report(before + from, all, "sample " + (from + 1) + " of " + samples + which);
                int[] batch = IntStream.range(from, Math.min(samples, from + feed.batchSize()))
                        .toArray();
                for (String input : feed.inputs()) {
                    if (byValue.containsKey(input)) {
                        add(
                                byValue.getOrDefault(input, List.of()),
                                sums,
                                feed.values(input, batch),
                                feed.shape(input, batch.length));
                    }
                }
                if (!tapped.isEmpty()) {
                    try (SampleFeed.Batch fed = feed.load(batch)) {
                        run.forEach(
                                fed,
                                cancel,
                                out -> add(
                                        byValue.getOrDefault(out.name(), List.of()),
                                        sums,
                                        out.values(),
                                        real(out.shape(), feed.realValues(out, batch.length))));
                    }
                }
            }
            progress.report(before + samples, all, "sample " + samples + " of " + samples + which);
        }
        return sums;
    }

    /** The shape without what stands behind the samples to fill a batch. */
    private static Shape real(Shape shape, int values) {
        long rows = shape.count() == 0 ? 0 : values / Math.max(1, shape.count() / shape.dim(0));
        return Shape.of(IntStream.range(0, shape.rank())
                .mapToLong(i -> i == 0 ? rows : shape.dim(i))
                .toArray());
    }

    private void add(List<Reading> readings, Map<Reading, InputMoments> sums, float[] values, Shape shape) {
        for (Reading reading : readings) {
            InputMoments to = sums.get(reading);
            if (to != null) {
                add(reading.inputs, to, values, shape);
            }
        }
    }

    private void add(LayerInputs inputs, InputMoments sums, float[] values, Shape shape) {
        LayerInputs.Cut cut = inputs.cut(shape);
        InputMoments.Vectors vectors = cut.vectors(values, sums.columns());
        sums.add(cut.count(), vectors, vectors, cancel);
    }

    private void take(Reading reading, InputMoments sums, Map<TensorId, LayerMoments> layers) {
        if (sums.count() == 0) {
            reading.layers.forEach(layer -> without.put(layer.id(), "its layer reads nothing on the calibration data"));
            return;
        }
        if (!sums.isFinite()) {
            reading.layers.forEach(layer -> without.put(
                    layer.id(), "on the calibration data its layer reads values that are no finite numbers"));
            return;
        }
        LayerMoments.Sums shared = LayerMoments.Sums.of(sums);
        for (WeightedLayer layer : reading.layers) {
            LayerInputs inputs = LayerInputs.of(layer);
            double alpha = layer.node().opType().equals("Gemm") ? layer.node().floatAttribute("alpha", 1) : 1;
            layers.put(
                    layer.id(),
                    LayerMoments.of(
                            inputs.rows(), inputs.columns(), inputs.columnsFirst(), alpha, inputs.groups(), shared));
        }
    }
}
