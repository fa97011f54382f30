package org.quantscope.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.export.Exporters;

/** An export target and its options, as {@code --format} gives them. */
record FormatChoice(Exporter exporter, Map<String, String> options) {
    /**
     * Parses {@code ID[:key=value,…]}.
     *
     * @throws IllegalArgumentException naming an unknown id, an unknown option, a malformed pair or a value that the
     *     option does not accept
     */
    static FormatChoice parse(String text) {
        String[] parts = text.split(":", 2);
        Exporter exporter = Exporters.byId(parts[0]);
        Map<String, String> options = new LinkedHashMap<>();
        if (parts.length == 2) {
            for (String pair : parts[1].split(",", -1)) {
                String[] keyValue = pair.split("=", 2);
                if (keyValue.length != 2 || keyValue[1].isEmpty()) {
                    throw new IllegalArgumentException("--format: key=value is needed, got " + pair);
                }
                if (options.put(keyValue[0], keyValue[1]) != null) {
                    throw new IllegalArgumentException("--format: " + keyValue[0] + " is given twice");
                }
            }
        }
        exporter.checkOptions(options);
        return new FormatChoice(exporter, options);
    }
}
