package org.quantscope.core.sweep;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.quantscope.core.correction.Correction;
import org.quantscope.core.correction.Corrections;
import org.quantscope.core.correction.TrainedCorrection;
import org.quantscope.core.quant.OptionDoc;

/** A correction as a plan asks for it: {@code ID[:key=value,…]}. */
record AskedCorrection(Correction correction, Map<String, String> options) {
    /** @throws IllegalArgumentException naming an unknown id, an unknown option or a malformed pair */
    static AskedCorrection parse(String text) {
        String[] parts = text.split(":", 2);
        Correction correction = Corrections.byId(parts[0]);
        if (correction instanceof TrainedCorrection) {
            throw new IllegalArgumentException("correction: " + correction.id() + " trains the model, which a sweep"
                    + " does not do; train once and sweep over the trained model");
        }
        Map<String, String> options = new LinkedHashMap<>();
        if (parts.length == 2) {
            for (String pair : parts[1].split(",", -1)) {
                String[] keyValue = pair.split("=", 2);
                if (keyValue.length != 2 || keyValue[1].isEmpty()) {
                    throw new IllegalArgumentException("correction: key=value is needed, got " + pair);
                }
                if (correction.options().stream().noneMatch(o -> o.name().equals(keyValue[0]))) {
                    throw new IllegalArgumentException("correction: " + correction.id() + " has no option "
                            + keyValue[0] + "; it has "
                            + (correction.options().isEmpty()
                                    ? "none"
                                    : correction.options().stream()
                                            .map(OptionDoc::name)
                                            .collect(Collectors.joining(", "))));
                }
                if (options.put(keyValue[0], keyValue[1]) != null) {
                    throw new IllegalArgumentException("correction: " + keyValue[0] + " is given twice");
                }
            }
        }
        return new AskedCorrection(correction, options);
    }
}
