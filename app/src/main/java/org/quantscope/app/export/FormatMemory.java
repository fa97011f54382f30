package org.quantscope.app.export;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.quantscope.app.session.Settings;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.quant.OptionDoc;

/** The formats that were used recently, and the options that were set for each; remembered between runs. */
final class FormatMemory {
    /** How many formats are listed first because they were used recently. */
    static final int RECENT = 5;

    private static final String RECENT_KEY = "export.recent";
    private static final String OPTION_KEY = "export.option.";

    private final Settings settings;
    private final Map<String, Map<String, String>> options = new HashMap<>();

    FormatMemory(Settings settings) {
        this.settings = settings;
        for (Exporter exporter : Exporters.all()) {
            Map<String, String> given = new TreeMap<>();
            for (OptionDoc option : exporter.options()) {
                settings.text(optionKey(exporter, option.name())).ifPresent(v -> given.put(option.name(), v));
            }
            options.put(exporter.id(), given);
        }
    }

    private static String optionKey(Exporter exporter, String option) {
        return OPTION_KEY + exporter.id() + "." + option;
    }

    /** The formats that were used recently, the last one first. */
    List<Exporter> recent() {
        return ids().stream()
                .flatMap(id -> Exporters.all().stream().filter(e -> e.id().equals(id)))
                .distinct()
                .limit(RECENT)
                .toList();
    }

    private List<String> ids() {
        return settings.text(RECENT_KEY).map(t -> List.of(t.split(","))).orElse(List.of());
    }

    /** Records that a format was used: from now on it is listed first. */
    void used(Exporter exporter) {
        List<String> ids = new ArrayList<>(ids());
        ids.remove(exporter.id());
        ids.addFirst(exporter.id());
        settings.setText(
                RECENT_KEY,
                ids.stream().filter(id -> !id.isBlank()).limit(RECENT).collect(Collectors.joining(",")));
    }

    /** The options that were set for a format, without those left at their defaults. */
    Map<String, String> given(Exporter exporter) {
        return Map.copyOf(options.getOrDefault(exporter.id(), Map.of()));
    }

    /** All options of a format in their order, those left at their defaults too. */
    Map<String, String> values(Exporter exporter) {
        Map<String, String> values = new LinkedHashMap<>();
        Map<String, String> given = given(exporter);
        exporter.options().forEach(o -> values.put(o.name(), given.getOrDefault(o.name(), o.defaultValue())));
        return values;
    }

    /**
     * Sets an option of a format.
     *
     * @return false if it has that value already
     */
    boolean set(Exporter exporter, String name, String value) {
        if (value.equals(values(exporter).get(name))) {
            return false;
        }
        options.computeIfAbsent(exporter.id(), id -> new TreeMap<>()).put(name, value);
        settings.setText(optionKey(exporter, name), value);
        return true;
    }
}
