package org.quantscope.app.departure;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.quantscope.app.departure.CompareState.First;
import org.quantscope.app.departure.CompareState.Form;
import org.quantscope.app.departure.CompareState.Row;
import org.quantscope.core.departure.Alignment;
import org.quantscope.core.departure.ComparedForms;
import org.quantscope.core.departure.Departure;
import org.quantscope.core.departure.NetworkComparison;
import org.quantscope.core.departure.Pairs;
import org.quantscope.core.io.Invisible;

/** A deployed form that was chosen: its file, the pairs given by hand, and what came of the last comparison. */
final class FormResult {
    private final Map<String, String> pairs = new LinkedHashMap<>();
    private @Nullable Path file;
    private @Nullable NetworkComparison found;
    private Map<String, String> comparedWith = Map.of();

    /** @param next none to forget the form */
    void choose(@Nullable Path next) {
        file = next;
        found = null;
        pairs.clear();
        comparedWith = Map.of();
    }

    /** What is to be compared now. */
    Optional<ComparedForms.Form> asked() {
        return Optional.ofNullable(file).map(f -> new ComparedForms.Form(f, pairs));
    }

    /** @param asked what {@link #asked} said when the comparison began */
    void took(NetworkComparison result, ComparedForms.Form asked) {
        found = result;
        comparedWith = asked.pairs();
    }

    /**
     * Says which deployed tensor one of the float model is.
     *
     * @param to empty for none
     */
    void pair(String name, String to) {
        // A deployed tensor is one tensor: who had it before has none.
        pairs.entrySet().removeIf(e -> !to.isEmpty() && e.getValue().equals(to));
        Row row = shown().rows().stream()
                .filter(r -> r.name().equals(name))
                .findFirst()
                .orElse(null);
        if (row != null && !row.deployed().equals(to)) {
            pairs.put(name, to.isEmpty() ? Pairs.NONE : to);
        }
    }

    /** True if pairs were changed since the last comparison. */
    boolean isChanged() {
        return found != null && !pairs.equals(comparedWith);
    }

    Form shown() {
        Path chosen = file;
        if (chosen == null) {
            return Form.NONE;
        }
        NetworkComparison result = found;
        String name = Invisible.escaped(String.valueOf(chosen.getFileName()));
        return result == null
                ? new Form(name, List.of(), List.of(), Optional.empty())
                : new Form(name, rows(result), names(result), result.first().map(FormResult::first));
    }

    private static First first(Departure d) {
        return new First(
                d.name().name(),
                d.cause().title(),
                d.part(),
                d.said(),
                d.figures().orElse(""));
    }

    private static List<String> names(NetworkComparison result) {
        Set<String> names = new TreeSet<>(result.alignment().onlyDeployed());
        result.alignment().pairs().forEach(p -> names.add(p.deployed()));
        return List.copyOf(names);
    }

    private List<Row> rows(NetworkComparison result) {
        Map<String, Alignment.Pair> aligned = result.alignment().pairs().stream()
                .collect(Collectors.toMap(p -> p.name().name(), p -> p, (a, b) -> a));
        Map<String, List<String>> ambiguous = new HashMap<>();
        result.alignment().ambiguous().forEach(a -> ambiguous.put(a.name().name(), a.candidates()));
        List<Row> rows = new ArrayList<>();
        for (NetworkComparison.Row row : result.tensors()) {
            Alignment.Pair pair = aligned.get(row.name().name());
            String layout = pair == null || pair.layout().equals("same") ? "" : ", " + pair.layout();
            rows.add(row(
                    row.name().name(),
                    row.deployed(),
                    pair == null ? "" : pair.how().said() + layout,
                    row.errorDb(),
                    row.explainedDb(),
                    row.departs(),
                    result.first().filter(d -> d.name().equals(row.name())).isPresent()));
        }
        for (String name : result.alignment().onlyFloat()) {
            List<String> candidates = ambiguous.getOrDefault(name, List.of());
            rows.add(row(
                    name,
                    "",
                    candidates.isEmpty() ? "no counterpart" : "ambiguous: " + String.join(" or ", candidates),
                    OptionalDouble.empty(),
                    OptionalDouble.empty(),
                    false,
                    result.first().filter(d -> d.name().name().equals(name)).isPresent()));
        }
        return rows;
    }

    private Row row(
            String name,
            String deployed,
            String how,
            OptionalDouble error,
            OptionalDouble explained,
            boolean departs,
            boolean first) {
        String chosen = pairs.get(name);
        String now = chosen == null ? deployed : chosen.equals(Pairs.NONE) ? "" : chosen;
        return new Row(name, now, how, error, explained, departs, first, !now.equals(deployed));
    }
}
