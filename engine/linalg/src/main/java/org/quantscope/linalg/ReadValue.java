package org.quantscope.linalg;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.model.Model;
import org.quantscope.core.model.WeightedLayer;
import org.quantscope.core.onnx.OnnxGraph;

/**
 * A value that matrix products with stored weights read. Its last dimension is what they sum over, and any invertible
 * map of that dimension can be taken back in their weights: X·W = (X·R)·(R⁻¹·W).
 *
 * @param layers MatMul and Gemm whose first input it is, in graph order
 * @param channels the size of its last dimension
 * @param alone true if nothing else reads it, inside the graph or outside
 */
record ReadValue(String value, List<WeightedLayer> layers, int channels, boolean alone) {
    /**
     * All of a model.
     *
     * @param kept for each layer whose input cannot be changed, one sentence that says why
     */
    record Found(List<ReadValue> values, List<String> kept) {}

    /** @throws BadInputException if the model has no graph */
    static Found in(Model model) {
        OnnxGraph graph = model.graph()
                .orElseThrow(() -> new BadInputException(
                        model.file(),
                        "graph",
                        "bare weights say nothing of which layer reads which: a model with a graph is needed (.onnx)"));
        Map<String, List<WeightedLayer>> byValue = new LinkedHashMap<>();
        List<String> kept = new ArrayList<>();
        for (WeightedLayer layer : WeightedLayer.of(model)) {
            Optional<String> why = obstacle(model, layer);
            if (why.isPresent()) {
                kept.add(layer + ": " + why.get());
            } else {
                byValue.computeIfAbsent(layer.node().inputs().getFirst(), k -> new ArrayList<>())
                        .add(layer);
            }
        }
        List<ReadValue> values = new ArrayList<>();
        byValue.forEach((value, layers) -> {
            int channels = layers.getFirst().inputs();
            boolean alone = graph.consumers(value).size() == layers.size()
                    && !graph.outputNames().contains(value);
            values.add(new ReadValue(value, List.copyOf(layers), channels, alone));
        });
        return new Found(List.copyOf(values), List.copyOf(kept));
    }

    private static Optional<String> obstacle(Model model, WeightedLayer layer) {
        if (!layer.isMatrix()) {
            return Optional.of(
                    layer.node().opType() + " is no matrix product; its channels are not the last dimension");
        }
        if (layer.node().intAttribute("transA", 0) != 0) {
            return Optional.of("it transposes what it reads");
        }
        if (model.graph().orElseThrow().isStored(layer.node().inputs().getFirst())) {
            return Optional.of("it reads a constant");
        }
        return layer.fixedWeight(model);
    }
}
