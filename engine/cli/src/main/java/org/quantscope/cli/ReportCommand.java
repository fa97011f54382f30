package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.io.Destination;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.layerwise.SolvedModel;
import org.quantscope.core.model.Model;
import org.quantscope.core.report.ModelReport;
import org.quantscope.core.report.Report;
import org.quantscope.core.report.ReportFigure;
import org.quantscope.core.report.ReportFile;
import org.quantscope.core.report.ReportInput;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.InputFiles;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.SketchFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "report",
        description = {
            "Writes what came of a model and its settings as one file that opens offline: figures with what they rest"
                    + " on, curves, flips, problems of each target, and the commands that give the figures again."
        },
        footer = {"", "Example:", "  quantscope report model.onnx --config config.json --data test.npz -o report.html"})
final class ReportCommand extends EngineCommand {
    @Parameters(paramLabel = "MODEL", description = "A model that can be run.")
    private Path file;

    @Option(
            names = "--config",
            paramLabel = "CFG",
            required = true,
            description = "A config of calibrate or of the desktop.")
    private Path config;

    @Option(
            names = "--data",
            paramLabel = "D",
            description = "The data to evaluate on (default: the evaluation data that the config records, if any).")
    private @Nullable Path data;

    @Option(names = "--limit", paramLabel = "N", description = "Use only the first N samples of the data.")
    private @Nullable Integer limit;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            required = true,
            description = "The file to write: .html or .pdf.")
    private Path output;

    ReportCommand(Terminal terminal, CancelToken cancel) {
        super(terminal, cancel);
    }

    @Override
    public Integer call() throws IOException {
        if (limit != null && limit < 1) {
            throw usage("--limit: at least 1, got " + limit);
        }
        checked(() -> ReportFile.checked(output));
        InputFiles inputs = new InputFiles().model(file).file(config).file(SketchFile.beside(config));
        Optional.ofNullable(data).ifPresent(inputs::data);
        Destination.of(output);
        inputs.keep(List.of(output));
        Session session = ModelSetup.readConfig(config, file, terminal(), cancel());
        SessionState state = session.state();
        Model plain = ModelSetup.openGraph(file, state, terminal(), cancel());
        InputFiles.of(plain, state).keep(List.of(output));
        Model model = Engine.scored(plain, state.scored());
        Model reference = ModelSetup.reference(file, null, state, plain, terminal(), cancel());
        Optional<Dataset> samples = samples(state);
        Calibration calibration = withMoments(
                ModelSetup.calibration(config, session, model, state, cancel()), model, state, Optional.empty());
        ModelSetup.warnOfUnfitted(model, state, calibration, terminal());
        Resolver resolver = new Resolver();
        ResolvedSettings resolved;
        try (Terminal.Bar bar = terminal().progress("resolve")) {
            resolved = resolver.resolve(model, state, calibration, bar, cancel());
        }
        SolvedModel solved = solved(model, state, resolved, session.solved(), Optional.empty());
        Session whole =
                new Session(state, resolver.ranges(state, calibration, cancel()), solved.solved(), session.scores());
        Report report;
        try (LiveEvaluator evaluator = samples.map(
                                of -> Engine.evaluator(solved.model(), reference, of, state.metric()))
                        .orElse(null);
                Terminal.Bar bar = terminal().progress("report")) {
            Optional<ReportInput.Data> on =
                    evaluator == null ? Optional.empty() : samples.map(of -> new ReportInput.Data(of, evaluator));
            report = ModelReport.of(
                    new ReportInput(
                            model,
                            reference,
                            solved,
                            whole,
                            on,
                            Optional.of(config),
                            limit == null ? OptionalInt.empty() : OptionalInt.of(limit),
                            DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm 'UTC'", Locale.ROOT)
                                    .withZone(ZoneOffset.UTC)
                                    .format(Clock.systemUTC().instant())),
                    bar,
                    cancel());
        }
        cancel().check();
        ReportFile.write(report, output);
        List<ReportFigure> figures = report.figures();
        Json json = new Json()
                .put("file", output.toString())
                .put("sha256", FileRef.of(output, cancel()).sha256())
                .put("figures", figures.stream().map(ReportCommand::json).toList());
        print(
                json,
                () -> terminal()
                        .out()
                        .println(terminal().strong(output.toString()) + "  " + figures.size() + " figures in "
                                + report.sections().size() + " sections"));
        return ExitCode.DONE;
    }

    private Optional<Dataset> samples(SessionState state) throws IOException {
        int first = limit == null ? 0 : limit;
        if (data != null) {
            return Optional.of(ModelSetup.openData(data, first, Optional.of(state), cancel()));
        }
        Optional<FileRef> recorded = state.evaluationData();
        if (recorded.isEmpty()) {
            terminal().warn("no accuracy: no --data is given, and the config records no evaluation data");
            return Optional.empty();
        }
        Dataset all = recorded.get().openUnchanged("evaluation_data", cancel());
        return Optional.of(first > 0 ? all.limit(first) : all);
    }

    private static Json json(ReportFigure figure) {
        Json json = new Json().put("id", figure.id());
        if (!figure.subject().isEmpty()) {
            json.put("subject", figure.subject());
        }
        json.put("value", figure.value());
        if (!figure.unit().word().isEmpty()) {
            json.put("unit", figure.unit().word());
        }
        figure.n().ifPresent(n -> json.put("n", n));
        return json.put("lo95", figure.lo95()).put("hi95", figure.hi95());
    }
}
