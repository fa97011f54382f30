package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.device.BudgetFigures;
import org.quantscope.core.device.DeviceCost;
import org.quantscope.core.device.MeasuredSpeed;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.ClassAccuracy;
import org.quantscope.core.eval.ClassScore;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.Evaluation;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.SampleOutcomes;
import org.quantscope.core.eval.Task;
import org.quantscope.core.export.ExportPlan;
import org.quantscope.core.export.ModelSize;
import org.quantscope.core.integer.Arithmetic;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.layerwise.CodeNotes;
import org.quantscope.core.session.DeviceBudget;
import org.quantscope.core.session.LeftFloat;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Session;
import org.quantscope.core.sweep.EvalFields;
import org.quantscope.core.verify.IntegerEvaluation;
import org.quantscope.core.versus.SettingsComparison;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "eval",
        description = {
            "Says what quantization costs: the float model against the quantized one on the same samples. What is"
                    + " scored follows from",
            "the model's output and the labels; data without labels is scored against the float model's answers.",
            "Activations need ranges: from --calibration-data or from the config, never from the evaluation data."
        },
        footer = {
            "",
            "Examples:",
            "  quantscope eval model.onnx --data test.npz --weights 8 --granularity channel",
            "  quantscope eval model.onnx --data test.npz --config config.json --json"
        })
final class EvalCommand extends EvaluatingCommand {
    private static final String FLOAT = "float";

    @Option(names = "--check", description = FloatReport.CHECK + ".")
    private boolean check;

    @Option(names = "--per-class", description = "Also say how well each class is recognized, worst first.")
    private boolean perClass;

    @Option(
            names = "--budget",
            paramLabel = "FILE",
            description = {
                "Limits that must hold, else exit 1: a JSON object of flash_bytes, ram_bytes, macs, ms, accuracy and",
                "class_accuracy, all optional. ms is measured in ONNX Runtime on this machine. Without it the limits"
                        + " of",
                "the config, if it has any, must hold."
            })
    private @Nullable Path budget;

    @Option(
            names = "--arithmetic",
            paramLabel = "ID",
            description =
                    "Evaluate in whole numbers too, bit for bit as a runtime computes: tflite, onnxruntime or cmsis-nn"
                            + " (default: float, the grids simulated in float32).")
    private String arithmetic = FLOAT;

    @Option(
            names = "--against",
            paramLabel = "CFG2",
            description = "Compare with the settings of another config: tensor by tensor, and on the same samples.")
    private @Nullable Path against;

    @Option(
            names = "--against-snapshot",
            paramLabel = "NAME",
            description = "Compare with a snapshot in CFG2, or in the config of this command.")
    private @Nullable String againstSnapshot;

    EvalCommand(Terminal terminal, CancelToken cancel) {
        super(terminal, cancel);
    }

    @Override
    public Integer call() throws IOException {
        long start = System.nanoTime();
        Optional<DeviceBudget> asked = budget == null ? Optional.empty() : Optional.of(DeviceBudget.read(budget));
        Optional<Arithmetic> whole = arithmetic();
        Setting nearest = setting();
        Optional<String> first = equalizeFirst(nearest.model(), nearest.state());
        Setting setting = solved(nearest);
        DeviceBudget limits = asked.orElse(setting.state().budget());
        ResolvedSettings resolved = setting.resolved();
        ModelSize size = ModelSize.of(setting.model(), resolved);

        AccuracyEstimate figure;
        List<ClassAccuracy> classes;
        SampleOutcomes outcomes;
        List<ClassScore> scores;
        LiveEvaluator.Reading how;
        List<String> notes;
        double evaluation;
        try (LiveEvaluator evaluator = setting.evaluator();
                Terminal.Bar bar = terminal().progress("evaluate")) {
            how = reading(setting, evaluator);
            int total = setting.samples().size();
            AccuracyEstimate baseline = evaluator.floatBaseline(
                    cancel(),
                    part -> bar.report(part.seen(), 2L * total, "float, sample " + part.seen() + " of " + total));
            notes = new ArrayList<>(how.notes());
            notes.addAll(evaluator.doubts(baseline, cancel()));
            notes.addAll(CodeNotes.of(setting.model(), setting.state(), resolved, setting.known()));
            long from = System.nanoTime();
            Evaluation evaluated = evaluator.evaluateSamples(
                    new EvalRequest(Optional.empty(), resolved.weights(), resolved.activations()),
                    cancel(),
                    part -> bar.report(
                            total + part.accuracy().seen(),
                            2L * total,
                            "quantized, sample " + part.accuracy().seen() + " of " + total));
            figure = evaluated.accuracy();
            classes = ClassAccuracy.of(evaluated.outcomes());
            outcomes = evaluated.outcomes();
            scores = ClassScore.of(evaluated);
            evaluation = (System.nanoTime() - from) / 1e9;
        }
        Optional<IntegerEvaluation.Result> integer = whole.isPresent()
                ? Optional.of(inWholeNumbers(setting, whole.get(), nearest.wanted()))
                : Optional.empty();
        Optional<SettingsComparison> compared = against == null && againstSnapshot == null
                ? Optional.empty()
                : Optional.of(against(
                        nearest, setting.known(), Optional.ofNullable(against), Optional.ofNullable(againstSnapshot)));
        double seconds = (System.nanoTime() - start) / 1e9;
        notes.addAll(EvalFields.collapse(figure));
        first.ifPresent(notes::add);
        List<DeviceBudget.Check> checks = new ArrayList<>();
        if (!limits.isNone()) {
            DeviceCost cost = cost(setting);
            notes.addAll(cost.notes());
            checks.addAll(
                    limits.check(BudgetFigures.of(cost, milliseconds(limits, setting), Optional.of(figure), classes)));
        }
        Json json = EvalReport.json(figure, how, setting.reference(), size, notes, evaluation, seconds);
        setting.samples().corrupted().ifPresent(said -> json.put("corrupted", said));
        List<LeftFloat> left = LeftFloat.of(setting.model(), setting.state());
        FloatReport.put(json, left);
        setting.ranges().put(json);
        json.put(EvalFields.changes(outcomes));
        if (perClass) {
            json.put(
                    "classes",
                    figure.task().isPooled() && !scores.isEmpty()
                            ? scores.stream()
                                    .map(c -> json(c, setting.samples()))
                                    .toList()
                            : scores.isEmpty()
                                    ? List.of()
                                    : classes.stream()
                                            .map(c -> json(c, setting.samples()))
                                            .toList());
        }
        if (!limits.isNone()) {
            json.put("budget", checks.stream().map(EvalCommand::json).toList());
        }
        integer.ifPresent(result -> json.put("integer", EvalReport.json(result)));
        compared.ifPresent(found -> json.put("against", AgainstReport.json(found)));
        print(json, () -> {
            boolean share = figure.task().isProportion();
            (share
                            ? new Table(
                                    "", ">correct", ">of", ">" + figure.task().title(), ">size")
                            : new Table("", ">samples", ">" + figure.task().title(), ">worst", ">size"))
                    .row(row(
                            "float32",
                            figure,
                            share ? figure.floatCorrect() : 0,
                            figure.floatScore(),
                            figure.details().floatWorst(),
                            size.floatBytes()))
                    .row(row(
                            "quantized",
                            figure,
                            share ? figure.correct() : 0,
                            figure.score(),
                            figure.details().worst(),
                            size.quantizedBytes()))
                    .print(terminal());
            String agreement = figure.agreement().isPresent()
                    ? ", same class on " + Text.percent(figure.agreement().getAsDouble()) + " of the samples"
                    : "";
            String klDivergence = figure.klDivergence().isPresent()
                    ? ", KL " + Text.number(figure.klDivergence()) + " nats"
                            + (figure.details().bernoulli() ? " (sum of Bernoulli)" : "")
                    : "";
            terminal()
                    .out()
                    .println("difference " + text(figure, figure.delta()) + agreement + ", output SQNR "
                            + Text.number(figure.logitSqnrDb()) + " dB" + klDivergence);
            if (!figure.task().higherIsBetter()) {
                terminal().out().println("lower is better");
            }
            EvalReport.intervals(figure).ifPresent(terminal().out()::println);
            figure.details()
                    .worstSample()
                    .ifPresent(i -> terminal()
                            .out()
                            .println("worst sample: " + i + " (from 0), "
                                    + text(figure, figure.details().worst())));
            figure.details()
                    .exact()
                    .ifPresent(exact -> terminal()
                            .out()
                            .println((figure.task().needsPositions() ? "exact sequences" : "exact label sets")
                                    + ": float32 " + Text.percent((double) exact.ofFloat() / exact.of())
                                    + ", quantized " + Text.percent((double) exact.quantized() / exact.of())
                                    + " of " + exact.of()));
            figure.details()
                    .spread()
                    .ifPresent(spread -> terminal()
                            .out()
                            .println("least spread kept: " + Text.percent(spread.kept()) + " of float's (axis "
                                    + spread.axis() + ", index " + spread.index() + ")"));
            integer.ifPresent(result -> EvalReport.print(result, terminal()));
            compared.ifPresent(found -> AgainstReport.print(found, terminal()));
            setting.samples().corrupted().ifPresent(said -> terminal().out().println("corrupted: " + said));
            printNotes(how, notes);
            terminal()
                    .out()
                    .println(Text.number(figure.seen() / evaluation) + " samples/s, " + Text.number(seconds)
                            + " s in all");
            setting.ranges().print(terminal());
            FloatReport.print(left, terminal());
            if (perClass) {
                print(scores, setting.samples(), figure.task());
            }
            checks.forEach(c -> terminal().out().println(said(c)));
        });
        return checks.stream().allMatch(DeviceBudget.Check::ok) ? FloatReport.code(check, left) : ExitCode.CHECK_FAILED;
    }

    private DeviceCost cost(Setting setting) {
        return DeviceCost.of(
                setting.model(), setting.resolved(), Optional.empty(), Optional.of(setting.samples()), cancel());
    }

    /** The time of the exported model if a limit names it. */
    private DeviceBudget.Figure milliseconds(DeviceBudget limits, Setting setting) throws IOException {
        if (limits.ms().isEmpty()) {
            return DeviceBudget.Figure.unknown("it has not been measured");
        }
        ExportPlan plan = new ExportPlan(
                setting.model(), Session.of(setting.state()).withSolved(setting.known()), setting.resolved());
        try (Terminal.Bar bar = terminal().progress("measure")) {
            MeasuredSpeed speed = MeasuredSpeed.of(plan, Optional.of(setting.samples()), 1, bar, cancel());
            return DeviceBudget.Figure.of(speed.quantized().median());
        }
    }

    private void print(List<ClassScore> classes, Dataset data, Task task) {
        if (classes.isEmpty()) {
            terminal().out().println("note: there are no labelled classes to tell apart");
            return;
        }
        String what = task.isPooled() && !(task instanceof Task.Detector) ? task.title() : "accuracy";
        Table table = new Table("class", ">of", ">float32 " + what, ">quantized");
        classes.forEach(c -> table.row(
                ClassScore.name(data, c.label()),
                Long.toString(c.total()),
                Text.percent(c.ofFloat()),
                Text.percent(c.quantized())));
        table.print(terminal());
    }

    private static Json json(ClassAccuracy of, Dataset data) {
        return new Json()
                .put("name", ClassScore.name(data, of.label()))
                .put("class", of.label())
                .put("total", of.total())
                .put("float32", of.ofFloat())
                .put("quantized", of.quantized());
    }

    private static Json json(ClassScore of, Dataset data) {
        return new Json()
                .put("name", ClassScore.name(data, of.label()))
                .put("class", of.label())
                .put("total", of.total())
                .put("float32", of.ofFloat())
                .put("quantized", of.quantized());
    }

    private static Json json(DeviceBudget.Check check) {
        Json json = new Json()
                .put("what", check.what())
                .put("limit", check.limit())
                .put("value", check.value())
                .put("ok", check.ok());
        return check.why().isEmpty() ? json : json.put("why", check.why());
    }

    private static String said(DeviceBudget.Check check) {
        return "budget: " + check.what() + " "
                + (check.value().isPresent()
                        ? Text.number(check.value().getAsDouble())
                        : "is not known (" + check.why() + ")")
                + (check.atMost() ? ", at most " : ", at least ") + Text.number(check.limit())
                + (check.ok() ? ": kept" : ": BROKEN");
    }

    private Optional<Arithmetic> arithmetic() {
        if (arithmetic.equals(FLOAT)) {
            return Optional.empty();
        }
        Optional<Arithmetic> known = Arithmetic.of(arithmetic);
        if (known.isEmpty()) {
            throw usage("--arithmetic: float, "
                    + Stream.of(Arithmetic.values()).map(Arithmetic::id).collect(Collectors.joining(", ")) + "; got "
                    + arithmetic);
        }
        return known;
    }

    private IntegerEvaluation.Result inWholeNumbers(Setting setting, Arithmetic chosen, Optional<Task> wanted)
            throws IOException {
        ExportPlan plan = new ExportPlan(setting.model(), Session.of(setting.state()), setting.resolved())
                .withReference(setting.reference());
        try (Terminal.Bar bar = terminal().progress("whole numbers")) {
            return IntegerEvaluation.of(
                    plan, chosen, setting.samples(), wanted.or(setting.state()::metric), bar, cancel());
        }
    }

    private static String[] row(
            String name, AccuracyEstimate figure, int correct, double score, double worst, long bytes) {
        return figure.task().isProportion()
                ? new String[] {
                    name,
                    Integer.toString(correct),
                    Long.toString(figure.details().scored()),
                    text(figure, score),
                    Text.bytes(bytes)
                }
                : new String[] {
                    name, Integer.toString(figure.seen()), text(figure, score), text(figure, worst), Text.bytes(bytes)
                };
    }
}
