package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.verify.Verification;
import org.quantscope.core.verify.Verification.Ran;
import org.quantscope.core.verify.Verification.ReRead;
import org.quantscope.core.verify.Verification.Refused;
import org.quantscope.core.verify.Verification.Run;
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
        Dataset whole =
                ModelSetup.openCalibrationData(recorded.path(), Optional.of(state), UnaryOperator.identity(), cancel);
        Dataset data = limit > 0 ? whole.limit(limit) : whole;
        Optional<String> changed = FileRef.of(data).differsFrom(recorded);
        if (changed.isPresent()) {
            terminal.warn("not verified: " + recorded.path().resolveSibling(changed.get())
                    + " has another content than when the config was made and no --data is given");
            return Optional.empty();
        }
        return Optional.of(data);
    }

    /** The result as a value in the command's JSON. The figures beside {@code as_run} are the same as in it. */
    static Json json(Verification verified) {
        Json json = new Json().put("by", verified.by());
        if (verified instanceof Ran ran) {
            json.put("version", ran.version())
                    .put("output", ran.output())
                    .put("metric", ran.asWritten().figure().task().id());
            if (ran.asRun() instanceof Run run) {
                figures(json, run);
            }
            json.put("as_written", figures(new Json(), ran.asWritten()))
                    .put(
                            "as_run",
                            switch (ran.asRun()) {
                                case Run run -> figures(new Json(), run);
                                case Refused(String why) -> new Json().put("refused", why);
                            });
            ran.exactSums().ifPresent(exact -> json.put("exact_sums", figures(new Json(), exact)));
        }
        return json;
    }

    private static Json figures(Json json, Run run) {
        json.put("samples", run.samples());
        if (run.floatAgreement().isEmpty()) {
            json.put("metric", run.figure().task().id())
                    .put("score", run.figure().score())
                    .put("float_score", run.figure().floatScore());
        }
        json.put("float_agreement", run.floatAgreement())
                .put("live_agreement", run.liveAgreement())
                .put("accuracy", run.accuracy())
                .put("max_abs_logit_diff", run.maxAbsLogitDiff())
                .put("live_sqnr_db", run.liveSqnrDb())
                .put("logit_sqnr_db", run.figure().logitSqnrDb());
        return run.others().isEmpty() ? json : json.put("other_outputs", others(run));
    }

    private static List<Json> others(Run run) {
        return run.others().stream()
                .map(o -> new Json()
                        .put("name", o.name())
                        .put("differing", o.differing())
                        .put("live_sqnr_db", o.whole() ? Double.NaN : o.live().sqnrDb())
                        .put("agrees", o.live().isSmall()))
                .toList();
    }

    /** The result in lines of text. */
    static List<String> text(Verification verified) {
        return switch (verified) {
            case Ran ran -> {
                List<String> lines = new ArrayList<>(List.of(
                        (ran.asRun() instanceof Run ? "verified in" : "not run by") + " ONNX Runtime " + ran.version()
                                + " with default options"
                                + switch (ran.asRun()) {
                                    case Run run -> text(run);
                                    case Refused(String why) -> ": " + why;
                                },
                        "verified in ONNX Runtime " + ran.version() + " node by node" + text(ran.asWritten())));
                ran.exactSums()
                        .ifPresent(exact -> lines.add("verified in ONNX Runtime " + ran.version()
                                + " with session.x64quantprecision=1" + text(exact)));
                if (ran.outputs().size() > 1) {
                    lines.add("scored: the output " + ran.output() + " of " + String.join(", ", ran.outputs()));
                }
                yield lines;
            }
            case ReRead read -> List.of("verified: it reads back as the same settings, " + read.tensors() + " tensors");
            case WellFormed formed ->
                List.of("verified: " + (formed.files() == 1 ? "the file is" : "all " + formed.files() + " files are")
                        + " well formed; nothing here reads the format");
        };
    }

    private static String text(Run run) {
        return " on " + run.samples() + " samples: "
                + (run.floatAgreement().isPresent() && run.liveAgreement().isPresent()
                        ? "same answer as the float model on "
                                + Text.percent(run.floatAgreement().getAsDouble())
                                + ", as our own evaluation on "
                                + Text.percent(run.liveAgreement().getAsDouble())
                        : run.figure().task().headline() + " "
                                + Text.number(run.figure().score()) + ", of the float model "
                                + Text.number(run.figure().floatScore()) + ", at most "
                                + Text.number(run.maxAbsLogitDiff()) + " from our own evaluation")
                + (run.accuracy().isPresent()
                        ? ", accuracy " + Text.percent(run.accuracy().getAsDouble())
                        : "")
                + run.besides();
    }
}
