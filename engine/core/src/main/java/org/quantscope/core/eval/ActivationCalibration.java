package org.quantscope.core.eval;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.InstrumentedGraph;
import org.quantscope.core.ort.FloatOutput;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.sketch.MomentSketch;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

/** Runs the float model on calibration data and streams every quantizable activation into a sketch; the activations are not kept. */
public final class ActivationCalibration {
    private ActivationCalibration() {}

    /**
     * The sketch of each activation that {@link org.quantscope.core.onnx.OnnxGraph#activations} lists, over all samples, in that order.
     *
     * @throws org.quantscope.core.BadInputException if the data does not fit the model
     * @throws java.util.concurrent.CancellationException if cancelled, also in the middle of a batch
     */
    public static Map<TensorId, MomentSketch> run(Model model, Dataset data, Progress progress, CancelToken cancel) {
        return run(model, model.graph().orElseThrow().activations().stream().map(TensorInfo::id).toList(), data, progress, cancel);
    }

    /** The sketch of each activation asked for, in that order. */
    public static Map<TensorId, MomentSketch> run(Model model, List<TensorId> activations, Dataset data, Progress progress, CancelToken cancel) {
        SampleFeed feed = SampleFeed.of(model, data);
        Map<TensorId, MomentSketch> sketches = new LinkedHashMap<>();
        List<String> tapped = new ArrayList<>();
        for (TensorId activation : activations) {
            sketches.put(activation, new MomentSketch());
            if (!activation.name().equals(feed.input())) {
                tapped.add(activation.name());
            }
        }
        byte[] graph = InstrumentedGraph.tapped(model, tapped.stream().map(TensorId::new).toList());
        MomentSketch input = sketches.get(new TensorId(feed.input()));
        int samples = data.size();
        int sampleValues = Math.toIntExact(data.sampleShape().count());
        try (OrtModel loaded = OrtModel.load(graph, String.valueOf(model.file().getFileName()), OrtModel.Options.DEFAULT)) {
            for (int from = 0; from < samples; from += feed.batchSize()) {
                cancel.check();
                int[] batch = IntStream.range(from, Math.min(samples, from + feed.batchSize())).toArray();
                progress.report(from, samples, "sample " + (from + 1) + " of " + samples);
                if (input != null) {
                    float[] values = new float[batch.length * sampleValues];
                    data.fill(batch, values);
                    input.add(values, 0, values.length);
                }
                if (!tapped.isEmpty()) {
                    try (NativeTensor fed = feed.load(batch)) {
                        for (FloatOutput out : loaded.run(Map.of(feed.input(), fed), tapped, cancel)) {
                            cancel.check();
                            Objects.requireNonNull(sketches.get(new TensorId(out.name()))).add(out.values(), 0, SampleFeed.realValues(out, batch.length, feed.batchSize()));
                        }
                    }
                }
            }
            progress.report(samples, samples, "sample " + samples + " of " + samples);
            return sketches;
        }
    }
}
