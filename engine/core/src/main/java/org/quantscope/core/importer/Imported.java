package org.quantscope.core.importer;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Edit;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.tensor.TensorId;

/**
 * What was found in another tool's file.
 *
 * @param specs for tensors of the model; the clip is fixed where the file gives parameters, manual where it gives
 *     ranges
 * @param unmatched entries of the file that could not be used
 * @param notes what a person should know about the file, for example which convention it follows
 */
public record Imported(Map<TensorId, QuantSpec> specs, List<Unmatched> unmatched, List<String> notes) {
    public Imported {
        specs = Collections.unmodifiableMap(new TreeMap<>(specs));
        unmatched = List.copyOf(unmatched);
        notes = List.copyOf(notes);
    }

    /**
     * An entry of the file that could not be used.
     *
     * @param name name in the file
     * @param why the reason, for example that the model has no such tensor
     * @param near similar names of the model's tensors, nearest first
     */
    public record Unmatched(String name, String why, List<String> near) {
        public Unmatched {
            near = List.copyOf(near);
        }
    }

    /** The same with settings only for tensors that can have one; the others are unmatched. */
    public Imported placed(Predicate<TensorId> known) {
        Map<TensorId, QuantSpec> kept = new TreeMap<>(specs);
        List<Unmatched> left = new ArrayList<>(unmatched);
        specs.keySet().stream().filter(id -> !known.test(id)).forEach(id -> {
            kept.remove(id);
            left.add(new Unmatched(id.name(), "it is a constant that is not quantized here", List.of()));
        });
        return new Imported(kept, left, notes);
    }

    /** One edit that adopts the settings; other tensors keep theirs. */
    public Edit edit(String what) {
        List<Edit> edits = new ArrayList<>();
        specs.forEach((id, spec) -> edits.add(new Edit.SetOverride(id, spec)));
        return new Edit.All(what, edits);
    }

    /** {@code start} with these settings only, and nothing else quantized. */
    public SessionState alone(SessionState start) {
        return start.withWeights(Optional.empty())
                .withActivations(Optional.empty())
                .withKeptFloat(java.util.Set.of())
                .withOverrides(specs);
    }
}
