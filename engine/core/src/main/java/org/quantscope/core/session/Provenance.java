package org.quantscope.core.session;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.Collectors;
import org.quantscope.core.io.ProductVersion;

/** Where settings come from: the program, the model, the data and the corrections. For every file that can hold it. */
public final class Provenance {
    private Provenance() {}

    /**
     * Provenance by name, in the order in which it is written. Hashes are SHA-256 in lower-case hex; unknown facts are
     * left out.
     */
    public static SequencedMap<String, String> of(SessionState state) {
        LinkedHashMap<String, String> facts = new LinkedHashMap<>();
        facts.put("tool", "quantscope");
        facts.put("tool_version", ProductVersion.current());
        facts.put("model_sha256", state.model().sha256());
        companions(facts, "model", state.model());
        state.calibrationData().ifPresent(ref -> data(facts, "calibration", ref));
        state.evaluationData().ifPresent(ref -> data(facts, "evaluation", ref));
        state.reference().ifPresent(ref -> facts.put("reference_sha256", ref.sha256()));
        if (!state.corrections().isEmpty()) {
            facts.put("corrections", AppliedCorrection.ids(state.corrections()));
        }
        return facts;
    }

    private static void data(Map<String, String> facts, String role, FileRef ref) {
        facts.put(role + "_data_sha256", ref.sha256());
        companions(facts, role + "_data", ref);
        ref.samples().ifPresent(n -> facts.put(role + "_samples", Integer.toString(n)));
        if (!ref.leftOut().isEmpty()) {
            facts.put(
                    role + "_left_out",
                    ref.leftOut().stream().map(String::valueOf).collect(Collectors.joining(", ")));
        }
    }

    private static void companions(Map<String, String> facts, String role, FileRef ref) {
        companions(ref).ifPresent(all -> facts.put(role + "_companions_sha256", all));
    }

    /** The companions of a file, each as its hash and its name, separated by commas; empty if there are none. */
    public static Optional<String> companions(FileRef ref) {
        return Optional.of(ref.companions().entrySet().stream()
                        .map(e -> e.getValue() + " " + e.getKey())
                        .collect(Collectors.joining(", ")))
                .filter(all -> !all.isEmpty());
    }
}
