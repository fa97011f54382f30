package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.ExportProblem;
import org.quantscope.core.export.Exporter;
import org.quantscope.core.export.Exporters;
import org.quantscope.core.export.ModelSize;
import org.quantscope.core.io.Destination;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.layerwise.SolvedModel;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.InputFiles;
import org.quantscope.core.session.LeftFloat;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.SketchFile;
import org.quantscope.core.verify.Verification;
import org.quantscope.core.verify.Verifier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "export",
        description = "Writes the settings of a config in the format of another tool, and verifies what was written.",
        footer = {
            "",
            "Example:",
            "  quantscope export model.onnx --config config.json --format onnx-qdq -o model.qdq.onnx --data test.npz"
        })
final class ExportCommand extends EngineCommand {
    @Parameters(paramLabel = "MODEL", description = "The model that the config is for.")
    private Path file;

    @Option(
            names = "--config",
            paramLabel = "CFG",
            required = true,
            description = "A config of calibrate or of the desktop.")
    private Path config;

    @Option(
            names = "--format",
            paramLabel = "ID[:key=value,...]",
            required = true,
            description = "The target, and options of it: ID[:key=value,...]; see quantscope list exporters.")
    private String format;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            required = true,
            description = "The file to write.")
    private Path output;

    @Option(
            names = "--data",
            paramLabel = "D",
            description = "Data to verify on (default: the calibration data of the config).")
    private @Nullable Path data;

    @Option(names = "--limit", paramLabel = "N", description = "Verify on the first N samples.")
    private @Nullable Integer limit;

    @Option(
            names = "--reference",
            paramLabel = "FLOAT",
            description =
                    "The float model to compare the written file with (default: the one before any corrections, as"
                            + " far as it is known).")
    private @Nullable Path reference;

    @Option(names = "--check", description = FloatReport.CHECK + ", or if the target has a problem of severity error.")
    private boolean check;

    ExportCommand(Terminal terminal, CancelToken cancel) {
        super(terminal, cancel);
    }

    @Override
    public Integer call() throws IOException {
        if (limit != null && limit < 1) {
            throw usage("--limit: at least 1, got " + limit);
        }
        FormatChoice chosen = checked(() -> FormatChoice.parse(format));
        Exporter exporter = chosen.exporter();
        InputFiles inputs = new InputFiles().model(file).file(config).file(SketchFile.beside(config));
        Optional.ofNullable(data).ifPresent(inputs::data);
        for (Path written : Exporters.files(exporter, output)) {
            Destination.of(written);
            inputs.keep(List.of(written));
        }
        Session session = ModelSetup.readConfig(config, file, terminal(), cancel());
        SessionState state = session.state();
        boolean runs = Verifier.runs(exporter);
        Model model = runs || !state.corrections().isEmpty()
                ? ModelSetup.openGraph(file, state, terminal(), cancel())
                : Engine.open(file, state);
        Optional<Dataset> samples = runs
                ? ExportVerification.data(data, limit == null ? 0 : limit, state, terminal(), cancel())
                : Optional.empty();
        Calibration calibration = withMoments(
                ModelSetup.calibration(config, session, model, state, cancel()), model, state, Optional.empty());
        Resolver resolver = new Resolver();
        ResolvedSettings resolved;
        try (Terminal.Bar bar = terminal().progress("resolve")) {
            resolved = resolver.resolve(model, state, calibration, bar, cancel());
        }
        ModelSetup.warnOfUnfitted(model, state, calibration, terminal());
        SolvedModel solved = solved(model, state, resolved, session.solved(), Optional.empty());
        warnOfPassedBy(model, state, solved);
        Session written = new Session(state, resolver.ranges(state, calibration, cancel()), solved.solved());
        ModelSetup.warnOfNonFinite(model, terminal(), cancel());
        ExportPlan settings = new ExportPlan(solved.model(), written, solved.settings()).withOptions(chosen.options());
        ExportPlan plan = runs
                ? settings.withReference(ModelSetup.reference(file, reference, state, model, terminal(), cancel()))
                : settings;
        Verifier.Exported exported;
        try (Terminal.Bar bar = terminal().progress("verify")) {
            exported = Verifier.export(exporter, plan, output, samples, bar, cancel());
        }
        List<ExportProblem> problems = exported.problems();
        ModelSize size = ModelSize.of(model, solved.settings());
        Json json = new Json()
                .put("format", exporter.id())
                .put("file", output.toString())
                .put("files", exported.files().stream().map(Path::toString).toList())
                .put("sha256", FileRef.of(output, cancel()).sha256())
                .put("size_bytes", new Json().put("float32", size.floatBytes()).put("quantized", size.quantizedBytes()))
                .put("problems", problems.stream().map(ExportCommand::json).toList());
        List<LeftFloat> left = Exporters.leftFloat(plan, problems);
        FloatReport.put(json, left);
        exported.verified().ifPresent(v -> json.put("verified", ExportVerification.json(v)));
        print(json, () -> {
            forPeople(exporter, size, problems, exported.verified());
            FloatReport.print(left, terminal());
        });
        boolean failed = problems.stream().anyMatch(p -> p.severity() == ExportProblem.Severity.ERROR);
        return check && failed ? ExitCode.CHECK_FAILED : FloatReport.code(check, left);
    }

    private static Json json(ExportProblem problem) {
        Json json = new Json().put("target", problem.target());
        if (!problem.tensor().isEmpty()) {
            json.put("tensor", problem.tensor());
        }
        return json.put("why", problem.why())
                .put("remedy", problem.remedy())
                .put("severity", problem.severity().name().toLowerCase(Locale.ROOT));
    }

    private void forPeople(
            Exporter exporter, ModelSize size, List<ExportProblem> problems, Optional<Verification> verification) {
        terminal()
                .out()
                .println(terminal().strong(output.toString()) + "  " + exporter.title() + ", tensors "
                        + Text.bytes(size.floatBytes()) + " → " + Text.bytes(size.quantizedBytes()));
        if (!problems.isEmpty()) {
            Table table = new Table("severity", "tensor", "why", "remedy");
            problems.forEach(
                    p -> table.row(p.severity().name().toLowerCase(Locale.ROOT), p.tensor(), p.why(), p.remedy()));
            table.print(terminal());
        }
        verification.ifPresent(
                v -> ExportVerification.text(v).forEach(terminal().out()::println));
    }
}
