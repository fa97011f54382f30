package org.quantscope.core.eval;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.Scored;
import org.quantscope.core.ort.FloatOutput;
import org.quantscope.core.ort.OrtModel;
import org.quantscope.core.rewrite.InstrumentedGraph;
import org.quantscope.core.tensor.Shape;

/**
 * Chooses the output that is scored: the one that a person named, else the one whose classes fit the labels, else the
 * first floating one of rank 2.
 */
public final class OutputChoice {
    /** The most samples that are run to learn the shapes of outputs that declare none. */
    private static final int FEW = 4;

    private OutputChoice() {}

    /**
     * The model with the output to be scored. Runs it on a few samples only if there are labels and several outputs,
     * and one of them does not declare its shape.
     *
     * @throws BadInputException if the named output, or the mask that it is averaged over, is not there
     */
    public static Model of(Model model, Scored choice, Dataset data, CancelToken cancel) {
        return of(
                model.graph()
                        .map(graph -> model.withGraph(graph.withScored(choice)))
                        .orElse(model),
                data,
                cancel);
    }

    /** The same for the choice that the model carries. */
    static Model of(Model model, Dataset data, CancelToken cancel) {
        OnnxGraph graph = model.graph()
                .orElseThrow(() -> new BadInputException(model.file(), "graph", "bare weights have no graph to run"));
        Scored scored = graph.scored();
        List<String> floating = graph.floatingOutputs();
        scored.output().filter(name -> !floating.contains(name)).ifPresent(name -> {
            throw new BadInputException(
                    model.file(),
                    "output",
                    "'" + name + "' is no floating output; there are " + String.join(", ", floating));
        });
        if (scored.output().isPresent() || floating.size() < 2) {
            return model;
        }
        Optional<Shape> labels = data.labelShape().or(data::targetShape);
        return labels.flatMap(l -> fitting(model, graph, floating, data, cancel))
                .map(name -> model.withGraph(graph.withScored(scored.withOutput(Optional.of(name)))))
                .orElse(model);
    }

    private static Optional<String> fitting(
            Model model, OnnxGraph graph, List<String> outputs, Dataset data, CancelToken cancel) {
        String usual = graph.predictionOutput().orElseThrow();
        int largest = largest(data);
        Map<String, Shape> shapes = shapes(model, graph, outputs, data, cancel);
        String best = usual;
        int points = points(shapes.get(usual), data, largest);
        for (String output : outputs) {
            int own = points(shapes.get(output), data, largest);
            if (own > points) {
                best = output;
                points = own;
            }
        }
        return best.equals(usual) ? Optional.empty() : Optional.of(best);
    }

    private static int largest(Dataset data) {
        if (data.labelShape().isEmpty()) {
            return -1;
        }
        int[] one = new int[Math.toIntExact(data.labelShape().get().count())];
        int largest = -1;
        for (int i = 0; i < data.size(); i++) {
            if (data.hasLabels()) {
                largest = Math.max(largest, data.label(i));
            } else {
                data.labels(i, one);
                for (int label : one) {
                    largest = Math.max(largest, label);
                }
            }
        }
        return largest;
    }

    /** How well an output of this shape fits the labels; 0 if it does not. */
    private static int points(@Nullable Shape row, Dataset data, int largest) {
        if (row == null) {
            return 0;
        }
        if (data.labelShape().isEmpty()) {
            return row.count() == data.targetShape().orElseThrow().count() ? 2 : 0;
        }
        Shape labels = data.labelShape().get();
        long classes;
        if (data.hasLabels()) {
            classes = row.rank() <= 1 ? Math.max(2, row.count()) : 0;
        } else if (row.rank() == labels.rank() + 1) {
            long[] dims = row.toArray();
            long[] l = labels.toArray();
            boolean last = IntStream.range(0, l.length).allMatch(i -> dims[i] == l[i]);
            boolean first = IntStream.range(0, l.length).allMatch(i -> dims[i + 1] == l[i]);
            classes = last ? dims[dims.length - 1] : first ? dims[0] : 0;
        } else {
            return row.equals(labels) ? 2 : 0;
        }
        if (classes == 0 || largest >= classes) {
            return 0;
        }
        return !data.classes().isEmpty() && data.classes().size() == classes ? 4 : largest + 1 == classes ? 3 : 1;
    }

    /** The shape of one row of each output, without dimensions of 1. */
    private static Map<String, Shape> shapes(
            Model model, OnnxGraph graph, List<String> outputs, Dataset data, CancelToken cancel) {
        Map<String, Shape> shapes = new HashMap<>();
        for (String output : outputs) {
            graph.outputShape(output)
                    .filter(dims -> dims.size() > 1 && dims.stream().skip(1).allMatch(d -> d > 0))
                    .ifPresent(dims -> shapes.put(
                            output,
                            Shape.of(dims.stream()
                                    .skip(1)
                                    .filter(d -> d != 1)
                                    .mapToLong(d -> d)
                                    .toArray())));
        }
        List<String> unknown =
                outputs.stream().filter(o -> !shapes.containsKey(o)).toList();
        if (unknown.isEmpty()) {
            return shapes;
        }
        SampleFeed feed = SampleFeed.of(model, data);
        int[] few =
                IntStream.range(0, Math.min(data.size(), feed.batchSize(FEW))).toArray();
        try (OrtModel loaded = OrtModel.load(
                        InstrumentedGraph.plain(model),
                        String.valueOf(model.file().getFileName()),
                        OrtModel.Options.DEFAULT);
                SampleFeed.Batch batch = feed.load(few)) {
            for (FloatOutput out : loaded.run(batch.byInput(), unknown, cancel)) {
                long[] dims = out.shape().toArray();
                if (dims.length > 0 && dims[0] >= few.length) {
                    shapes.put(
                            out.name(),
                            Shape.of(LongStream.of(dims)
                                    .skip(1)
                                    .filter(d -> d != 1)
                                    .toArray()));
                }
            }
        }
        return shapes;
    }
}
