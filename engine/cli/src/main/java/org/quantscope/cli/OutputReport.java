package org.quantscope.cli;

import java.util.Optional;
import org.quantscope.core.calib.Importances;
import org.quantscope.core.layerwise.OutputError;
import org.quantscope.core.tensor.TensorId;

/** How commands say what the error at the output of a layer is. */
final class OutputReport {
    private OutputReport() {}

    /** Adds {@code output_mse} and {@code output_sqnr_db}, and {@code output_exact} where they are not. */
    static Json put(Json json, OutputError at) {
        json.put("output_mse", at.mse()).put("output_sqnr_db", at.sqnrDb());
        return at.exact() ? json : json.put("output_exact", false);
    }

    static String mse(OutputError at) {
        return about(at) + Text.number(at.mse());
    }

    static String sqnrDb(OutputError at) {
        return at.sqnrDb().isEmpty() ? Text.number(at.sqnrDb()) : about(at) + Text.number(at.sqnrDb());
    }

    private static String about(OutputError at) {
        return at.exact() ? "" : "≈ ";
    }

    /** Why there is no such error, or why it is not exact. */
    static Optional<String> note(Optional<OutputError> at, Importances known, TensorId weight) {
        return at.isEmpty()
                ? Optional.of(known.withoutMoments(weight))
                : at.get().exact()
                        ? Optional.empty()
                        : Optional.of("≈ at the output: for want of memory, inputs of the layer that are far from each"
                                + " other count as uncorrelated");
    }
}
