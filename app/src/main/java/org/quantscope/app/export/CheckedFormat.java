package org.quantscope.app.export;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.ExportProblem;
import org.quantscope.core.export.ExportProblem.Severity;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.io.BadInputException;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.session.LeftFloat;

/**
 * A format and how ready the settings are for it.
 *
 * @param problems in the order of the tensors
 * @param leftFloat constants that values are multiplied with and that the file leaves in float
 * @param refused why its options are not valid; empty if they are
 * @param recent true if it was used recently
 */
public record CheckedFormat(
        Exporter exporter,
        List<ExportProblem> problems,
        List<LeftFloat> leftFloat,
        Optional<String> refused,
        boolean recent) {
    /** Lines of a tooltip. */
    private static final int MOST_SHOWN = 12;

    public CheckedFormat {
        problems = List.copyOf(problems);
        leftFloat = List.copyOf(leftFloat);
    }

    /** Checks a plan against a format. */
    static CheckedFormat of(Exporter exporter, ExportPlan plan, boolean used, CancelToken cancel) {
        cancel.check();
        try {
            exporter.checkOptions(plan.options());
        } catch (IllegalArgumentException e) {
            return checked(
                    exporter,
                    plan,
                    Optional.of(String.valueOf(e.getMessage()).replace("format." + exporter.id() + ".", "")),
                    used);
        }
        try {
            return checked(exporter, plan, Optional.empty(), used);
        } catch (BadInputException e) {
            return new CheckedFormat(exporter, List.of(), List.of(), Optional.of(String.valueOf(e.getMessage())), used);
        }
    }

    private static CheckedFormat checked(Exporter exporter, ExportPlan plan, Optional<String> refused, boolean used) {
        List<ExportProblem> problems = Exporters.problems(exporter, plan);
        return new CheckedFormat(exporter, problems, Exporters.leftFloat(plan, problems), refused, used);
    }

    /** A sentence that says how many constants stay in float; empty if none does. */
    public String stays() {
        if (leftFloat.isEmpty()) {
            return "";
        }
        long wanted = leftFloat.stream().filter(LeftFloat::wanted).count();
        String all = leftFloat.size() == 1
                ? "1 constant stays in float"
                : Figures.count(leftFloat.size()) + " constants stay in float";
        return switch ((int) wanted) {
            case 0 -> all + ".";
            case 1 -> all + ", 1 of them a weight that was to be quantized.";
            default -> all + ", " + Figures.count(wanted) + " of them weights that were to be quantized.";
        };
    }

    /** Which constants stay in float and why, a line each. */
    public String reasons() {
        String shown = leftFloat.stream()
                .limit(MOST_SHOWN)
                .map(l -> Invisible.escaped(l.id() + ": " + l.why()))
                .collect(Collectors.joining("\n"));
        return leftFloat.size() > MOST_SHOWN ? shown + "\nand " + (leftFloat.size() - MOST_SHOWN) + " more" : shown;
    }

    public boolean ready() {
        return problems.isEmpty() && refused.isEmpty();
    }

    public long errors() {
        return problems.stream().filter(p -> p.severity() == Severity.ERROR).count();
    }

    public long fixes() {
        return problems.stream().filter(p -> p.fix().isPresent()).count();
    }

    /** A text for the user: {@code ready}, or how many problems there are. */
    public String state() {
        return refused.isPresent()
                ? "option refused"
                : problems.isEmpty()
                        ? "ready"
                        : problems.size() == 1 ? "1 problem" : Figures.count(problems.size()) + " problems";
    }

    /** A sentence that says whether the settings can be exported. */
    public String verdict() {
        return refused.map(why -> "Not ready: " + why + ".")
                .orElseGet(() -> problems.isEmpty()
                        ? "Every setting is taken as it is."
                        : whole().isPresent()
                                ? sentence(whole().get().why())
                                : errors() > 0
                                        ? tensors() + " cannot be carried and will be left as in the model."
                                        : settings(problems.size()) + " taken with a difference.");
    }

    /** A problem of the whole file. */
    private Optional<ExportProblem> whole() {
        return problems.stream()
                .filter(p -> p.severity() == Severity.ERROR && p.tensor().isEmpty())
                .findFirst();
    }

    private static String sentence(String why) {
        return Character.toUpperCase(why.charAt(0)) + why.substring(1) + ".";
    }

    private String tensors() {
        long n = problems.stream()
                .filter(p -> p.severity() == Severity.ERROR)
                .map(ExportProblem::tensor)
                .distinct()
                .count();
        return n == 1 ? "1 tensor" : Figures.count(n) + " tensors";
    }

    private static String settings(long n) {
        return n == 1 ? "1 setting is" : Figures.count(n) + " settings are";
    }

    /** A sentence that says what the format cannot store. */
    public String loses() {
        return exporter.loses().isEmpty()
                ? "The format carries every part of the settings."
                : "Not in this format: "
                        + exporter.loses().stream().map(Exporter.Field::words).collect(Collectors.joining(", ")) + ".";
    }
}
