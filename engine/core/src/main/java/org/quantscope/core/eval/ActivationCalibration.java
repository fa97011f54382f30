package org.quantscope.core.eval;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.sketch.InputPower;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.sketch.Observed;
import org.quantscope.core.tensor.InputChannels;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

/**
 * Runs the float model on calibration data and streams every quantizable activation into a sketch, and sums up for each
 * weight, channel by channel, the squares of the values that it is multiplied with. The activations are not kept. Mask
 * values are counted apart: see {@link Masks}.
 */
public final class ActivationCalibration {
    private final Map<TensorId, MomentSketch> sketches = new LinkedHashMap<>();
    private final Map<TensorId, InputPower> inputs = new LinkedHashMap<>();
    private final Map<String, List<Reader>> readers = new HashMap<>();

    /**
     * A weight that is multiplied with a certain activation.
     *
     * @param lastAxis the channels lie along the last axis of the activation, else along the second
     */
    private record Reader(InputPower power, boolean lastAxis) {}

    private ActivationCalibration(List<TensorId> activations) {
        activations.forEach(id -> sketches.put(id, new MomentSketch()));
    }

    private void readInputs(Model model, OnnxGraph graph) {
        Map<TensorId, TensorInfo> weights = new HashMap<>();
        for (Tensor tensor : model.tensors()) {
            weights.put(tensor.id(), tensor.info());
        }
        for (OnnxGraph.WeightInput place : graph.weightInputs()) {
            TensorInfo weight = weights.get(place.weight());
            if (weight != null) {
                InputChannels.of(weight)
                        .ifPresent(layout -> readers.computeIfAbsent(
                                        place.input().name(), k -> new ArrayList<>())
                                .add(new Reader(
                                        inputs.computeIfAbsent(weight.id(), k -> new InputPower(layout.channels())),
                                        place.lastAxis())));
            }
        }
    }

    /**
     * The sketch of each activation that {@link OnnxGraph#activations} lists, over all samples, in that order; each
     * batch is one {@linkplain MomentSketch#endPart part}. The model or {@link SampleFeed} decides how many samples a
     * batch has.
     *
     * @throws org.quantscope.core.io.BadInputException if the data does not fit the model
     * @throws java.util.concurrent.CancellationException if cancelled, also in the middle of a batch
     */
    public static Observed run(Model model, Dataset data, Progress progress, CancelToken cancel) {
        OnnxGraph graph = model.graph().orElseThrow();
        var seen = new ActivationCalibration(
                graph.activations().stream().map(TensorInfo::id).toList());
        seen.readInputs(model, graph);
        return seen.stream(model, data, progress, cancel);
    }

    /** The sketch of each of the given activations, in the given order. */
    public static Map<TensorId, MomentSketch> run(
            Model model, List<TensorId> activations, Dataset data, Progress progress, CancelToken cancel) {
        return new ActivationCalibration(activations)
                .stream(model, data, progress, cancel).sketches();
    }

    private Observed stream(Model model, Dataset data, Progress progress, CancelToken cancel) {
        WeightMemory.check(model, WeightMemory.FLOAT, "calibration");
        SampleFeed feed = SampleFeed.of(model, data);
        Set<String> wanted = new LinkedHashSet<>();
        sketches.keySet().forEach(id -> wanted.add(id.name()));
        wanted.addAll(readers.keySet());
        Masks masks = new Masks(model.graph().orElseThrow());
        Set<String> ends =
                masks.ends(sketches.keySet().stream().map(TensorId::name).toList());
        wanted.addAll(ends);
        List<String> tapped =
                wanted.stream().filter(name -> !feed.inputs().contains(name)).toList();
        int samples = data.size();
        try (TappedRun run = TappedRun.of(model, feed, tapped)) {
            for (int from = 0; from < samples; from += feed.batchSize()) {
                cancel.check();
                int[] batch = IntStream.range(from, Math.min(samples, from + feed.batchSize()))
                        .toArray();
                progress.report(from, samples, "sample " + (from + 1) + " of " + samples);
                for (String input : feed.inputs()) {
                    if (wanted.contains(input)) {
                        float[] values = feed.values(input, batch);
                        take(input, values, values.length, feed.shape(input, batch.length), masks);
                    }
                }
                if (!tapped.isEmpty()) {
                    try (SampleFeed.Batch fed = feed.load(batch)) {
                        run.forEach(fed, cancel, out -> {
                            cancel.check();
                            take(out.name(), out.values(), feed.realValues(out, batch.length), out.shape(), masks);
                        });
                    }
                }
            }
            progress.report(samples, samples, "sample " + samples + " of " + samples);
            masks.note(sketches);
            return new Observed(sketches, inputs);
        }
    }

    private void take(String name, float[] values, int length, Shape shape, Masks masks) {
        MomentSketch sketch = sketches.get(new TensorId(name));
        Masks.Kept kept = masks.apart(name, values, length);
        if (sketch != null) {
            sketch.add(kept.values(), 0, kept.length());
            sketch.endPart();
        }
        for (Reader reader : readers.getOrDefault(name, List.of())) {
            int axis = reader.lastAxis ? shape.rank() - 1 : 1;
            if (axis >= 0 && axis < shape.rank() && shape.dim(axis) == reader.power.channels()) {
                reader.power.add(values, length, shape, axis);
            }
        }
    }
}
