package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.improve.Fitted;
import org.quantscope.core.improve.Improvement;
import org.quantscope.core.improve.Step;
import org.quantscope.core.improve.StepScore;
import org.quantscope.core.io.Destination;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.rewrite.ModelRewrite;
import org.quantscope.core.rewrite.WrittenModel;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.InputFiles;
import org.quantscope.core.session.LeftFloat;
import org.quantscope.core.session.Resolver;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionFile;
import org.quantscope.core.session.SessionState;
import org.quantscope.core.sketch.SketchFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "improve",
        description = {
            "Makes a quantized model better in one go: equalization, ranges, rounding, bits. Writes the settings as a"
                    + " config.",
            "Everything is chosen on one half of the calibration data, without labels; a step is kept if it lowers the"
                    + " divergence from the float model on the other half by at least 1 %. What is kept is then made"
                    + " from all of it. --data decides nothing.",
            "If equalization was kept, the config holds it and goes with MODEL as it is; the equalized float model is"
                    + " written beside the config for other programs."
        },
        footer = {
            "",
            "Examples:",
            "  quantscope improve model.onnx --calibration-data calibration.npz --weights 4 --granularity channel"
                    + " --data test.npz -o better.json",
            "  quantscope improve model.onnx --calibration-data calibration.npz --average-bits 3 --granularity channel"
                    + " -o small.json"
        })
final class ImproveCommand extends EngineCommand {
    @Parameters(paramLabel = "MODEL", description = "An ONNX model.")
    private Path file;

    @Option(
            names = "--calibration-data",
            paramLabel = "D",
            required = true,
            description = "Calibration data that everything is chosen and decided on; labels are not needed.")
    private Path calibrationData;

    @Option(
            names = "--data",
            paramLabel = "D2",
            description = "Data that each step is reported on; it decides nothing.")
    private @Nullable Path data;

    @Option(names = "--limit", paramLabel = "N", description = "Use only the first N samples of --data.")
    private @Nullable Integer limit;

    @Option(
            names = "--average-bits",
            paramLabel = "B",
            description = "The budget: bits of codes for each weight, on average (default: what the options give).")
    private @Nullable Double averageBits;

    @Mixin
    private SettingsOptions settings;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "CFG",
            required = true,
            description = "The config to write (.json).")
    private Path output;

    @Mixin
    private Corrupting.Data corrupting;

    @Mixin
    private Corrupting.Calibration corruptingCalibration;

    ImproveCommand(Terminal terminal, CancelToken cancel) {
        super(terminal, cancel);
    }

    @Override
    public Integer call() throws IOException {
        long start = System.nanoTime();
        check();
        if (corrupting.given() && data == null) {
            throw usage("--corrupt needs --data");
        }
        Path equalized = beside(output);
        InputFiles inputs = new InputFiles().model(file).data(calibrationData);
        Optional.ofNullable(data).ifPresent(inputs::data);
        inputs.keep(List.of(output, SketchFile.beside(output), equalized, values(equalized)));
        Destination.of(output);
        Destination.of(equalized);
        FileRef ref = FileRef.ofModel(file, cancel());
        SessionState asked = checked(() -> settings.state(ref, averageBits == null));
        Model model = ModelSetup.openGraph(file, asked);
        ModelSetup.warnOfNonFinite(model, terminal(), cancel());
        Double bits = averageBits;
        SessionState kept = checked(() -> settings.named(asked, model));
        SessionState state = bits == null ? kept : checked(() -> Improvement.within(model, kept, bits));
        Dataset calibration =
                ModelSetup.openCalibrationData(calibrationData, Optional.empty(), corruptingCalibration::of, cancel());
        Optional<Dataset> report = data == null
                ? Optional.empty()
                : Optional.of(ModelSetup.openData(
                        data, limit == null ? 0 : limit, Optional.of(state), corrupting::of, cancel()));
        Model reference = ModelSetup.reference(file, null, state, model, terminal(), cancel());
        Improvement.Result result;
        try (Terminal.Bar bar = terminal().progress("improve")) {
            result = checked(() -> Improvement.run(
                    new Improvement.Asked(
                            model,
                            reference,
                            state,
                            calibration,
                            report,
                            averageBits == null ? OptionalDouble.empty() : OptionalDouble.of(averageBits),
                            Set.of(Step.Kind.values()),
                            Runtime.getRuntime().availableProcessors()),
                    bar,
                    cancel(),
                    steps -> {}));
        }
        Fitted last = result.last();
        warnOfKept(last.solved());
        cancel().check();
        Optional<Path> corrected = write(last, equalized);
        double seconds = (System.nanoTime() - start) / 1e9;
        List<LeftFloat> left = LeftFloat.of(last.model(), last.state());
        Json json = new Json()
                .put("config", output.toString())
                .put(
                        "steps",
                        result.steps().stream()
                                .map(step -> json(step, result, reference))
                                .toList());
        corrected.ifPresent(written -> json.put("equalized_model", written.toString()));
        json.put("chosen_on", new Json().put("samples", result.chosenOn()))
                .put("decided_on", new Json().put("samples", result.decidedOn()));
        FloatReport.put(json, left).put("seconds", seconds);
        print(json, () -> {
            people(result, corrected, seconds);
            FloatReport.print(left, terminal());
        });
        return ExitCode.DONE;
    }

    private void check() {
        if (averageBits != null && !(averageBits > 0)) {
            throw usage("--average-bits: a number above 0, got " + averageBits);
        }
        if (averageBits != null && settings.givesWeightBits()) {
            throw usage("--average-bits says how many bits weights have, and excludes --bits and --weights");
        }
        if (limit != null && limit < 1) {
            throw usage("--limit: at least 1, got " + limit);
        }
        if (limit != null && data == null) {
            throw usage("--limit is that of --data, which is not given");
        }
    }

    /** The float model beside a config. */
    private static Path beside(Path config) {
        String name = String.valueOf(config.getFileName());
        String stem = name.endsWith(".json") ? name.substring(0, name.length() - ".json".length()) : name;
        return config.resolveSibling(stem + ".equalized.onnx");
    }

    private static Path values(Path model) {
        return model.resolveSibling(model.getFileName() + WrittenModel.VALUES);
    }

    /** Writes the config, and the equalized model if there is one. */
    private Optional<Path> write(Fitted last, Path equalized) throws IOException {
        SessionState state = last.state();
        if (!state.corrections().isEmpty()) {
            ModelRewrite.write(last.model(), CorrectCommand.provenance(state, state.corrections()), equalized, cancel())
                    .ifPresent(terminal()::warn);
        } else if (Files.exists(equalized)) {
            terminal().warn(equalized + " is of an earlier run: now equalization was left out");
        }
        Session session = new Session(
                state,
                new Resolver().ranges(state, last.calibration(), cancel()),
                last.solved().solved());
        SessionFile.write(session, last.seen(), output);
        return state.corrections().isEmpty() ? Optional.empty() : Optional.of(equalized);
    }

    private Json json(Step step, Improvement.Result result, Model reference) {
        String unit = result.divergence() ? "kl" : "noise";
        Json json = new Json().put("id", step.kind().id()).put(unit, OptionalDouble.of(step.loss()));
        step.score().ifPresent(score -> {
            Json evaluated = EvalReport.json(
                    score.figure(),
                    score.how(),
                    reference,
                    score.size(),
                    score.how().notes(),
                    score.seconds(),
                    score.seconds());
            score.gain().ifPresent(gain -> evaluated.put("gain_lo95", gain.lo()).put("gain_hi95", gain.hi()));
            json.put("evaluated", evaluated);
        });
        json.put("kept", step.kept());
        if (!step.what().isEmpty()) {
            json.put("what", step.what());
        }
        if (!step.why().isEmpty()) {
            json.put("why", step.why());
        }
        if (step.outcome() == Step.Outcome.NO_GAIN) {
            json.put("tried", new Json().put(unit, step.tried()));
        }
        return json;
    }

    private void people(Improvement.Result result, Optional<Path> corrected, double seconds) {
        boolean reported = result.steps().getFirst().score().isPresent();
        Table table = reported
                ? new Table("step", ">" + result.unit(), ">score", ">gain", ">95 % of the gain", ">size", "what")
                : new Table("step", ">" + result.unit(), "what");
        Step before = result.steps().getFirst();
        for (Step step : result.steps()) {
            String loss = Text.number(step.loss());
            String said = step.said(before.loss(), result.unit());
            if (reported) {
                StepScore score = step.score().orElseThrow();
                StepScore was = before.score().orElseThrow();
                AccuracyEstimate figure = score.figure();
                boolean first = step.kind() == Step.Kind.START;
                table.row(
                        step.kind().title(),
                        loss,
                        EvaluatingCommand.text(figure, figure.score()),
                        first || !step.kept()
                                ? ""
                                : EvaluatingCommand.text(
                                        figure, figure.score() - was.figure().score()),
                        score.gain()
                                .map(gain -> EvaluatingCommand.text(figure, gain.lo()) + " to "
                                        + EvaluatingCommand.text(figure, gain.hi()))
                                .orElse(""),
                        Text.bytes(score.size().quantizedBytes()),
                        said);
            } else {
                table.row(step.kind().title(), loss, said);
            }
            before = step;
        }
        table.print(terminal());
        result.steps()
                .getLast()
                .score()
                .ifPresent(score -> terminal()
                        .out()
                        .println(score.figure().task().title() + " on "
                                + score.figure().seen() + " samples, float32 "
                                + EvaluatingCommand.text(
                                        score.figure(), score.figure().floatScore())));
        terminal()
                .out()
                .println("chosen on " + result.chosenOn() + " samples of " + calibrationData.getFileName()
                        + ", decided on the other " + result.decidedOn() + ", made from all of them");
        terminal().out().println(output + ": goes with " + file + ", " + Text.number(seconds) + " s");
        corrected.ifPresent(written -> terminal()
                .out()
                .println(written + ": the equalized float model, for other programs; the config equalizes " + file
                        + " itself"));
    }
}
