package org.quantscope.core.session;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
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
        ref.samples().ifPresent(n -> facts.put(role + "_samples", Integer.toString(n)));
    }
}
