package org.quantscope.core.importer;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.tensor.NearNames;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/** Finds the tensors of a model by the names in a file, and remembers those that it could not find. */
final class Names {
    private static final int NEAR = 3;

    private final Map<String, TensorInfo> known = new LinkedHashMap<>();
    private final List<Imported.Unmatched> unmatched = new ArrayList<>();

    Names(Model model) {
        for (Tensor tensor : model.tensors()) {
            known.put(tensor.id().name(), tensor.info());
        }
        for (TensorInfo activation : model.graph().map(OnnxGraph::activations).orElse(List.of())) {
            known.put(activation.id().name(), activation);
        }
    }

    /** The tensor of that name; if there is none it is remembered as unmatched. */
    Optional<TensorInfo> find(String name) {
        TensorInfo info = known.get(known.containsKey(name) ? name : NameMap.mapped(name));
        if (info == null) {
            unmatched.add(new Imported.Unmatched(name, "the model has no such tensor", NearNames.of(name, known.keySet(), NEAR)));
        }
        return Optional.ofNullable(info);
    }

    /** True if the model has a tensor of that name and of that kind; nothing is remembered. */
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
}
