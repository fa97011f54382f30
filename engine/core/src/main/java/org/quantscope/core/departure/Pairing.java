package org.quantscope.core.departure;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.onnx.OnnxNode;
import org.quantscope.core.onnx.OwnQuantization;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.tensor.DType;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/** The tensors and layers of two models that stand for each other, and what follows for a simulation. */
final class Pairing {
    private final OnnxGraph graph;
    private final Deployed form;
    private final List<Aligner.Found> pairs;
    private final Map<TensorId, Aligner.Found> byId = new LinkedHashMap<>();
    private final Map<String, Deployed.Value> values = new HashMap<>();
    private final List<LayerPair> layers;
    private final Simulation simulation;
    private final boolean exact;

    /** @param probe values of the float model, by which assumed grids are made where the deployed form tells none */
    Pairing(Model model, Deployed form, List<Aligner.Found> pairs, Map<String, Values> probe) {
        this.graph = model.graph().orElseThrow();
        this.form = form;
        this.pairs = pairs;
        pairs.forEach(p -> byId.put(new TensorId(p.name()), p));
        form.values().forEach(v -> values.put(v.name(), v));
        Map<String, List<String>> names = new HashMap<>();
        form.values().forEach(v -> names.put(v.name(), v.inFloats()));
        this.layers =
                form.floats().map(d -> LayerPair.of(model, d, pairs, names)).orElse(List.of());
        this.exact = form.floats().isPresent();
        Set<TensorId> places = graph.values().stream().map(TensorInfo::id).collect(Collectors.toSet());
        Map<TensorId, QuantParams> grids = new LinkedHashMap<>();
        byId.forEach((id, p) -> Objects.requireNonNull(values.get(p.deployed()))
                .grid()
                .filter(_ -> places.contains(id))
                .ifPresent(g -> grids.put(id, g)));
        Map<TensorId, QuantParams> assumed = new HashMap<>();
        if (!exact) {
            for (OnnxNode node : graph.nodes()) {
                if (LayerPair.isLayer(node, graph)) {
                    model.find(new TensorId(node.input(1).orElseThrow()))
                            .filter(t -> t.info().dtype() == DType.F32)
                            .ifPresent(t ->
                                    assumed.put(t.id(), Search.assumed(t.data().toFloats())));
                }
            }
        }
        form.floats().ifPresent(deployed -> inBodies(model, deployed, assumed));
        this.simulation = new Simulation(model, layers, assumed, grids);
    }

    /** The deployed grids of weights that only the bodies of If, Loop and Scan read: no node here is their layer. */
    private void inBodies(Model model, Model deployed, Map<TensorId, QuantParams> grids) {
        Set<String> read =
                graph.nodes().stream().flatMap(n -> n.inputs().stream()).collect(Collectors.toSet());
        deployed.own()
                .map(OwnQuantization::weights)
                .orElse(Map.of())
                .forEach((id, grid) -> model.find(id)
                        .filter(t ->
                                t.info().kind() == TensorKind.WEIGHT && t.info().dtype() == DType.F32)
                        .filter(t -> !read.contains(id.name()))
                        .filter(t -> deployed.find(id)
                                .filter(d -> d.info().shape().equals(t.info().shape()))
                                .isPresent())
                        .ifPresent(t -> grids.put(id, grid.params())));
    }

    List<Aligner.Found> pairs() {
        return pairs;
    }

    /** The float model's names of the pairs, in graph order. */
    List<TensorId> ids() {
        return List.copyOf(byId.keySet());
    }

    /** Those of them that a node computes. */
    List<String> computed() {
        List<String> inputs = graph.requiredInputs();
        return byId.keySet().stream()
                .map(TensorId::name)
                .filter(n -> !inputs.contains(n))
                .toList();
    }

    String deployed(TensorId id) {
        return Objects.requireNonNull(byId.get(id)).deployed();
    }

    Deployed.Value value(TensorId id) {
        return Objects.requireNonNull(values.get(deployed(id)));
    }

    List<LayerPair> layers() {
        return layers;
    }

    Simulation simulation() {
        return simulation;
    }

    /** True if the deployed weights are known. */
    boolean exact() {
        return exact;
    }

    /** A model whose nodes are given the paired values. */
    ForcedRun forced(Model model, List<TensorId> given) {
        return forced(model, given, computed());
    }

    ForcedRun forced(Model model, List<TensorId> given, List<String> wanted) {
        Map<TensorId, List<String>> names = new LinkedHashMap<>();
        given.forEach(id -> names.put(id, List.of(id.name())));
        return new ForcedRun(model, names, wanted);
    }

    /** What the deployed model computes on floats, given the paired values, by the deployed names. */
    ForcedRun forcedTheirs(Model deployedFloats, TensorId wanted) {
        Map<TensorId, List<String>> names = new LinkedHashMap<>();
        byId.forEach((id, p) ->
                names.put(id, Objects.requireNonNull(values.get(p.deployed())).inFloats()));
        return new ForcedRun(deployedFloats, names, List.of(deployed(wanted)));
    }

    /** Deployed values in the order of axes of the float model's. */
    Map<TensorId, Values> inOurLayout(Map<String, Values> theirs, Map<String, Values> ours) {
        Map<TensorId, Values> found = new LinkedHashMap<>();
        byId.forEach((id, p) -> {
            Values d = theirs.get(p.deployed());
            Values f = ours.get(id.name());
            if (d != null && f != null) {
                found.put(id, d.in(p.layout(), f.shape()));
            }
        });
        return found;
    }

    Values inOurLayout(TensorId id, Values theirs, Values like) {
        return theirs.in(Objects.requireNonNull(byId.get(id)).layout(), like.shape());
    }

    Deployed form() {
        return form;
    }
}
