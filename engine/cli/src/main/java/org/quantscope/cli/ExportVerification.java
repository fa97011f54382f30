package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.verify.Verification;
import org.quantscope.core.verify.Verification.Ran;
import org.quantscope.core.verify.Verification.ReRead;
import org.quantscope.core.verify.Verification.WellFormed;

/** How an export is verified, and how the result is reported. */
final class ExportVerification {
    private ExportVerification() {}

    /**
     * The data to verify on: the file that was asked for, otherwise the config's calibration data, if it has not
     * changed. It is opened before anything is exported, so that a wrong name leaves no files behind.
     */
    static Optional<Dataset> data(
            @Nullable Path asked, int limit, SessionState state, Terminal terminal, CancelToken cancel)
            throws IOException {
        if (asked != null) {
            return Optional.of(ModelSetup.openData(asked, limit, Optional.of(state), cancel));
        }
        if (state.calibrationData().isEmpty()) {
            terminal.warn("not verified: the config records no calibration data and no --data is given");
            return Optional.empty();
        }
        FileRef recorded = state.calibrationData().get();
        if (!Files.exists(recorded.path())) {
            terminal.warn("not verified: the calibration data is not at " + recorded.path()
                    + " any more and no --data is given");
            return Optional.empty();
        }
        Dataset data = ModelSetup.openData(recorded.path(), limit, Optional.of(state), cancel);
        if (!data.sha256().equals(recorded.sha256())) {
            terminal.warn("not verified: " + recorded.path()
                    + " has another content than when the config was made and no --data is given");
            return Optional.empty();
        }
        return Optional.of(data);
    }

    /** The result as a value in the command's JSON. */
    static Json json(Verification verified) {
        Json json = new Json().put("by", verified.by());
        if (verified instanceof Ran ran) {
            json.put("samples", ran.samples());
            if (ran.floatAgreement().isEmpty()) {
                json.put("metric", ran.figure().task().id())
                        .put("score", ran.figure().score())
                        .put("float_score", ran.figure().floatScore());
            }
            json.put("float_agreement", ran.floatAgreement())
                    .put("live_agreement", ran.liveAgreement())
                    .put("accuracy", ran.accuracy())
                    .put("max_abs_logit_diff", ran.maxAbsLogitDiff());
        }
        return json;
    }

    /** The result in one line of text. */
    static String text(Verification verified) {
        return switch (verified) {
            case Ran ran ->
                "verified in ONNX Runtime on " + ran.samples() + " samples: "
                        + (ran.floatAgreement().isPresent()
                                        && ran.liveAgreement().isPresent()
                                ? "same answer as the float model on "
                                        + Text.percent(ran.floatAgreement().getAsDouble())
                                        + ", as our own evaluation on "
                                        + Text.percent(ran.liveAgreement().getAsDouble())
                                : ran.figure().task().headline() + " "
                                        + Text.number(ran.figure().score()) + ", of the float model "
                                        + Text.number(ran.figure().floatScore()) + ", at most "
                                        + Text.number(ran.maxAbsLogitDiff()) + " from our own evaluation")
                        + (ran.accuracy().isPresent()
                                ? ", accuracy " + Text.percent(ran.accuracy().getAsDouble())
                                : "");
            case ReRead read -> "verified: it reads back as the same settings, " + read.tensors() + " tensors";
            case WellFormed formed ->
                "verified: " + (formed.files() == 1 ? "the file is" : "all " + formed.files() + " files are")
                        + " well formed; nothing here reads the format";
        };
    }
}
