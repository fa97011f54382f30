package org.quantscope.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.LeftFloat;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sweep.EvalFields;
import org.quantscope.core.tensor.TensorKind;

/** What a command says of the constants that stay in float. */
final class FloatReport {
    /** Lines for a person; JSON holds all. */
    private static final int SHOWN = 5;

    static final String CHECK = "Exit with 1 if a weight that the options ask to quantize stays in float";

    private FloatReport() {}

    /**
     * The constants that no command quantizes, whatever the options are.
     *
     * @param model as analysed: what folding makes a weight is one
     */
    static List<LeftFloat> always(Model model, Path file) {
        SessionState plain = SessionState.of(new FileRef(file, ""));
        return LeftFloat.of(model, plain.withWeights(Optional.empty())).stream()
                .filter(l -> model.find(l.id())
                        .map(t -> t.info().kind() != TensorKind.WEIGHT)
                        .orElse(true))
                .toList();
    }

    /** The field {@code left_float}. */
    static Json put(Json json, List<LeftFloat> left) {
        return json.put(EvalFields.leftFloat(left));
    }

    /** A count and the first reasons. */
    static void print(List<LeftFloat> left, Terminal terminal) {
        if (left.isEmpty()) {
            return;
        }
        long wanted = left.stream().filter(LeftFloat::wanted).count();
        terminal.out()
                .println("in float: " + left.size() + (left.size() == 1 ? " constant" : " constants")
                        + " that values are multiplied with"
                        + (wanted > 0 ? ", " + wanted + " of them weights that were to be quantized" : ""));
        left.stream().limit(SHOWN).forEach(l -> terminal.out().println("  " + l.id() + ": " + l.why()));
        if (left.size() > SHOWN) {
            terminal.out().println("  and " + (left.size() - SHOWN) + " more, see --json");
        }
    }

    /** The exit code of a command that was asked to check. */
    static int code(boolean check, List<LeftFloat> left) {
        return check && left.stream().anyMatch(LeftFloat::wanted) ? ExitCode.CHECK_FAILED : ExitCode.DONE;
    }
}
