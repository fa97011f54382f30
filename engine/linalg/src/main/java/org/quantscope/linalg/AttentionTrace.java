package org.quantscope.linalg;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.LogitChange;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.eval.TappedRun;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.model.WeightedLayer;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.rewrite.ModelRewrite;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * Follows channels back through attention: from what its output layer reads to the layer that computes the values.
 *
 * <p>On the way there are only operators that move values, and products A·V whose second factor is followed: what comes
 * out is a sum of values with weights that do not depend on the channel. Which channel comes from which is then asked of
 * the model itself: each output of the layer is set to a number of its own, and the numbers are read where they arrive;
 * a sum with weights that are not 1 together, or over several channels, gives none of them. At last the channels are
 * doubled in the layer and halved where they are read. If that changes the outputs of the model on some samples by more
 * than the rounding of float32, the channels have another use, or the weights depend on them.
 */
final class AttentionTrace {
    private static final Set<String> MOVING =
            Set.of("Reshape", "Transpose", "Squeeze", "Unsqueeze", "Identity", "Flatten", "Split", "Slice", "Gather");

    /** Samples to ask on. */
    private static final int SAMPLES = 8;

    /** How far a number may be from that of its channel: sums of weights in float32 are not exactly 1. */
    private static final double CLOSE = 1e-5;

    /** More channels than this have numbers too close to each other. */
    private static final int MOST_CHANNELS = 16_384;

    private final Model model;
    private final OnnxGraph graph;
    private final Dataset data;
    private final SampleFeed feed;
    private final CancelToken cancel;
    private final Set<String> outputs;
    private final Map<String, OnnxNode> producers = new HashMap<>();
    private final Map<Integer, WeightedLayer> layers = new HashMap<>();

    /**
     * Where channels come from.
     *
     * @param layer that computes them
     * @param added the constant behind a MatMul that adds to them
     * @param channelOf for each channel that is read, that of the layer
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Trace(WeightedLayer layer, Optional<Tensor> added, int[] channelOf) {}

    /** What was found, or why nothing was. */
    record Found(Optional<Trace> trace, String why) {
        static Found no(String why) {
            return new Found(Optional.empty(), why);
        }
    }

    AttentionTrace(Model model, Dataset data, CancelToken cancel) {
        this.model = model;
        this.graph = model.graph().orElseThrow();
        this.data = data.limit(SAMPLES);
        this.feed = SampleFeed.of(model, this.data);
        this.cancel = cancel;
        this.outputs = new HashSet<>(graph.outputNames());
        graph.nodes().forEach(node -> node.outputs().forEach(out -> producers.put(out, node)));
        WeightedLayer.of(model).forEach(layer -> layers.put(layer.node().index(), layer));
    }

    Found of(ReadValue read) {
        String at = read.value();
        Optional<Tensor> added = Optional.empty();
        while (true) {
            OnnxNode node = producers.get(at);
            if (node == null) {
                return Found.no(at + " is an input of the model");
            }
            if (outputs.contains(at)) {
                return Found.no(at + " is an output of the model");
            }
            WeightedLayer layer = layers.get(node.index());
            if (layer != null) {
                return asked(read, layer, added);
            }
            if (MOVING.contains(node.opType())) {
                at = node.inputs().getFirst();
            } else if (node.opType().equals("MatMul") && added.isEmpty()) {
                at = node.inputs().get(1);
            } else if (node.opType().equals("Add") && added.isEmpty()) {
                int constant = graph.isStored(node.inputs().getFirst()) ? 0 : 1;
                at = node.inputs().get(1 - constant);
                OnnxNode behind = producers.get(at);
                Optional<Tensor> own = behind == null || layers.get(behind.index()) == null
                        ? Optional.empty()
                        : Objects.requireNonNull(layers.get(behind.index())).addedBehind(model);
                if (own.isEmpty() || !own.get().id().name().equals(node.inputs().get(constant))) {
                    return Found.no(node + " in front adds other values");
                }
                added = own;
            } else {
                return Found.no(node + " in front does not keep factors of channels");
            }
        }
    }

    private Found asked(ReadValue read, WeightedLayer layer, Optional<Tensor> added) {
        if (!layer.isMatrix() || layer.fixedWeight(model).isPresent()) {
            return Found.no(layer + " in front cannot be changed");
        }
        WeightedLayer.Bias bias = layer.bias(model);
        if (added.isEmpty() && bias.slot() == WeightedLayer.Bias.Slot.FIXED) {
            return Found.no(layer + " in front: " + bias.why());
        }
        int n = layer.outputs();
        if (n > MOST_CHANNELS) {
            return Found.no(layer + " has more than " + MOST_CHANNELS + " outputs");
        }
        int[] channelOf = new int[read.channels()];
        Arrays.fill(channelOf, -1);
        for (int seed = 1; seed <= 2; seed++) {
            float[] numbers = numbers(n, seed);
            ModelRewrite rewrite = new ModelRewrite(model);
            rewrite.values(
                    layer.id(), new float[Math.toIntExact(layer.weight().data().count())]);
            float unit = layer.node().opType().equals("Gemm") ? layer.node().floatAttribute("beta", 1) : 1;
            float[] stored = numbers.clone();
            for (int c = 0; c < n; c++) {
                stored[c] /= added.isPresent() || bias.tensor().isPresent() ? unit : 1;
            }
            Optional<Tensor> adds = added.or(bias::tensor);
            if (adds.isPresent()) {
                rewrite.values(adds.get().id(), stored);
            } else {
                rewrite.bias(layer.node(), stored);
            }
            if (!read(rewrite.model(), read.value(), numbers, channelOf)) {
                return Found.no(
                        "what " + layer + " computes does not arrive at " + read.value() + " channel by channel");
            }
        }
        double change = doubled(read, layer, added.or(bias::tensor), channelOf);
        return change <= CLOSE
                ? new Found(Optional.of(new Trace(layer, added, channelOf)), "")
                : Found.no("the channels that " + layer + " computes for " + read.value() + " have another use");
    }

    /** Different numbers from 1 to 2 in a random order. */
    private static float[] numbers(int n, long seed) {
        float[] numbers = new float[n];
        for (int i = 0; i < n; i++) {
            numbers[i] = 1 + (float) i / n;
        }
        Random random = new Random(seed);
        for (int i = n - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            float kept = numbers[i];
            numbers[i] = numbers[j];
            numbers[j] = kept;
        }
        return numbers;
    }

    /** Reads the numbers where they arrive; false if any is none, or another one than the last time. */
    private boolean read(Model asked, String value, float[] numbers, int[] channelOf) {
        Map<Integer, Integer> byRank = new HashMap<>();
        int n = numbers.length;
        for (int c = 0; c < n; c++) {
            byRank.put(Math.round((numbers[c] - 1) * n), c);
        }
        boolean[] fits = {true};
        first(asked, value).forEach((shape, x) -> {
            int channels = channelOf.length;
            fits[0] = shape.rank() > 0 && shape.dim(shape.rank() - 1) == channels && x.length > 0;
            for (int i = 0; i < x.length && fits[0]; i++) {
                int c = byRank.getOrDefault(Math.round((x[i] - 1) * n), -1);
                int at = i % channels;
                fits[0] = c >= 0 && Math.abs(x[i] - numbers[c]) <= CLOSE && (channelOf[at] < 0 || channelOf[at] == c);
                channelOf[at] = c;
            }
        });
        return fits[0];
    }

    /** The value on the samples. */
    private Map<Shape, float[]> first(Model asked, String value) {
        Map<Shape, float[]> found = new LinkedHashMap<>();
        int[] batch =
                IntStream.range(0, Math.min(data.size(), feed.batchSize())).toArray();
        try (TappedRun run = TappedRun.of(asked, feed, List.of(value));
                SampleFeed.Batch loaded = feed.load(batch)) {
            run.forEach(loaded, cancel, out -> found.put(out.shape(), out.values()));
        }
        return found;
    }

    private double doubled(ReadValue read, WeightedLayer layer, Optional<Tensor> added, int[] channelOf) {
        boolean[] taken = new boolean[layer.outputs()];
        for (int c : channelOf) {
            taken[c] = true;
        }
        ModelRewrite rewrite = new ModelRewrite(model);
        float[] weights = layer.weight().data().toFloats();
        int inner = layer.transposed() ? layer.inputs() : 1;
        for (int i = 0; i < weights.length; i++) {
            weights[i] *= taken[i / inner % taken.length] ? 2 : 1;
        }
        rewrite.values(layer.id(), weights);
        added.ifPresent(t -> {
            float[] values = t.data().toFloats();
            for (int i = 0; i < values.length; i++) {
                values[i] *= taken[i % taken.length] ? 2 : 1;
            }
            rewrite.values(t.id(), values);
        });
        for (WeightedLayer reader : read.layers()) {
            float[] values = reader.weight().data().toFloats();
            for (int i = 0; i < values.length; i++) {
                values[i] /= 2;
            }
            rewrite.values(reader.id(), values);
        }
        return LogitChange.largest(model, rewrite.model(), Optional.of(data), Progress.NONE, cancel)
                .orElse(Double.POSITIVE_INFINITY);
    }

    /** The number of dimensions of a value; empty if the model does not compute it as floating numbers. */
    Optional<Integer> rank(String value) {
        boolean floating =
                graph.values().stream().anyMatch(v -> v.id().equals(new TensorId(value)) && v.dtype() == DType.F32);
        if (!floating || !producers.containsKey(value)) {
            return Optional.empty();
        }
        return first(model, value).keySet().stream().findFirst().map(Shape::rank);
    }
}
