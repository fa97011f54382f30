package org.quantscope.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.session.SolvedWeight;
import org.quantscope.core.tensor.TensorId;

/** Says which weights have codes other than the nearest, and what these rest on. */
final class SolvedReport {
    private SolvedReport() {}

    /** Sentences, one for each rounding and one for each weight that it leaves alone. */
    static List<String> notes(SessionState state, ResolvedSettings resolved, Map<TensorId, SolvedWeight> solved) {
        Map<String, Integer> counts = new TreeMap<>();
        List<String> left = new ArrayList<>();
        solved.forEach((id, result) -> resolved.find(id).ifPresent(tensor -> {
            switch (result) {
                case SolvedWeight.Solution _ -> counts.merge(tensor.spec().rounding(), 1, Integer::sum);
                case SolvedWeight.Nearest(var _, String why) -> left.add(id + " is rounded to nearest: " + why + ".");
            }
        }));
        String data = state.calibrationData()
                .map(FileRef::path)
                .map(file -> ", chosen on " + file.getFileName())
                .orElse("");
        List<String> notes = new ArrayList<>();
        counts.forEach((rounding, n) -> notes.add(
                "The codes of " + (n == 1 ? "one weight" : n + " weights") + " are those of " + rounding + data + "."));
        notes.addAll(left);
        return notes;
    }
}
