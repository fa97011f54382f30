package org.quantscope.core.export;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

/**
 * The input of an exporter: every tensor resolved to explicit parameters.
 *
 * @param model as analysed, that is with BatchNormalization folded if {@code state} says so
 * @param state the choices from which they were resolved
 * @param weights resolved parameters of each quantized weight
 * @param activations resolved parameters of each quantized activation
 * @param options of the format, by name; an option left out has its default
 * @param place the path to which the file is moved once it is written, which relative paths in it start from; empty if
 *     it stays
 */
public record ExportPlan(
        Model model,
        SessionState state,
        Map<TensorId, QuantParams> weights,
        Map<TensorId, QuantParams> activations,
        Map<String, String> options,
        Optional<Path> place) {
    public ExportPlan {
        weights = Map.copyOf(weights);
        activations = Map.copyOf(activations);
        options = java.util.Collections.unmodifiableMap(new TreeMap<>(options));
    }

    /** A plan with the default options of the format. */
    public ExportPlan(
            Model model,
            SessionState state,
            Map<TensorId, QuantParams> weights,
            Map<TensorId, QuantParams> activations) {
        this(model, state, weights, activations, Map.of(), Optional.empty());
    }

    public ExportPlan withOptions(Map<String, String> given) {
        return new ExportPlan(model, state, weights, activations, given, place);
    }

    ExportPlan placedAt(Path file) {
        return new ExportPlan(model, state, weights, activations, options, Optional.of(file));
    }

    /** Every quantized tensor: activations in graph order, then stored tensors in the order of the model. */
    public List<Encoding> encodings() {
        List<Encoding> all = new ArrayList<>();
        for (TensorInfo activation : model.graph().map(OnnxGraph::activations).orElse(List.of())) {
            Optional.ofNullable(activations.get(activation.id()))
                    .ifPresent(p -> all.add(new Encoding(
                            activation, state.activationSpec(activation.id()).orElseThrow(), p)));
        }
        for (Tensor tensor : model.tensors()) {
            Optional.ofNullable(weights.get(tensor.id()))
                    .ifPresent(p -> all.add(new Encoding(
                            tensor.info(),
                            ResolvedSettings.specOf(tensor.info(), state).orElseThrow(),
                            p)));
        }
        return all;
    }
}
