package org.quantscope.core.session;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

/**
 * A session's choices turned into explicit parameters for one model: every quantized tensor, and no other. Immutable.
 * Two of these are equal if they quantize the same tensors with the same parameters, whichever settings led to them.
 */
public final class ResolvedSettings {
    public static final ResolvedSettings NONE = new ResolvedSettings(List.of(), Map.of());

    private final Map<TensorId, ResolvedTensor> tensors;
    private final Map<TensorId, QuantParams> weights;
    private final Map<TensorId, QuantParams> activations;
    /** See {@link DeadChannels#floors}. */
    private final Map<TensorId, float[]> floors;
    /** The hash of all parameters; 0 until it is first needed. */
    private int hash;

    private ResolvedSettings(Collection<ResolvedTensor> resolved, Map<TensorId, float[]> floors) {
        this.floors = floors;
        Map<TensorId, ResolvedTensor> all = new LinkedHashMap<>();
        Map<TensorId, QuantParams> stored = new HashMap<>();
        Map<TensorId, QuantParams> computed = new HashMap<>();
        for (ResolvedTensor as : resolved) {
            float[] least = floors.get(as.id());
            ResolvedTensor tensor = least == null ? as : as.withParams(DeadChannels.raised(as.params(), least));
            all.put(tensor.id(), tensor);
            (tensor.isActivation() ? computed : stored).put(tensor.id(), tensor.params());
        }
        tensors = Collections.unmodifiableMap(all);
        weights = Collections.unmodifiableMap(stored);
        activations = Collections.unmodifiableMap(computed);
    }

    /**
     * The settings of tensors that have parameters of their own, completed with the activations of {@code model} that
     * are tied to them, and with the scales of {@linkplain #raisedScales dead channels} raised.
     *
     * @param own in any order; they are sorted as in the model, activations first
     */
    public static ResolvedSettings of(Model model, Collection<ResolvedTensor> own) {
        Map<TensorId, ResolvedTensor> byId = new HashMap<>();
        own.forEach(t -> byId.put(t.id(), t));
        List<ResolvedTensor> all = new ArrayList<>();
        model.graph().ifPresent(graph -> {
            for (TensorInfo activation : graph.activations()) {
                add(all, byId.get(activation.id()));
            }
            addTied(graph, byId, all);
        });
        model.tensors().forEach(tensor -> add(all, byId.get(tensor.id())));
        return new ResolvedSettings(all, DeadChannels.floors(model, all));
    }

    private static void add(List<ResolvedTensor> all, @Nullable ResolvedTensor tensor) {
        if (tensor != null) {
            all.add(tensor);
        }
    }

    private static void addTied(OnnxGraph graph, Map<TensorId, ResolvedTensor> byId, List<ResolvedTensor> all) {
        Map<TensorId, QuantParams> own = new HashMap<>();
        byId.values().stream().filter(ResolvedTensor::isActivation).forEach(t -> own.put(t.id(), t.params()));
        Map<TensorId, QuantParams> tied = graph.placement().tied(own);
        if (tied.isEmpty()) {
            return;
        }
        for (TensorInfo value : graph.values()) {
            if (tied.containsKey(value.id())) {
                TensorId owner = graph.placement().parametersOf(value.id()).orElseThrow();
                ResolvedTensor of = Objects.requireNonNull(byId.get(owner));
                all.add(new ResolvedTensor(value, new Choice.Tied(owner), of.spec(), of.requested(), of.params()));
            }
        }
    }

    /**
     * Settings made of parameters from elsewhere, for the tensors that {@code state} quantizes.
     *
     * @throws java.util.NoSuchElementException if {@code state} keeps one of them in float
     */
    public static ResolvedSettings of(
            Model model,
            SessionState state,
            Map<TensorId, QuantParams> weights,
            Map<TensorId, QuantParams> activations) {
        List<ResolvedTensor> own = new ArrayList<>();
        for (TensorInfo activation : model.graph().map(OnnxGraph::activations).orElse(List.of())) {
            add(own, given(activation, state, activations.get(activation.id())));
        }
        for (Tensor tensor : model.tensors()) {
            add(own, given(tensor.info(), state, weights.get(tensor.id())));
        }
        return of(model, own);
    }

    private static @Nullable ResolvedTensor given(TensorInfo info, SessionState state, @Nullable QuantParams params) {
        if (params == null) {
            return null;
        }
        QuantSpec spec = state.spec(info).orElseThrow();
        return new ResolvedTensor(info, state.choice(info), spec, params.effective(), params);
    }

    /**
     * Every quantized tensor: activations in graph order, then those tied to others, then stored tensors in the order
     * of the file.
     */
    public Collection<ResolvedTensor> tensors() {
        return tensors.values();
    }

    /** The parameters of each quantized stored tensor: weights, and others that have a spec of their own. */
    public Map<TensorId, QuantParams> weights() {
        return weights;
    }

    /** The parameters of each quantized activation, those tied to others included. */
    public Map<TensorId, QuantParams> activations() {
        return activations;
    }

    /** The tensors with parameters of their own, in the same order. */
    public List<ResolvedTensor> own() {
        return tensors.values().stream()
                .filter(t -> t.choice() instanceof Choice.Quantized)
                .toList();
    }

    /** A quantized tensor; empty if it stays in float. */
    public Optional<ResolvedTensor> find(TensorId id) {
        return Optional.ofNullable(tensors.get(id));
    }

    /** The same settings with other parameters for one tensor and those tied to it; unchanged if it stays in float. */
    public ResolvedSettings with(TensorId id, QuantParams params) {
        if (!tensors.containsKey(id)) {
            return this;
        }
        return new ResolvedSettings(
                tensors.values().stream()
                        .map(t ->
                                t.id().equals(id) || t.choice().equals(new Choice.Tied(id)) ? t.withParams(params) : t)
                        .toList(),
                floors);
    }

    /**
     * For each weight with channels or blocks that have next to no effect, or whose bias would need more than 31 bits,
     * the number of scales that were raised for it, so that every target takes them.
     */
    public Map<TensorId, Integer> raisedScales() {
        Map<TensorId, Integer> counts = new TreeMap<>();
        floors.forEach((id, least) -> {
            int n = 0;
            for (float floor : least) {
                n += floor > 0 ? 1 : 0;
            }
            counts.put(id, n);
        });
        return counts;
    }

    /** The tensors whose parameters differ, or which are quantized in only one of the two. */
    public Set<TensorId> changedSince(ResolvedSettings before) {
        Set<TensorId> changed = new HashSet<>(tensors.keySet());
        changed.addAll(before.tensors.keySet());
        changed.removeIf(id ->
                find(id).map(ResolvedTensor::params).equals(before.find(id).map(ResolvedTensor::params)));
        return changed;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return this == other
                || (other instanceof ResolvedSettings o
                        && weights.equals(o.weights)
                        && activations.equals(o.activations));
    }

    @Override
    public int hashCode() {
        int known = hash;
        if (known == 0) {
            known = 31 * weights.hashCode() + activations.hashCode();
            hash = known;
        }
        return known;
    }

    @Override
    public String toString() {
        return tensors.values().toString();
    }
}
