package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.export.QdqVerification;
import org.quantscope.core.export.QdqVerification.Verified;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.session.SessionState;

/**
 * What became of reading an exported file again.
 *
 * @param text for people, one line
 */
record Verification(Json json, String text) {
    /** Targets whose files ONNX Runtime runs. */
    static boolean runs(Exporter exporter) {
        return exporter.extension().equals(".onnx");
    }

    /**
     * The data to verify on: what was asked for, else the calibration data of the config if it is still what it was. Opened
     * before anything is written, so that a wrong name does no harm.
     */
    static Optional<Dataset> data(@Nullable Path asked, int limit, SessionState state, Terminal terminal, CancelToken cancel) throws IOException {
        if (asked != null) {
            return Optional.of(Subject.openData(asked, limit, Optional.of(state), cancel));
        }
        if (state.calibrationData().isEmpty()) {
            terminal.warn("not verified: the config records no calibration data and no --data is given");
            return Optional.empty();
        }
        FileRef recorded = state.calibrationData().get();
        if (!Files.exists(recorded.path())) {
            terminal.warn("not verified: the calibration data is not at " + recorded.path() + " any more and no --data is given");
            return Optional.empty();
        }
        Dataset data = Subject.openData(recorded.path(), limit, Optional.of(state), cancel);
        if (!data.sha256().equals(recorded.sha256())) {
            terminal.warn("not verified: " + recorded.path() + " has another content than when the config was made and no --data is given");
            return Optional.empty();
        }
        return Optional.of(data);
    }

    /** Runs an exported model beside the float model and our own evaluation. */
    static Verification byRunning(Path file, ExportPlan plan, Dataset data, Terminal terminal, CancelToken cancel) throws IOException {
        Verified verified;
        try (Terminal.Bar bar = terminal.progress("verify")) {
            verified = QdqVerification.verify(file, plan, data, bar, cancel);
        }
        Json json = new Json()
                .put("by", "onnxruntime")
                .put("samples", verified.samples())
                .put("float_agreement", verified.floatAgreement())
                .put("live_agreement", verified.liveAgreement())
                .put("accuracy", verified.accuracy())
                .put("max_abs_logit_diff", verified.maxAbsLogitDiff());
        String accuracy = verified.accuracy().isPresent() ? ", accuracy " + Text.percent(verified.accuracy().getAsDouble()) : "";
        return new Verification(json, "verified in ONNX Runtime on " + verified.samples() + " samples: same answer as the float model on "
                + Text.percent(verified.floatAgreement()) + ", as our own evaluation on " + Text.percent(verified.liveAgreement()) + accuracy);
    }

    /** Reads an exported config again. */
    static Verification byReading(Path file, ExportPlan plan) throws IOException {
        if (!SessionFile.read(file).equals(plan.state())) {
            throw new IllegalStateException(file + " does not read back as what was written");
        }
        return new Verification(new Json().put("by", "re-read"), "verified: it reads back as the same settings");
    }
}
