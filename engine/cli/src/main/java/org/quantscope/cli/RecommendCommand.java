package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.export.ExportProblem;
import org.quantscope.core.improve.Fitted;
import org.quantscope.core.improve.Recommendation;
import org.quantscope.core.improve.RunTarget;
import org.quantscope.core.io.Destination;
import org.quantscope.core.io.ShellWords;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.InputFiles;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.SketchFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "recommend",
        description = {
            "Finds settings for the place where the model is to run: what it can hold is measured on one half of the"
                    + " data, and the cheapest that is as good as the best is reported on the other half."
        },
        footer = {
            "",
            "Example:",
            "  quantscope recommend model.onnx --target onnx-runtime --data test.npz -o config.json"
        })
final class RecommendCommand extends EngineCommand {
    @Parameters(paramLabel = "MODEL", description = "A model that can be run.")
    private Path file;

    @Option(
            names = "--target",
            paramLabel = "ID",
            required = true,
            description = "Where it is to run; quantscope list places.")
    private String target;

    @Option(
            names = "--data",
            paramLabel = "D",
            required = true,
            description = "One seeded half is chosen on, the other is reported on.")
    private Path data;

    @Option(
            names = "--calibration-data",
            paramLabel = "D2",
            description = "Data to find ranges on (default: the half that is chosen on).")
    private @Nullable Path calibrationData;

    @Option(names = "--limit", paramLabel = "N", description = "Use only the first N samples of --data.")
    private @Nullable Integer limit;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "CFG",
            required = true,
            description = "The config to write (.json).")
    private Path output;

    RecommendCommand(Terminal terminal, CancelToken cancel) {
        super(terminal, cancel);
    }

    @Override
    public Integer call() throws IOException {
        long start = System.nanoTime();
        if (limit != null && limit < 2) {
            throw usage("--limit: at least 2, one for each half, got " + limit);
        }
        RunTarget where = checked(() -> RunTarget.byId(target));
        InputFiles inputs = new InputFiles().model(file).data(data);
        Optional.ofNullable(calibrationData).ifPresent(inputs::data);
        inputs.keep(List.of(output, SketchFile.beside(output)));
        Destination.of(output);
        SessionState asked = SessionState.of(FileRef.ofModel(file, cancel()));
        Model model = ModelSetup.openGraph(file, asked);
        ModelSetup.warnOfNonFinite(model, terminal(), cancel());
        Dataset samples = ModelSetup.openData(data, limit == null ? 0 : limit, Optional.of(asked), cancel());
        Optional<Dataset> calibration = calibrationData == null
                ? Optional.empty()
                : Optional.of(ModelSetup.openData(calibrationData, 0, Optional.empty(), cancel()));
        SessionState state = asked.withEvaluationData(Optional.of(FileRef.of(samples)))
                .withCalibrationData(calibration.map(FileRef::of));
        Model reference = ModelSetup.reference(file, null, state, model, terminal(), cancel());
        Recommendation.Result result;
        try (Terminal.Bar bar = terminal().progress("recommend")) {
            result = Recommendation.of(
                    new Recommendation.Asked(
                            model,
                            reference,
                            state,
                            where,
                            samples,
                            calibration,
                            Runtime.getRuntime().availableProcessors()),
                    bar,
                    cancel());
        }
        cancel().check();
        Fitted fitted = result.fitted();
        SessionFile.write(
                new Session(
                        fitted.state(),
                        new Resolver().ranges(fitted.state(), fitted.calibration(), cancel()),
                        fitted.solved().solved()),
                fitted.seen(),
                output);
        Path exported = output.resolveSibling("model" + where.exporter().extension());
        String export = ShellWords.line(List.of(
                "quantscope",
                "export",
                file.toString(),
                "--config",
                output.toString(),
                "--format",
                where.format()
                        + where.options().entrySet().stream()
                                .map(e -> e.getKey() + "=" + e.getValue())
                                .collect(Collectors.collectingAndThen(
                                        Collectors.joining(","), o -> o.isEmpty() ? "" : ":" + o)),
                "-o",
                exported.toString()));
        String next = where.nextCommand(exported, file);
        double seconds = (System.nanoTime() - start) / 1e9;
        Json json = json(result, where, reference, seconds)
                .put("next", List.of(export, next))
                .put("seconds", seconds);
        print(json, () -> people(result, export, next));
        return ExitCode.DONE;
    }

    private Json json(Recommendation.Result result, RunTarget where, Model reference, double seconds) {
        Json evaluated = EvalReport.json(
                result.reported(),
                result.how(),
                reference,
                result.size(),
                result.how().notes(),
                seconds,
                seconds);
        result.overFloat().ifPresent(i -> evaluated.put("delta_lo95", i.lo()).put("delta_hi95", i.hi()));
        return new Json()
                .put("config", output.toString())
                .put("target", where.id())
                .put("format", where.format())
                .put("chosen", json(result.chosen()))
                .put("chosen_on", new Json().put("samples", result.chosenOn()))
                .put("reported_on", new Json().put("samples", result.reported().total()))
                .put(
                        "calibrated_on",
                        new Json().put("samples", result.calibration().size()))
                .put("evaluated", evaluated)
                .put(
                        "tried",
                        result.tried().stream().map(RecommendCommand::json).toList())
                .put(
                        "problems",
                        result.problems().stream().map(RecommendCommand::json).toList());
    }

    private static Json json(Recommendation.Tried tried) {
        Json json = new Json().put("settings", tried.option().title());
        if (tried.figure().isEmpty()) {
            return json.put("why", tried.why());
        }
        return json.put("score", tried.figure().get().score())
                .put("size_bytes", tried.bytes())
                .put("bit_ops", tried.bitOperations())
                .put("solved", tried.solved())
                .put("as_good", tried.asGood());
    }

    private static Json json(ExportProblem p) {
        return new Json()
                .put("target", p.target())
                .put("tensor", p.tensor())
                .put("why", p.why())
                .put("remedy", p.remedy())
                .put("severity", p.severity().name().toLowerCase(Locale.ROOT));
    }

    private void people(Recommendation.Result result, String export, String next) {
        Table table =
                new Table("settings", ">size", ">" + result.reported().task().title(), "");
        result.tried()
                .forEach(t -> table.row(
                        t.option().title(),
                        t.figure().isEmpty() ? "" : Text.bytes(t.bytes()),
                        t.figure()
                                .map(f -> EvaluatingCommand.text(f, f.score()))
                                .orElse(""),
                        t.equals(result.chosen())
                                ? "chosen"
                                : t.figure().isEmpty() ? t.why() : t.asGood() ? "as good" : "worse"));
        table.print(terminal());
        AccuracyEstimate a = result.reported();
        terminal()
                .out()
                .println("chosen on " + result.chosenOn() + " samples; on " + a.total()
                        + " others: " + EvaluatingCommand.text(a, a.score()) + ", float "
                        + EvaluatingCommand.text(a, a.floatScore())
                        + result.overFloat()
                                .map(i -> ", difference " + EvaluatingCommand.text(a, a.delta()) + " ["
                                        + EvaluatingCommand.text(a, i.lo()) + ", " + EvaluatingCommand.text(a, i.hi())
                                        + "] at 95 %")
                                .orElse(""));
        result.problems().forEach(p -> terminal().out().println("note: " + p.tensor() + ": " + p.why()));
        terminal().out().println(export);
        terminal().out().println(next);
    }
}
