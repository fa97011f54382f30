package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.Engine;
import org.quantscope.core.budget.BitTarget;
import org.quantscope.core.budget.Comparison;
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
import org.quantscope.core.layerwise.CodeNotes;
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
import org.quantscope.core.sweep.EvalFields;
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
            names = "--target",
            paramLabel = "ID",
            description = "Choose from the widths that a program takes: onnx-runtime, qnn, litert, tensorrt, or free"
                    + " (default); see quantscope list targets.")
    private @Nullable String target;

    @Option(
            names = "--bits-set",
            paramLabel = "B,...",
            split = ",",
            description = "The widths to choose from, of those that the target takes (default: all of them; 2,3,4,6,8"
                    + " without a target).")
    private @Nullable List<Integer> widths;

    @Option(
            names = "--average-bits",
            paramLabel = "B",
            description = "The budget: bits of codes for each weight, on average.")
    private @Nullable Double averageBits;

    @Option(names = "--size", paramLabel = "BYTES", description = "The budget: bytes of all tensors of the model.")
    private @Nullable Long size;

    @Option(
            names = "--bit-ops",
            paramLabel = "N",
            description = "The budget: bit-operations for one sample, multiplications times the bits of both factors.")
    private @Nullable Double bitOps;

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

    @Option(
            names = "--compare",
            description = "Say what mixed bits buy and what a rounding buys at the same cost: that of --rounding, else"
                    + " least-output-error.")
    private boolean compare;

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

    BudgetCommand(Terminal terminal, CancelToken cancel) {
        super(terminal, cancel);
    }

    @Override
    public Integer call() throws IOException {
        long start = System.nanoTime();
        BitTarget by = checked(() -> BitTarget.byId(target == null ? BitTarget.FREE.id() : target));
        List<Integer> from = widths(by);
        check();
        if (corrupting.given() && data == null) {
            throw usage("--corrupt needs --data");
        }
        InputFiles inputs = new InputFiles().model(file).data(calibrationData);
        Optional.ofNullable(data).ifPresent(inputs::data);
        inputs.keep(List.of(output, SketchFile.beside(output)));
        Destination.of(output);
        FileRef ref = FileRef.ofModel(file, cancel());
        SessionState asked = checked(() -> settings.stateOfChosenBits(ref));
        Model model = ModelSetup.openGraph(file, asked);
        ModelSetup.warnOfNonFinite(model, terminal(), cancel());
        SessionState chosen = checked(() -> settings.named(asked, model));
        Dataset samples =
                ModelSetup.openCalibrationData(calibrationData, Optional.empty(), corruptingCalibration::of, cancel());
        ModelSetup.Calibrated calibrated = ModelSetup.calibrate(model, chosen, samples, terminal(), cancel());
        Calibration calibration =
                withMoments(calibrated.calibration(), model, calibrated.state(), Optional.of(samples));
        Optional<Dataset> report = data == null
                ? Optional.empty()
                : Optional.of(ModelSetup.openData(
                        data, limit == null ? 0 : limit, Optional.of(calibrated.state()), corrupting::of, cancel()));
        Resolver resolver = new Resolver();
        MixedPrecision.Question question = new MixedPrecision.Question(
                model,
                calibrated.state(),
                calibration,
                calibrated.state().overrides().keySet(),
                from,
                unit());
        BudgetReport.Found found;
        try (Terminal.Bar bar = terminal().progress("budget");
                MixedPrecision mixed = checked(
                        () -> new MixedPrecision(question, samples, Engine.evaluator(model, samples), resolver))) {
            found = new Search(mixed, samples, report, resolver, bar).run(by, from);
        }
        SessionState state = found.outcome().state();
        Session session = new Session(
                state,
                resolver.ranges(state, calibration, cancel()),
                found.solved().solved());
        warnOfKept(found.solved());
        cancel().check();
        SessionFile.write(session, calibrated.seen(), output);
        double seconds = (System.nanoTime() - start) / 1e9;
        List<LeftFloat> left = LeftFloat.of(model, state);
        BudgetReport shown = new BudgetReport(found, output, calibrationData, by, from, seconds);
        Json json = shown.json();
        FloatReport.put(json, left);
        print(json, () -> {
            shown.print(terminal());
            FloatReport.print(left, terminal());
        });
        return ExitCode.DONE;
    }

    private MixedPrecision.Unit unit() {
        return size != null
                ? MixedPrecision.Unit.BYTES
                : bitOps != null ? MixedPrecision.Unit.BIT_OPERATIONS : MixedPrecision.Unit.AVERAGE_BITS;
    }

    private List<Integer> widths(BitTarget by) {
        if (widths == null) {
            return by.widths();
        }
        for (int bits : widths) {
            if (bits < 1 || bits > QuantSpec.MAX_BITS) {
                throw usage("--bits-set: 1 to " + QuantSpec.MAX_BITS + " bits, got " + bits);
            }
            if (!by.equals(BitTarget.FREE) && !by.widths().contains(bits)) {
                throw usage("--bits-set: " + by.title() + " takes " + by.widths() + ", not " + bits);
            }
        }
        return List.copyOf(new TreeSet<>(widths));
    }

    private void check() {
        long budgets = Stream.of(averageBits, size, bitOps, maxLoss)
                .filter(b -> b != null)
                .count();
        if (budgets != 1) {
            throw usage("one of --average-bits, --size, --bit-ops and --max-loss is needed, got " + budgets);
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
        if (bitOps != null && !(bitOps > 0)) {
            throw usage("--bit-ops: a number above 0, got " + bitOps);
        }
        if (size != null && size < 1) {
            throw usage("--size: at least 1 byte, got " + size);
        }
        if (limit != null && limit < 1) {
            throw usage("--limit: at least 1, got " + limit);
        }
        if (settings.givesWeightBits()) {
            throw usage("--bits and --weights do not apply: the budget chooses the bits of weights, among --bits-set");
        }
    }

    /** The search with everything that it works on. */
    private final class Search {
        private final MixedPrecision mixed;
        private final Model model;
        private final Calibration calibration;
        private final Dataset samples;
        private final Optional<Dataset> report;
        private final Resolver resolver;
        private final Progress bar;

        Search(MixedPrecision mixed, Dataset samples, Optional<Dataset> report, Resolver resolver, Progress progress) {
            this.mixed = mixed;
            this.model = mixed.asked().model();
            this.calibration = mixed.asked().calibration();
            this.samples = samples;
            this.report = report;
            this.resolver = resolver;
            this.bar = progress;
        }

        BudgetReport.Found run(BitTarget by, List<Integer> from) {
            List<Integer> uniforms = widths == null ? by.uniforms() : from;
            if (maxLoss == null) {
                double budget = Stream.<Number>of(
                                averageBits == null ? 0 : averageBits,
                                size == null ? 0 : size,
                                bitOps == null ? 0 : bitOps)
                        .mapToDouble(Number::doubleValue)
                        .sum();
                MixedPrecision.Outcome outcome = checked(() -> mixed.within(budget, bar, cancel()));
                SolvedModel solved = solved(outcome.state());
                return found(
                        outcome,
                        solved,
                        report.map(d -> evaluated(outcome.state(), solved, d)),
                        Optional.empty(),
                        uniforms,
                        report);
            }
            double most = maxLoss;
            List<Dataset> halves = checked(() -> SampleSubset.halves(report.orElseThrow(), Engine.EVALUATION_SEED));
            List<MixedPrecision.Assignment> front = mixed.front(bar, cancel());
            for (MixedPrecision.Assignment candidate : front) {
                MixedPrecision.Outcome outcome = mixed.outcome(candidate, bar, cancel());
                SolvedModel solved = solved(outcome.state());
                BudgetReport.Evaluated half = evaluated(outcome.state(), solved, halves.getFirst());
                if (!half.figure().task().isProportion()) {
                    throw usage("--max-loss: points are those of an accuracy, and "
                            + half.figure().task().title() + " is none");
                }
                double lost = -100 * half.figure().delta();
                if (lost <= most || candidate.equals(front.getLast())) {
                    if (lost > most) {
                        terminal()
                                .warn("no mixture loses as little: the largest loses " + Text.number(lost)
                                        + " points on the half that was chosen on");
                    }
                    return found(
                            outcome,
                            solved,
                            Optional.of(evaluated(outcome.state(), solved, halves.getLast())),
                            Optional.of(new BudgetReport.Half(half.figure(), most)),
                            uniforms,
                            Optional.of(halves.getLast()));
                }
            }
            throw new IllegalStateException("front: there is always a largest one");
        }

        private BudgetReport.Found found(
                MixedPrecision.Outcome outcome,
                SolvedModel solved,
                Optional<BudgetReport.Evaluated> evaluated,
                Optional<BudgetReport.Half> half,
                List<Integer> uniforms,
                Optional<Dataset> scoredOn) {
            Optional<Comparison> comparison =
                    compare ? Optional.of(compared(outcome.chosen(), uniforms, scoredOn)) : Optional.empty();
            return new BudgetReport.Found(
                    outcome,
                    solved,
                    mixed.isDivergence(),
                    mixed.samples(),
                    mixed.asked().unit(),
                    mixed.groups(),
                    mixed.uncounted(),
                    CodeNotes.tables(model, solved.settings()),
                    evaluated,
                    half,
                    comparison);
        }

        private Comparison compared(
                MixedPrecision.Assignment chosen, List<Integer> uniforms, Optional<Dataset> scoredOn) {
            String rounding =
                    mixed.asked().state().weights().map(QuantSpec::rounding).orElse(QuantSpec.NEAREST);
            Optional<LiveEvaluator> scored = scoredOn.map(on -> Engine.evaluator(model, on));
            try {
                return Comparison.of(
                        mixed,
                        chosen,
                        uniforms,
                        rounding.equals(QuantSpec.NEAREST) ? Comparison.USUAL : rounding,
                        samples,
                        resolver,
                        scored,
                        bar,
                        cancel());
            } finally {
                scored.ifPresent(LiveEvaluator::close);
            }
        }

        private SolvedModel solved(SessionState state) {
            ResolvedSettings resolved = resolver.resolve(model, state, calibration, Progress.NONE, cancel());
            return BudgetCommand.this.solved(model, state, resolved, Map.of(), Optional.of(samples));
        }

        private BudgetReport.Evaluated evaluated(SessionState state, SolvedModel solved, Dataset on) {
            try (LiveEvaluator evaluator = Engine.evaluator(solved.model(), model, on, Optional.empty());
                    Terminal.Bar progress = terminal().progress("evaluate")) {
                LiveEvaluator.Reading how = evaluator.how(cancel());
                AccuracyEstimate baseline = evaluator.floatBaseline(cancel(), _ -> {});
                List<String> notes = new ArrayList<>(how.notes());
                notes.addAll(evaluator.doubts(baseline, cancel()));
                ResolvedSettings resolved = solved.settings();
                notes.addAll(CodeNotes.of(solved.model(), state, resolved, solved.solved()));
                long from = System.nanoTime();
                AccuracyEstimate figure = evaluator.evaluate(
                        new EvalRequest(Optional.empty(), resolved.weights(), resolved.activations()),
                        cancel(),
                        part -> progress.report(
                                part.seen(), part.total(), part.seen() + " of " + part.total() + " samples"));
                notes.addAll(EvalFields.collapse(figure));
                return new BudgetReport.Evaluated(
                        figure, how, ModelSize.of(model, resolved), notes, (System.nanoTime() - from) / 1e9);
            }
        }
    }
}
