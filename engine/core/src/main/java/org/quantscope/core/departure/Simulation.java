package org.quantscope.core.departure;

import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.IntegerBias;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.quant.Granularity;
import org.quantscope.core.quant.Grid;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.Slicing;
import org.quantscope.core.rewrite.ModelRewrite;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;

/**
 * The float model quantized by us with the deployed grids: what quantization alone explains. Weights go to the nearest
 * level of their grid, biases to whole units of s_x·s_w. A weight that the float model's own file holds in codes only is taken from the deployed form
 * where both are within their rounding: neither file tells the float weight.
 */
final class Simulation {
    private final Model model;
    private final List<LayerPair> layers;
    private final Map<TensorId, QuantParams> weights = new HashMap<>();
    private final Map<TensorId, QuantParams> activations;
    private final Map<TensorId, float[]> values = new HashMap<>();
    private final Set<TensorId> roundedTwice = new LinkedHashSet<>();

    /**
     * @param model the float model
     * @param assumed grids of weights that are not known from the deployed form
     * @param activations the deployed grids, by the float model's names
     */
    Simulation(
            Model model,
            List<LayerPair> layers,
            Map<TensorId, QuantParams> assumed,
            Map<TensorId, QuantParams> activations) {
        this.model = model;
        this.layers = layers;
        this.activations = activations;
        weights.putAll(assumed);
        layers.forEach(l -> l.grid().ifPresent(g -> weights.put(l.weight().id(), g)));
        OnnxGraph graph = model.graph().orElseThrow();
        weights.forEach((id, params) -> model.find(id)
                .filter(t -> t.info().dtype() == DType.F32)
                .ifPresent(t -> values.put(id, quantized(t, params))));
        layers.stream().filter(LayerPair::isRoundedTwice).forEach(l -> {
            values.put(l.weight().id(), l.theirs().values());
            roundedTwice.add(l.weight().id());
        });
        for (OnnxGraph.BiasSite site : graph.biases()) {
            QuantParams in = activations.get(site.activation());
            QuantParams w = weights.get(site.weight());
            if (in != null && w != null && in.slices() == 1) {
                IntegerBias.of(model, site, in, w).ifPresent(b -> values.put(site.bias(), b.values()));
            }
        }
    }

    /** Values at the nearest level of a grid. */
    static float[] quantized(Tensor tensor, QuantParams params) {
        float[] x = tensor.data().toFloats();
        Slicing slicing = Slicing.of(tensor.info(), params.granularity());
        Grid[] grids = new Grid[params.slices()];
        Arrays.setAll(grids, params::grid);
        for (int i = 0; i < x.length; i++) {
            x[i] = grids[slicing.sliceOf(i)].quantize(x[i]);
        }
        return x;
    }

    /** The model that simulates, with some stored tensors replaced by other values. */
    Model model(Map<TensorId, float[]> replaced) {
        Map<TensorId, float[]> all = new HashMap<>(values);
        all.putAll(replaced);
        ModelRewrite rewrite = new ModelRewrite(model);
        all.forEach((id, v) -> model.find(id)
                .filter(t -> t.info().dtype() == DType.F32 && t.data().count() == v.length)
                .ifPresent(_ -> rewrite.values(id, v)));
        return rewrite.model();
    }

    /** Weights that are taken from the deployed form, since the float model's file holds codes of its own. */
    Set<TensorId> roundedTwice() {
        return roundedTwice;
    }

    List<LayerPair> layers() {
        return layers;
    }

    Optional<QuantParams> grid(TensorId activation) {
        return Optional.ofNullable(activations.get(activation));
    }

    /** The scale of the unit of a layer's bias, s_x·s_w, one or one a channel; empty if it is not known. */
    Optional<float[]> biasUnit(LayerPair layer) {
        TensorId read = new TensorId(layer.node().inputs().getFirst());
        QuantParams in = activations.getOrDefault(
                read,
                model.graph().orElseThrow().biases().stream()
                        .filter(site -> layer.bias()
                                .filter(b -> b.id().equals(site.bias()))
                                .isPresent())
                        .map(site -> activations.get(site.activation()))
                        .filter(Objects::nonNull)
                        .findFirst()
                        .orElse(null));
        QuantParams w = weights.get(layer.weight().id());
        if (in == null || w == null || w.granularity() instanceof Granularity.PerBlock) {
            return Optional.empty();
        }
        float[] unit = w.scales();
        for (int i = 0; i < unit.length; i++) {
            unit[i] *= in.scale(0);
        }
        return Optional.of(unit);
    }

    /** What is to be evaluated to see the error of all grids together. */
    EvalRequest request() {
        return new EvalRequest(Optional.empty(), weights, activations);
    }
}
