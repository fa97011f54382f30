package org.quantscope.core.export;

import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import tools.jackson.core.JsonGenerator;

/**
 * {@linkplain org.quantscope.core.session.Provenance Where an exported file comes from}, in the forms that formats can
 * hold.
 */
final class ProvenanceText {
    private static final String TOOL = "tool";
    private static final String TOOL_VERSION = "tool_version";
    private static final String MODEL = "model_sha256";

    private ProvenanceText() {}

    private static Map<String, String> facts(ExportPlan plan) {
        return org.quantscope.core.session.Provenance.of(plan.state());
    }

    static String version(ExportPlan plan) {
        return Python.comment(facts(plan).getOrDefault(TOOL_VERSION, ""));
    }

    static String modelSha256(ExportPlan plan) {
        return Python.comment(facts(plan).getOrDefault(MODEL, ""));
    }

    /** As metadata of a model: the keys begin with {@code quantscope.}. */
    static SortedMap<String, String> of(ExportPlan plan) {
        SortedMap<String, String> props = new TreeMap<>(facts(plan));
        props.remove(TOOL);
        return props.entrySet().stream()
                .collect(Collectors.toMap(
                        e -> "quantscope." + (e.getKey().equals(TOOL_VERSION) ? "version" : e.getKey()),
                        Map.Entry::getValue,
                        (a, b) -> a,
                        TreeMap::new));
    }

    /** Writes the member {@code provenance}, an object of strings. */
    static void write(JsonGenerator json, ExportPlan plan) {
        json.writeObjectPropertyStart("provenance");
        facts(plan).forEach(json::writeStringProperty);
        json.writeEndObject();
    }

    /** As lines of a comment, to follow a line that names the program and the model. */
    static String comments(ExportPlan plan, String mark) {
        return comments(plan, mark, Python::comment);
    }

    /** @param comment makes text fit for a comment of the language */
    static String comments(ExportPlan plan, String mark, UnaryOperator<String> comment) {
        return facts(plan).entrySet().stream()
                .filter(e -> !Set.of(TOOL, TOOL_VERSION, MODEL).contains(e.getKey()))
                .map(e -> mark + comment.apply(e.getKey().replace('_', ' ') + ": " + e.getValue()) + "\n")
                .collect(Collectors.joining());
    }
}
