package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.Engine;
import org.quantscope.core.budget.MixedPrecision;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.dataset.SampleSubset;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.export.ModelSize;
import org.quantscope.core.io.Destination;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.job.Progress;
import org.quantscope.core.layerwise.SolvedModel;
import org.quantscope.core.model.Model;
import org.quantscope.core.quant.QuantSpec;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.InputFiles;
import org.quantscope.core.session.LeftFloat;
import org.quantscope.core.session.ResolvedSettings;
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
        name = "budget",
        description = {
            "Gives each weight the bits that pay: the least loss on the calibration data under a budget, and writes the"
                    + " settings as a config.",
            "The loss is the divergence of the quantized model's answers from the float model's, always measured in"
                    + " the whole mixture, without labels.",
            "--max-loss looks for the smallest model that loses no more than so many points of accuracy: chosen on one"
                    + " half of --data, reported on the other."
        },
        footer = {
            "",
            "Examples:",
            "  quantscope budget model.onnx --calibration-data calibration.npz --average-bits 3 --granularity channel"
                    + " --calibrator mse -o config.json",
            "  quantscope budget model.onnx --calibration-data calibration.npz --max-loss 1 --data test.npz -o c.json"
        })
final class BudgetCommand extends EngineCommand {
    private static final String USUAL = "2,3,4,6,8";

    @Parameters(paramLabel = "MODEL", description = "An ONNX model.")
    private Path file;

    @Option(
            names = "--calibration-data",
            paramLabel = "D",
            required = true,
            description = "Calibration data: the loss is measured on it, and activations are calibrated; labels are"
                    + " not needed.")
    private Path calibrationData;

    @Option(
            names = "--bits-set",
            paramLabel = "B,...",
            split = ",",
            defaultValue = USUAL,
            description = "The widths to choose from (default: ${DEFAULT-VALUE}).")
    private List<Integer> widths;

    @Option(
            names = "--average-bits",
            paramLabel = "B",
            description = "The budget: bits of codes for each weight, on average.")
    private @Nullable Double averageBits;

    @Option(names = "--size", paramLabel = "BYTES", description = "The budget: bytes of all tensors of the model.")
    private @Nullable Long size;

    @Option(
            names = "--max-loss",
            paramLabel = "POINTS",
            description = "Find the smallest size at which accuracy falls by no more than so many percentage points;"
                    + " needs --data.")
    private @Nullable Double maxLoss;

    @Option(
            names = "--data",
            paramLabel = "D2",
            description = "Data to report accuracy on; with --max-loss one half of it is chosen on.")
    private @Nullable Path data;

    @Option(names = "--limit", paramLabel = "N", description = "Use only the first N samples of --data.")
    private @Nullable Integer limit;

    @Mixin
    private SettingsOptions settings;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "CFG",
            required = true,
            description = "The config to write (.json).")
    private Path output;

    BudgetCommand(Terminal terminal, CancelToken cancel) {
        super(terminal, cancel);
    }

    @Override
    public Integer call() throws IOException {
        long start = System.nanoTime();
        check();
        InputFiles inputs = new InputFiles().model(file).data(calibrationData);
        Optional.ofNullable(data).ifPresent(inputs::data);
        inputs.keep(List.of(output, SketchFile.beside(output)));
        Destination.of(output);
        FileRef ref = FileRef.ofModel(file, cancel());
        SessionState asked = checked(() -> settings.state(ref, false));
        Model model = ModelSetup.openGraph(file, asked);
        ModelSetup.warnOfNonFinite(model, terminal(), cancel());
        SessionState chosen = checked(() -> settings.keepFloat(asked, model));
        Dataset calibration = ModelSetup.openData(calibrationData, 0, Optional.empty(), cancel());
        ModelSetup.Calibrated calibrated = ModelSetup.calibrate(model, chosen, calibration, terminal(), cancel());
        Resolver resolver = new Resolver();
        Search search = new Search(model, calibrated, calibration, resolver);
        Found found = search.run();
        SessionState state = found.outcome.state();
        Session session =
                new Session(state, resolver.ranges(state, calibrated.calibration(), cancel()), found.solved.solved());
        warnOfKept(found.solved);
        cancel().check();
        SessionFile.write(session, calibrated.seen(), output);
        double seconds = (System.nanoTime() - start) / 1e9;
        List<LeftFloat> left = LeftFloat.of(model, state);
        Json json = json(found, search.divergence, seconds);
        FloatReport.put(json, left);
        print(json, () -> {
            people(found, search.divergence, seconds);
            FloatReport.print(left, terminal());
        });
        return ExitCode.DONE;
    }

    private void check() {
        long budgets =
                Stream.of(averageBits, size, maxLoss).filter(b -> b != null).count();
        if (budgets != 1) {
            throw usage("one of --average-bits, --size and --max-loss is needed, got " + budgets);
        }
        if (maxLoss != null && data == null) {
            throw usage("--max-loss needs --data");
        }
        if (maxLoss != null && !(maxLoss >= 0)) {
            throw usage("--max-loss: at least 0 percentage points, got " + maxLoss);
        }
        if (averageBits != null && !(averageBits > 0)) {
            throw usage("--average-bits: a number above 0, got " + averageBits);
        }
        if (size != null && size < 1) {
            throw usage("--size: at least 1 byte, got " + size);
        }
        if (limit != null && limit < 1) {
            throw usage("--limit: at least 1, got " + limit);
        }
        for (int bits : widths) {
            if (bits < 1 || bits > QuantSpec.MAX_BITS) {
                throw usage("--bits-set: 1 to " + QuantSpec.MAX_BITS + " bits, got " + bits);
            }
        }
        if (settings.givesWeightBits()) {
            throw usage("--bits and --weights do not apply: the budget chooses the bits of weights, among --bits-set");
        }
    }

    /**
     * What was found.
     *
     * @param solved the model with the codes of its rounding
     * @param evaluated on data that nothing was chosen on, if there is any
     * @param choice the accuracy on the half that the size was chosen on
     */
    private record Found(
            MixedPrecision.Outcome outcome,
            SolvedModel solved,
            Optional<Evaluated> evaluated,
            Optional<AccuracyEstimate> choice) {}

    private record Evaluated(
            AccuracyEstimate figure, LiveEvaluator.Reading how, ModelSize size, List<String> notes, double seconds) {}

    /** The search with everything that it works on. */
    private final class Search {
        private final Model model;
        private final ModelSetup.Calibrated calibrated;
        private final Dataset samples;
        private final Resolver resolver;
        private final Calibration calibration;
        private boolean divergence;

        Search(Model model, ModelSetup.Calibrated calibrated, Dataset samples, Resolver resolver) {
            this.model = model;
            this.calibrated = calibrated;
            this.samples = samples;
            this.resolver = resolver;
            this.calibration = calibrated.calibration();
        }

        Found run() throws IOException {
            Optional<Dataset> report = data == null
                    ? Optional.empty()
                    : Optional.of(ModelSetup.openData(
                            data, limit == null ? 0 : limit, Optional.of(calibrated.state()), cancel()));
            try (Terminal.Bar bar = terminal().progress("budget");
                    MixedPrecision mixed = checked(() -> new MixedPrecision(
                            model,
                            calibrated.state(),
                            calibration,
                            samples,
                            widths,
                            size != null ? MixedPrecision.Unit.BYTES : MixedPrecision.Unit.AVERAGE_BITS,
                            resolver,
                            bar,
                            cancel()))) {
                if (maxLoss == null) {
                    double budget = size != null ? size : java.util.Objects.requireNonNull(averageBits);
                    MixedPrecision.Outcome outcome = checked(() -> mixed.within(budget));
                    divergence = mixed.isDivergence();
                    SolvedModel solved = solved(outcome.state());
                    return new Found(outcome, solved, report.map(d -> evaluated(solved, d)), Optional.empty());
                }
                List<Dataset> halves = checked(() -> SampleSubset.halves(report.orElseThrow(), Engine.EVALUATION_SEED));
                List<MixedPrecision.Assignment> front = mixed.front();
                for (MixedPrecision.Assignment candidate : front) {
                    MixedPrecision.Outcome outcome = mixed.outcome(candidate);
                    SolvedModel solved = solved(outcome.state());
                    Evaluated half = evaluated(solved, halves.getFirst());
                    if (!half.figure.task().isProportion()) {
                        throw usage("--max-loss: points are those of an accuracy, and "
                                + half.figure.task().title() + " is none");
                    }
                    if (-100 * half.figure.delta() <= java.util.Objects.requireNonNull(maxLoss)
                            || candidate.equals(front.getLast())) {
                        divergence = mixed.isDivergence();
                        if (-100 * half.figure.delta() > java.util.Objects.requireNonNull(maxLoss)) {
                            terminal()
                                    .warn("no mixture loses as little: the largest loses "
                                            + Text.number(-100 * half.figure.delta()) + " points on the half that"
                                            + " was chosen on");
                        }
                        return new Found(
                                outcome,
                                solved,
                                Optional.of(evaluated(solved, halves.getLast())),
                                Optional.of(half.figure));
                    }
                }
                throw new IllegalStateException("front: there is always a largest one");
            }
        }

        private SolvedModel solved(SessionState state) {
            ResolvedSettings resolved = resolver.resolve(model, state, calibration, Progress.NONE, cancel());
            return BudgetCommand.this.solved(model, state, resolved, Map.of(), Optional.of(samples));
        }

        private Evaluated evaluated(SolvedModel solved, Dataset on) {
            try (LiveEvaluator evaluator = Engine.evaluator(solved.model(), model, on, Optional.empty());
                    Terminal.Bar bar = terminal().progress("evaluate")) {
                LiveEvaluator.Reading how = evaluator.how(cancel());
                List<String> notes = new ArrayList<>(how.notes());
                long from = System.nanoTime();
                ResolvedSettings settings = solved.settings();
                AccuracyEstimate figure = evaluator.evaluate(
                        new EvalRequest(Optional.empty(), settings.weights(), settings.activations()),
                        cancel(),
                        part -> bar.report(
                                part.seen(), part.total(), part.seen() + " of " + part.total() + " samples"));
                return new Evaluated(
                        figure, how, ModelSize.of(model, settings), notes, (System.nanoTime() - from) / 1e9);
            }
        }
    }

    private Json json(Found found, boolean divergence, double seconds) {
        MixedPrecision.Assignment chosen = found.outcome.chosen();
        Json json = new Json()
                .put("config", output.toString())
                .put("average_bits", chosen.averageBits())
                .put("size_bytes", chosen.sizeBytes())
                .put("expected", loss(divergence, chosen.loss()));
        found.evaluated.ifPresent(e -> json.put(
                "evaluated",
                EvalReport.json(e.figure, e.how, found.solved.model(), e.size, e.notes, e.seconds, e.seconds)));
        found.choice.ifPresent(half -> json.put(
                "chosen_on",
                new Json()
                        .put("samples", half.seen())
                        .put("delta", half.delta())
                        .put("max_loss", java.util.Objects.requireNonNull(maxLoss))));
        json.put(
                "tensors",
                chosen.bits().entrySet().stream()
                        .map(e -> loss(
                                        divergence,
                                        java.util.Objects.requireNonNull(
                                                found.outcome.alone().get(e.getKey())))
                                .put("name", e.getKey().name())
                                .put("bits", e.getValue()))
                        .toList());
        json.put(
                "front",
                found.outcome.front().stream()
                        .map(p -> loss(divergence, p.loss())
                                .put("average_bits", p.averageBits())
                                .put("size_bytes", p.sizeBytes()))
                        .toList());
        return json.put("evaluations", found.outcome.evaluations()).put("seconds", seconds);
    }

    /** The loss under the name of what it is. */
    private static Json loss(boolean divergence, double loss) {
        return new Json().put(divergence ? "kl" : "noise", OptionalDouble.of(loss));
    }

    private void people(Found found, boolean divergence, double seconds) {
        MixedPrecision.Assignment chosen = found.outcome.chosen();
        String loss = divergence ? "KL" : "noise";
        Table table = new Table("tensor", ">bits", ">" + loss + " alone");
        chosen.bits()
                .forEach((id, bits) -> table.row(
                        id.name(),
                        Integer.toString(bits),
                        Text.number(java.util.Objects.requireNonNull(
                                found.outcome.alone().get(id)))));
        table.print(terminal());
        Table front = new Table(">average bits", ">size", ">" + loss);
        found.outcome
                .front()
                .forEach(
                        p -> front.row(Text.number(p.averageBits()), Text.bytes(p.sizeBytes()), Text.number(p.loss())));
        terminal().out().println("the least loss by size:");
        front.print(terminal());
        terminal()
                .out()
                .println(output + ": " + Text.number(chosen.averageBits()) + " bits on average, "
                        + Text.bytes(chosen.sizeBytes()) + ", " + loss + " " + Text.number(chosen.loss()) + " on "
                        + calibrationData.getFileName());
        found.choice.ifPresent(half -> terminal()
                .out()
                .println("chosen on " + half.seen() + " samples, where it changes by "
                        + EvaluatingCommand.text(half, half.delta())));
        found.evaluated.ifPresent(e -> terminal()
                .out()
                .println(e.figure.task().title() + " on " + e.figure.seen() + " samples: float32 "
                        + EvaluatingCommand.text(e.figure, e.figure.floatScore()) + ", quantized "
                        + EvaluatingCommand.text(e.figure, e.figure.score())));
        terminal()
                .out()
                .println(found.outcome.evaluations() + " mixtures measured, " + Text.number(seconds) + " s in all");
    }
}
