package org.quantscope.linalg.train;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.model.Model;
import org.quantscope.core.model.WeightedLayer;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxNode;

/** Which operators gradients are known for. */
final class TrainableOperators {
    private static final Set<String> KNOWN = Set.of(
            "Conv",
            "Gemm",
            "MatMul",
            "Relu",
            "LeakyRelu",
            "Clip",
            "HardSigmoid",
            "HardSwish",
            "Sigmoid",
            "Tanh",
            "Sqrt",
            "Exp",
            "Neg",
            "Reciprocal",
            "Erf",
            "Gelu",
            "Pow",
            "Add",
            "Sub",
            "Mul",
            "Div",
            "Softmax",
            "ReduceMean",
            "ReduceSum",
            "GlobalAveragePool",
            "AveragePool",
            "MaxPool",
            "LayerNormalization",
            "BatchNormalization",
            "Reshape",
            "Flatten",
            "Squeeze",
            "Unsqueeze",
            "Identity",
            "Dropout",
            "Cast",
            "Transpose",
            "Concat",
            "Split",
            "Slice",
            "Gather",
            "Expand",
            "Pad");

    /** These give a shape, whatever the values are. */
    static final Set<String> SHAPES = Set.of("Shape", "Size");

    private TrainableOperators() {}

    /** The nodes that a value is computed by, in graph order. */
    static List<OnnxNode> before(OnnxGraph graph, String value) {
        Map<String, OnnxNode> by = new HashMap<>();
        graph.nodes().forEach(node -> node.outputs().forEach(out -> by.put(out, node)));
        Set<Integer> found = new HashSet<>();
        LinkedHashSet<String> open = new LinkedHashSet<>(List.of(value));
        while (!open.isEmpty()) {
            OnnxNode node = by.get(open.removeFirst());
            if (node != null && found.add(node.index())) {
                open.addAll(node.reads());
            }
        }
        return graph.nodes().stream().filter(n -> found.contains(n.index())).toList();
    }

    /** Why a node cannot be trained through, with its name; empty if it can. */
    static Optional<String> obstacle(OnnxNode node) {
        if (!KNOWN.contains(node.opType()) || node.hasSubgraph()) {
            return Optional.of(node.opType() + " " + node.name() + ": no gradient is known for it");
        }
        return Optional.empty();
    }

    /** Why a model cannot be trained whatever is quantized, naming the first operator in the way; empty if it can. */
    static Optional<String> obstacle(Model model) {
        OnnxGraph graph = model.graph().orElse(null);
        if (graph == null) {
            return Optional.of("needs a model with a graph");
        }
        Set<String> live = new HashSet<>();
        WeightedLayer.of(model).forEach(layer -> live.addAll(layer.node().outputs()));
        if (live.isEmpty()) {
            return Optional.of("the model has no layer with a stored weight");
        }
        String output = graph.scored().output().or(graph::predictionOutput).orElse(null);
        if (output == null) {
            return Optional.of("the model has no floating output");
        }
        for (OnnxNode node : before(graph, output)) {
            boolean layer = live.contains(node.outputs().getFirst());
            if (layer || (node.reads().stream().anyMatch(live::contains) && !SHAPES.contains(node.opType()))) {
                live.addAll(node.outputs());
                Optional<String> obstacle = obstacle(node);
                if (obstacle.isPresent()) {
                    return obstacle;
                }
            }
        }
        return Optional.empty();
    }
}
