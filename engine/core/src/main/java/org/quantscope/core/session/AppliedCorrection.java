package org.quantscope.core.session;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * A correction of the float model that a person has applied: everything needed to make the same model again.
 *
 * @param id of the correction
 * @param options by name; one left out has its default
 * @param data the calibration data that it used, if it needs any
 * @param settings how the model was quantized when it was applied, if it depends on that. They stay as they were: a
 *     later change of bits does not change the weights of the float model.
 * @param learned what it found, for one that trains: it is taken over, not found again
 */
public record AppliedCorrection(
        String id,
        Map<String, String> options,
        Optional<FileRef> data,
        Optional<CorrectionSettings> settings,
        Optional<LearnedValues> learned) {
    public AppliedCorrection {
        if (id.isBlank()) {
            throw new IllegalArgumentException("id: a name is needed, got \"" + id + "\"");
        }
        options = Collections.unmodifiableMap(new TreeMap<>(options));
    }

    /** One whose result follows from the rest. */
    public AppliedCorrection(
            String id, Map<String, String> options, Optional<FileRef> data, Optional<CorrectionSettings> settings) {
        this(id, options, data, settings, Optional.empty());
    }

    /** The same with what it found. */
    public AppliedCorrection withLearned(LearnedValues values) {
        return new AppliedCorrection(id, options, data, settings, Optional.of(values));
    }

    /** The ids of corrections, in their order, on one line for provenance. */
    public static String ids(List<AppliedCorrection> corrections) {
        return corrections.stream().map(AppliedCorrection::id).collect(Collectors.joining(", "));
    }
}
