package org.quantscope.core.importer;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.tensor.NearNames;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/** Finds the tensors of a model by the names in a file, and remembers the names that it could not find. */
final class Names {
    private static final int NEAR = 3;

    private final Map<String, TensorInfo> known = new LinkedHashMap<>();
    private final List<Imported.Unmatched> unmatched = new ArrayList<>();
    private final Optional<OnnxGraph> graph;
    private final Map<TensorId, TensorId> owners;
    /** The entries of the file for values that share the parameters of another value, in the order of the file. */
    private final Map<TensorId, Object> shared = new LinkedHashMap<>();

    Names(Model model) {
        graph = model.graph();
        owners = graph.map(OnnxGraph::parameterOwners).orElse(Map.of());
        for (Tensor tensor : model.tensors()) {
            known.put(tensor.id().name(), tensor.info());
        }
        for (TensorInfo activation : model.graph().map(OnnxGraph::activations).orElse(List.of())) {
            known.put(activation.id().name(), activation);
        }
    }

    /** The tensor with that name; if there is none, the name is remembered as unmatched. */
    Optional<TensorInfo> find(String name) {
        TensorInfo info = known.get(known.containsKey(name) ? name : NameMap.mapped(name));
        if (info == null) {
            String why = graph.flatMap(g -> g.placement().site(new TensorId(name)))
                    .map(site -> "it has no parameters of its own here: " + site.reason())
                    .orElse("the model has no such tensor");
            unmatched.add(new Imported.Unmatched(name, why, NearNames.of(name, known.keySet(), NEAR)));
        }
        return Optional.ofNullable(info);
    }

    /**
     * Remembers what a file says about a value that shares the parameters of another one.
     *
     * @param said its parameters in the file; {@link #settle} compares them with those of the other value
     * @return false if the value has parameters of its own
     */
    boolean shares(String name, Object said) {
        boolean one =
                !known.containsKey(name) && NameMap.mapped(name).equals(name) && owners.containsKey(new TensorId(name));
        if (one) {
            shared.put(new TensorId(name), said);
        }
        return one;
    }

    /**
     * Lists as unmatched those values for which the file has other parameters than for the value whose parameters they
     * share.
     */
    void settle(Map<TensorId, ?> said) {
        shared.forEach((id, own) -> {
            if (!own.equals(said.get(owners.get(id)))) {
                find(id.name());
            }
        });
    }

    /** True if the model has a tensor of that name and of that kind; does not remember the name. */
    boolean knows(String name, boolean activation) {
        TensorInfo info = known.get(name);
        return info != null && (info.kind() == TensorKind.ACTIVATION) == activation;
    }

    /** Remembers an entry that cannot be taken over. */
    void refuse(String name, String why) {
        unmatched.add(new Imported.Unmatched(name, why, List.of()));
    }

    List<Imported.Unmatched> unmatched() {
        return List.copyOf(unmatched);
    }

    /** The unmatched entries, except for names that the file itself marks as irrelevant. */
    List<Imported.Unmatched> unmatchedBut(Set<String> known) {
        return unmatched.stream().filter(u -> !known.contains(u.name())).toList();
    }
}
