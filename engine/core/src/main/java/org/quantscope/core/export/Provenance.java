package org.quantscope.core.export;

import java.util.SortedMap;
import java.util.TreeMap;
import org.quantscope.core.ProductVersion;
import org.quantscope.core.session.AppliedCorrection;

/** Where an exported file comes from, for formats with room for it: the program, the model, the corrections and the data. */
final class Provenance {
    private Provenance() {}

    /** Keys beginning with {@code quantscope.}; digests are of SHA-256 in lower-case hex. */
    static SortedMap<String, String> of(ExportPlan plan) {
        SortedMap<String, String> props = new TreeMap<>();
        props.put("quantscope.version", ProductVersion.current());
        props.put("quantscope.model_sha256", plan.state().model().sha256());
        if (!plan.state().corrections().isEmpty()) {
            props.put("quantscope.corrections", AppliedCorrection.ids(plan.state().corrections()));
        }
        plan.state().calibrationData().ifPresent(d -> props.put("quantscope.calibration_data_sha256", d.sha256()));
        plan.state().evaluationData().ifPresent(d -> props.put("quantscope.evaluation_data_sha256", d.sha256()));
        return props;
    }
}
