package org.quantscope.core.importer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.ClipRange;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.FittedLevels;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;

/**
 * Reads our own config as settings for another model or session: the spec of each tensor, matched by name. For an
 * activation the observed range replaces the calibrator, and levels that were fitted to it become fixed. What belongs
 * to the session itself is left out: files, corrections and folding.
 */
final class SessionImporter implements Importer {
    @Override
    public String id() {
        return "quantscope-json";
    }

    @Override
    public String title() {
        return "Quantscope config (JSON)";
    }

    @Override
    public String source() {
        return "docs/config-schema.md";
    }

    @Override
    public Imported read(Path file, Model model, CancelToken cancel) throws IOException {
        SessionState state = SessionFile.read(file);
        Names names = new Names(model);
        Map<TensorId, QuantSpec> specs = new HashMap<>();
        Set<TensorId> spoken = new TreeSet<>(state.overrides().keySet());
        spoken.addAll(state.keptFloat());
        spoken.addAll(state.activationRanges().keySet());
        spoken.forEach(id -> names.find(id.name()));
        for (Tensor tensor : model.tensors()) {
            cancel.check();
            ResolvedSettings.specOf(tensor.info(), state).ifPresent(spec -> specs.put(tensor.id(), spec));
        }
        for (TensorInfo activation : model.graph().map(OnnxGraph::activations).orElse(List.of())) {
            QuantSpec spec = state.activationSpec(activation.id()).orElse(null);
            if (spec == null) {
                continue;
            }
            ClipRange observed = state.activationRanges().get(activation.id());
            if (spec.clip() instanceof Clip.Auto && observed == null) {
                names.refuse(activation.id().name(), "the config has no range for it");
            } else if (FittedLevels.neededBy(spec)) {
                specs.put(
                        activation.id(),
                        spec.withClip(
                                new Clip.Fixed(ResolvedSettings.resolveActivation(activation.id(), spec, state))));
            } else {
                specs.put(
                        activation.id(),
                        spec.clip() instanceof Clip.Auto && observed != null
                                ? spec.withClip(new Clip.Manual(observed))
                                : spec);
            }
        }
        List<String> notes = new ArrayList<>();
        if (!state.corrections().isEmpty()) {
            notes.add("the config corrects the model first, that is not taken over");
        }
        if (!state.addedQuantizers().isEmpty()) {
            notes.add("the config puts quantizers at " + state.addedQuantizers().size()
                    + " further activations, that is not taken over");
        }
        return new Imported(specs, names.unmatched(), notes);
    }
}
