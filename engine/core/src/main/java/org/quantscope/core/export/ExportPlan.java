package org.quantscope.core.export;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantParams;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/**
 * The input of an exporter: every tensor resolved to explicit parameters.
 *
 * @param model as analysed, that is with BatchNormalization folded if the session says so
 * @param session the choices behind it, and the results of calibration
 * @param resolved the parameters that follow from them
 * @param options of the format, by name; an option left out has its default
 * @param place the path to which the file is moved once it is written, which relative paths in it start from; empty if
 *     it stays
 * @param reference the float model that a file is compared with when it is run: {@code model}, or what it was before
 *     corrections
 */
public record ExportPlan(
        Model model,
        Session session,
        ResolvedSettings resolved,
        Map<String, String> options,
        Optional<Path> place,
        Model reference) {
    public ExportPlan {
        options = java.util.Collections.unmodifiableMap(new TreeMap<>(options));
    }

    /** With the default options of the format. */
    public ExportPlan(Model model, Session session, ResolvedSettings resolved) {
        this(model, session, resolved, Map.of(), Optional.empty(), model);
    }

    /** A plan with parameters from elsewhere, for tensors that {@code state} quantizes. */
    public ExportPlan(
            Model model,
            SessionState state,
            Map<TensorId, QuantParams> weights,
            Map<TensorId, QuantParams> activations) {
        this(model, Session.of(state), ResolvedSettings.of(model, state, weights, activations));
    }

    public ExportPlan withOptions(Map<String, String> given) {
        return new ExportPlan(model, session, resolved, given, place, reference);
    }

    /** With another float model to compare the written file with when it is run. */
    public ExportPlan withReference(Model other) {
        return new ExportPlan(model, session, resolved, options, place, other);
    }

    ExportPlan placedAt(Path file) {
        return new ExportPlan(model, session, resolved, options, Optional.of(file), reference);
    }

    public SessionState state() {
        return session.state();
    }

    /** Resolved parameters of each quantized stored tensor. */
    public Map<TensorId, QuantParams> weights() {
        return resolved.weights();
    }

    /** Resolved parameters of each quantized activation. */
    public Map<TensorId, QuantParams> activations() {
        return resolved.activations();
    }

    /** Every quantized tensor with parameters of its own: activations in graph order, then stored tensors in the order of the model. */
    public List<Encoding> encodings() {
        return resolved.own().stream()
                .map(t -> new Encoding(t.info(), t.spec(), t.params()))
                .toList();
    }
}
