package org.quantscope.core.eval;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.ort.NativeTensor;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.rewrite.InstrumentedGraph;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;

/**
 * What a model is given for one sample: the first one of some data, or numbers drawn at random in the shapes that the
 * model declares.
 */
public final class OneSample {
    private final Model model;
    private final Map<String, Shape> shapes;
    private final Map<String, float[]> values;
    private final int samples;

    private OneSample(Model model, Map<String, Shape> shapes, Map<String, float[]> values, int samples) {
        this.model = model;
        this.shapes = shapes;
        this.values = values;
        this.samples = samples;
    }

    /**
     * @throws BadInputException if an input has a free dimension other than the first and there is no data, or the data
     *     does not fit the model
     */
    public static OneSample of(Model model, Optional<Dataset> data) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        Map<String, float[]> values = new LinkedHashMap<>();
        if (data.isEmpty()) {
            draw(model, shapes, values);
            return new OneSample(model, shapes, values, 1);
        }
        SampleFeed feed = SampleFeed.of(model, data.get());
        int rows = feed.batchSize(1);
        int[] samples = new int[rows];
        Arrays.setAll(samples, i -> Math.min(i, data.get().size() - 1));
        for (String input : feed.inputs()) {
            shapes.put(input, feed.shape(input, rows));
            values.put(input, feed.values(input, samples));
        }
        return new OneSample(model, shapes, values, rows);
    }

    private static void draw(Model model, Map<String, Shape> shapes, Map<String, float[]> values) {
        Random random = new Random(1);
        OnnxGraph graph = model.graph().orElseThrow();
        Set<String> required = Set.copyOf(graph.requiredInputs());
        for (OnnxGraph.Input input : graph.inputs()) {
            if (required.contains(input.name())) {
                Shape shape = declared(model, input);
                float[] drawn = new float[Math.toIntExact(shape.count())];
                for (int i = 0; type(input).isFloating() && i < drawn.length; i++) {
                    drawn[i] = (float) random.nextGaussian();
                }
                shapes.put(input.name(), shape);
                values.put(input.name(), drawn);
            }
        }
    }

    private static Shape declared(Model model, OnnxGraph.Input input) {
        String field = "input " + input.name();
        List<Long> dims = input.shape()
                .orElseThrow(() -> new BadInputException(
                        model.file(), field, "declares no shape, so nothing can be counted; give data"));
        long[] shape = new long[dims.size()];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = dims.get(i) < 0 && i == 0 ? 1 : dims.get(i);
            if (shape[i] < 0) {
                throw new BadInputException(
                        model.file(),
                        field,
                        "dimension " + i + " of " + dims.size() + " is free, so nothing can be counted; give data");
            }
        }
        return Shape.of(shape);
    }

    private static DType type(OnnxGraph.Input input) {
        return input.type().orElse(DType.F32);
    }

    /** How many samples it is: more than one where the model fixes that. */
    public int samples() {
        return samples;
    }

    /** The inputs; the caller closes them. */
    public Map<String, NativeTensor> tensors() {
        Map<String, NativeTensor> tensors = new LinkedHashMap<>();
        for (OnnxGraph.Input input : model.graph().orElseThrow().inputs()) {
            float[] numbers = values.get(input.name());
            Shape shape = shapes.get(input.name());
            if (numbers != null && shape != null) {
                tensors.put(input.name(), NativeTensor.of(numbers, shape, type(input)));
            }
        }
        return tensors;
    }

    /**
     * The sizes of the values inside: as far as they follow from the graph, else those of one run.
     *
     * @param ran is told the names of the values whose size is that of a run
     */
    public ActivationSizes sizes(Set<String> ran, CancelToken cancel) {
        ActivationSizes inferred = ActivationSizes.of(model, shapes);
        OnnxGraph graph = model.graph().orElseThrow();
        List<String> unknown = graph.nodes().stream()
                .map(OnnxNode::outputs)
                .flatMap(List::stream)
                .filter(value -> !value.isEmpty()
                        && !graph.isStored(value)
                        && graph.types().isFloating(value)
                        && inferred.shape(value).isEmpty())
                .distinct()
                .toList();
        if (unknown.isEmpty()) {
            return inferred;
        }
        Map<String, NativeTensor> inputs = tensors();
        Map<String, Shape> found = new LinkedHashMap<>();
        try (OrtModel tapped = OrtModel.load(
                InstrumentedGraph.tapped(
                        model, unknown.stream().map(TensorId::new).toList()),
                String.valueOf(model.file().getFileName()),
                OrtModel.Options.DEFAULT)) {
            inputs.keySet().retainAll(tapped.inputNames());
            tapped.run(inputs, unknown, Set.of(), cancel, out -> found.put(out.name(), out.shape()));
        } finally {
            inputs.values().forEach(NativeTensor::close);
        }
        ran.addAll(found.keySet());
        return inferred.with(found);
    }
}
