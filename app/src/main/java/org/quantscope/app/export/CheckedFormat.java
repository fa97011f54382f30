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
import org.quantscope.core.job.CancelToken;

/**
 * A format and how ready the settings are for it.
 *
 * @param problems in the order of the tensors
 * @param refused why its options are not valid; empty if they are
 * @param recent true if it was used recently
 */
public record CheckedFormat(Exporter exporter, List<ExportProblem> problems, Optional<String> refused, boolean recent) {
    public CheckedFormat {
        problems = List.copyOf(problems);
    }

    /** Checks a plan against a format. */
    static CheckedFormat of(Exporter exporter, ExportPlan plan, boolean used, CancelToken cancel) {
        cancel.check();
        try {
            exporter.checkOptions(plan.options());
        } catch (IllegalArgumentException e) {
            return new CheckedFormat(
                    exporter,
                    Exporters.problems(exporter, plan),
                    Optional.of(String.valueOf(e.getMessage()).replace("format." + exporter.id() + ".", "")),
                    used);
        }
        try {
            return new CheckedFormat(exporter, Exporters.problems(exporter, plan), Optional.empty(), used);
        } catch (BadInputException e) {
            return new CheckedFormat(exporter, List.of(), Optional.of(String.valueOf(e.getMessage())), used);
        }
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
                        : problems.stream()
                                        .anyMatch(p -> p.severity() == Severity.ERROR
                                                && p.tensor().isEmpty())
                                ? "The file would contain nothing."
                                : errors() > 0
                                        ? tensors() + " cannot be carried and will be left as in the model."
                                        : settings(problems.size()) + " taken with a difference.");
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
