package org.quantscope.app.session;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.quantscope.app.ui.Figures;
import org.quantscope.core.io.Invisible;
import org.quantscope.core.model.Model;
import org.quantscope.core.tensor.BlockFormat;
import org.quantscope.core.tensor.Tensor;

/**
 * What is known of an opened model besides its values, as texts for a person: without characters that do not print.
 *
 * @param facts each with a name
 * @param notes what the loader skipped or assumed
 * @param metadata what the file says of itself
 */
public record ModelFacts(List<Fact> facts, List<String> notes, List<Fact> metadata) {
    public ModelFacts {
        facts = List.copyOf(facts);
        notes = List.copyOf(notes);
        metadata = List.copyOf(metadata);
    }

    /** A line of a table. */
    public record Fact(String name, String value) {
        /** True if name or value holds that text, whatever the case. */
        public boolean holds(String text) {
            String wanted = text.strip().toLowerCase(java.util.Locale.ROOT);
            return (name + "\n" + value).toLowerCase(java.util.Locale.ROOT).contains(wanted);
        }
    }

    public static ModelFacts of(OpenModel opened) {
        Model model = opened.source();
        List<Fact> facts = new ArrayList<>();
        facts.add(
                new Fact("File", Invisible.escaped(model.file().toAbsolutePath().toString())));
        facts.add(new Fact(
                "Format",
                model.format()
                        + model.opset().stream().mapToObj(o -> ", opset " + o).collect(Collectors.joining())));
        facts.add(new Fact("SHA-256", opened.file().sha256()));
        facts.add(new Fact("Stored tensors", tensors(model)));
        List<Fact> metadata = new ArrayList<>();
        model.metadata()
                .forEach((key, value) -> metadata.add(new Fact(Invisible.escaped(key), Invisible.escaped(value))));
        return new ModelFacts(
                facts, model.notes().stream().map(Invisible::escaped).toList(), metadata);
    }

    /** How many there are of each type, and their bytes. */
    private static String tensors(Model model) {
        Map<String, List<Tensor>> byType = model.tensors().stream()
                .collect(Collectors.groupingBy(ModelFacts::type, LinkedHashMap::new, Collectors.toList()));
        return model.tensors().size() + ", " + bytes(model.tensors())
                + (byType.size() < 2 && !byType.isEmpty()
                        ? " of " + byType.keySet().iterator().next()
                        : byType.entrySet().stream()
                                .map(t -> t.getValue().size() + " " + t.getKey() + " (" + bytes(t.getValue()) + ")")
                                .collect(Collectors.joining(", ", ": ", "")));
    }

    private static String type(Tensor tensor) {
        return tensor.data()
                .format()
                .map(BlockFormat::id)
                .orElseGet(() -> tensor.info().dtype().name());
    }

    private static String bytes(List<Tensor> tensors) {
        return Figures.bytes(
                tensors.stream().mapToLong(t -> t.data().storedBytes()).sum());
    }
}
