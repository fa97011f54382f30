package org.quantscope.core.importer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.quantscope.core.calib.RangeResolver.Resolution;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.quant.Clip;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.FittedLevels;
import org.quantscope.core.session.Request;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.Session;
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
        Session session = SessionFile.read(file);
        SessionState state = session.state();
        Names names = new Names(model);
        Map<TensorId, QuantSpec> specs = new HashMap<>();
        Set<TensorId> spoken = new TreeSet<>(state.overrides().keySet());
        spoken.addAll(state.keptFloat());
        spoken.addAll(session.ranges().ranges().keySet());
        spoken.forEach(id -> names.find(id.name()));
        for (Tensor tensor : model.tensors()) {
            cancel.check();
            state.spec(tensor.info()).ifPresent(spec -> specs.put(tensor.id(), spec));
        }
        for (TensorInfo activation : model.graph().map(OnnxGraph::activations).orElse(List.of())) {
            QuantSpec spec = state.spec(activation).orElse(null);
            if (spec == null) {
                continue;
            }
            Request request = Request.of(activation.id(), spec, session.calibration());
            if (request.obstacle().isPresent()) {
                names.refuse(activation.id().name(), "the config has no range for it");
                continue;
            }
            Resolution known = resolve(request, cancel);
            specs.put(
                    activation.id(),
                    FittedLevels.neededBy(spec)
                            ? spec.withClip(new Clip.Fixed(known.params()))
                            : spec.clip() instanceof Clip.Auto
                                    ? spec.withClip(
                                            new Clip.Manual(known.requested().getFirst()))
                                    : spec);
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

    private static Resolution resolve(Request request, CancelToken cancel) {
        try {
            return new Resolver().resolve(request, cancel);
        } catch (IllegalArgumentException e) {
            BadInputException bad = new BadInputException("", request.id().name(), String.valueOf(e.getMessage()));
            bad.initCause(e);
            throw bad;
        }
    }
}
