package org.quantscope.app.tensors;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.quantscope.app.session.QuantizableTensor;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.Placement;
import org.quantscope.core.tensor.Shape;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

/**
 * An activation without its own parameters, with the one whose parameters it shares, or a weight that stays in float.
 */
record UnsetTensor(TensorId id, String name, boolean activation, Shape shape, Optional<TensorId> owner) {
    static List<UnsetTensor> of(OnnxGraph graph) {
        Map<TensorId, TensorInfo> infos = new HashMap<>();
        graph.values().forEach(v -> infos.put(v.id(), v));
        Stream<UnsetTensor> activations = graph.placement().sites().stream()
                .filter(site -> site.state() != Placement.State.OWN)
                .map(site -> {
                    Optional<TensorInfo> info = Optional.ofNullable(infos.get(site.id()));
                    return new UnsetTensor(
                            site.id(),
                            info.map(i -> new QuantizableTensor.Activation(i, Optional.empty()).shortName())
                                    .orElseGet(() -> Invisible.escaped(site.id().name())),
                            true,
                            info.map(TensorInfo::shape).orElse(Shape.of()),
                            site.state() == Placement.State.TIED
                                    ? graph.placement().parametersOf(site.id())
                                    : Optional.empty());
                });
        Stream<UnsetTensor> weights = graph.floatWeights().stream()
                .map(w -> new UnsetTensor(
                        w.info().id(),
                        QuantizableTensor.weightName(w.info()),
                        false,
                        w.info().shape(),
                        Optional.empty()));
        return Stream.concat(activations, weights).toList();
    }
}
