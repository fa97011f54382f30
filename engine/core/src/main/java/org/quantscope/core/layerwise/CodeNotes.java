package org.quantscope.core.layerwise;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.quantscope.core.model.Model;
import org.quantscope.core.onnx.OnnxGraph;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.ResolvedTensor;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.session.SolvedWeight;
import org.quantscope.core.tensor.Consumer;
import org.quantscope.core.tensor.Tensor;
import org.quantscope.core.tensor.TensorId;
import org.quantscope.core.tensor.TensorInfo;
import org.quantscope.core.tensor.TensorKind;

/**
 * Says in sentences which weights have codes other than the nearest, what these rest on, and which tensors a choice of
 * codes or bits passes by.
 */
public final class CodeNotes {
    /** How many tensors one sentence names. */
    private static final int NAMED = 4;

    private CodeNotes() {}

    /**
     * One sentence for each rounding, and those of {@link #passedBy}; none where all weights take their nearest levels.
     *
     * @param model as analysed
     * @param resolved the settings with the parameters that belong to the codes
     */
    public static List<String> of(
            Model model, SessionState state, ResolvedSettings resolved, Map<TensorId, SolvedWeight> solved) {
        Map<String, Integer> counts = new TreeMap<>();
        solved.forEach((id, result) -> resolved.find(id)
                .filter(_ -> result instanceof SolvedWeight.Solution)
                .ifPresent(tensor -> counts.merge(tensor.spec().rounding(), 1, Integer::sum)));
        String data = state.calibrationData()
                .map(FileRef::path)
                .map(file -> ", chosen on " + file.getFileName())
                .orElse("");
        List<String> notes = new ArrayList<>();
        counts.forEach((rounding, n) -> notes.add(
                "The codes of " + (n == 1 ? "one weight" : n + " weights") + " are those of " + rounding + data + "."));
        if (state.choosesCodes()) {
            notes.addAll(passedBy(model, resolved, solved));
        }
        return notes;
    }

    /** The weights whose rounding leaves them at their nearest levels, and what {@link #tables} names. */
    public static List<String> passedBy(Model model, ResolvedSettings resolved, Map<TensorId, SolvedWeight> solved) {
        List<String> notes = new ArrayList<>();
        Set<TensorId> told = new TreeSet<>();
        solved.forEach((id, result) -> {
            if (result instanceof SolvedWeight.Nearest(var _, String why)
                    && resolved.find(id).isPresent()) {
                told.add(id);
                notes.add(id + " is rounded to nearest: " + why + ".");
            }
        });
        Set<TensorId> plain = new TreeSet<>();
        resolved.tensors().stream()
                .filter(tensor -> !tensor.isActivation() && tensor.spec().isNearest())
                .map(ResolvedTensor::id)
                .filter(id -> !told.contains(id) && !solved.containsKey(id))
                .forEach(plain::add);
        SolvedModel.obstacles(model, plain)
                .forEach((id, nearest) -> notes.add(id + " is rounded to nearest: " + nearest.why() + "."));
        notes.addAll(tables(model, resolved));
        return notes;
    }

    /**
     * A sentence that names the floating tables of a model that stay in float because no layer multiplies by them, such
     * as embeddings; empty if there are none.
     */
    public static List<String> tables(Model model, ResolvedSettings resolved) {
        Map<TensorId, String> reasons = new HashMap<>();
        model.graph()
                .map(OnnxGraph::floatWeights)
                .orElse(List.of())
                .forEach(w -> reasons.put(w.info().id(), w.site().reason()));
        Map<TensorId, String> found = new LinkedHashMap<>();
        long bytes = 0;
        for (Tensor tensor : model.tensors()) {
            TensorInfo info = tensor.info();
            boolean table = info.kind() == TensorKind.CONSTANT
                    && info.dtype().isFloating()
                    && info.shape().rank() > 1
                    && Arrays.stream(info.shape().toArray()).filter(d -> d > 1).count() > 1;
            if (table && resolved.find(info.id()).isEmpty() && !info.consumers().isEmpty()) {
                Consumer by = info.consumers().getFirst();
                String why = reasons.get(info.id());
                found.put(info.id(), why == null ? by.opType() + " " + by.node() + " multiplies nothing by it" : why);
                bytes += info.shape().count() * info.dtype().bytes();
            }
        }
        if (found.isEmpty()) {
            return List.of();
        }
        List<String> named = found.entrySet().stream()
                .limit(NAMED)
                .map(e -> e.getKey() + " (" + e.getValue() + ")")
                .toList();
        int more = found.size() - named.size();
        return List.of((found.size() == 1 ? "One table stays" : found.size() + " tables stay") + " in float, "
                + String.format(Locale.ROOT, "%,d", bytes)
                + " bytes, because no layer multiplies its input by " + (found.size() == 1 ? "it" : "them") + ": "
                + String.join(", ", named) + (more > 0 ? " and " + more + " more" : "") + ".");
    }
}
