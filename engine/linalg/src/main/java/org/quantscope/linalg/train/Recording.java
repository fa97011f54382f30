package org.quantscope.linalg.train;

import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.quantscope.core.eval.SampleFeed;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.ort.FloatOutput;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.rewrite.InstrumentedGraph;
import org.quantscope.core.tensor.TensorId;

/**
 * One batch run through the float model in ONNX Runtime with every value recorded: the shapes of all values at this
 * batch size, and the values of those that depend on shapes only.
 *
 * @param batch rows that were fed, with those that only fill up a fixed batch
 * @param dims shape of each value, by name
 * @param values of each value that does not depend on what is fed
 */
record Recording(int batch, Map<String, int[]> dims, Map<String, float[]> values) {
    /**
     * Records a batch of the first samples.
     *
     * @param nodes those whose outputs are recorded
     * @param fixed names of the values that do not depend on what is fed
     */
    static Recording of(
            Model model, SampleFeed feed, int samples, List<OnnxNode> nodes, Set<String> fixed, CancelToken cancel) {
        Set<String> wanted = new LinkedHashSet<>();
        for (OnnxNode node : nodes) {
            for (String out : node.outputs()) {
                if (!out.isEmpty() && model.graph().orElseThrow().types().of(out) != 0) {
                    wanted.add(out);
                }
            }
        }
        Map<String, int[]> dims = new HashMap<>();
        Map<String, float[]> values = new HashMap<>();
        int[] rows = IntStream.range(0, samples).toArray();
        int batch = batch(model, samples);
        feed.inputs()
                .forEach(name -> dims.put(name, dims(feed.shape(name, batch).toArray())));
        try (OrtModel loaded = OrtModel.load(
                        InstrumentedGraph.tapped(
                                model, wanted.stream().map(TensorId::new).toList()),
                        String.valueOf(model.file().getFileName()),
                        feed.options(OrtModel.Options.DEFAULT));
                SampleFeed.Batch fed = feed.load(rows, loaded.inputNames())) {
            for (FloatOutput out : loaded.runNumbers(fed.byInput(), List.copyOf(wanted), cancel)) {
                dims.put(out.name(), dims(out.shape().toArray()));
                if (fixed.contains(out.name())) {
                    values.put(out.name(), out.values());
                }
            }
        }
        return new Recording(batch, dims, values);
    }

    /** The rows of a batch of so many samples: more where the model fixes the size of a batch. */
    static int batch(Model model, int samples) {
        return model.graph().orElseThrow().inputs().stream()
                .flatMap(input -> input.shape().stream())
                .filter(shape -> !shape.isEmpty() && shape.getFirst() > 0)
                .map(shape -> Math.toIntExact(shape.getFirst()))
                .findFirst()
                .orElse(samples);
    }

    static int[] dims(long[] shape) {
        return LongStream.of(shape).mapToInt(Math::toIntExact).toArray();
    }

    int[] dims(Model model, String name) {
        int[] known = dims.get(name);
        if (known == null) {
            throw new BadInputException(model.file(), name, "its shape is not known, so it cannot be trained through");
        }
        return known;
    }
}
