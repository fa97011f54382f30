package org.quantscope.core.session;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * A correction of the float model that a person has applied: all that is needed to make the same model again.
 *
 * @param id of the correction
 * @param options by name; one left out has its default
 * @param data the calibration data that it rests on, if it needs some
 * @param settings how the model was quantized when it was applied, if it rests on that. They are kept as they were: bits
 *     that are changed later change no weight of the float model.
 */
public record AppliedCorrection(
        String id, Map<String, String> options, Optional<FileRef> data, Optional<CorrectionSettings> settings) {
    public AppliedCorrection {
        if (id.isBlank()) {
            throw new IllegalArgumentException("id: a name is needed, got \"" + id + "\"");
        }
        options = Collections.unmodifiableMap(new TreeMap<>(options));
    }

    /** The ids in their order, for a line of provenance. */
    public static String ids(List<AppliedCorrection> corrections) {
        return corrections.stream().map(AppliedCorrection::id).collect(Collectors.joining(", "));
    }
}
