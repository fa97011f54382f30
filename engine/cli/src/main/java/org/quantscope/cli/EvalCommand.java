package org.quantscope.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.export.ModelSize;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.layerwise.CodeNotes;
import org.quantscope.core.session.LeftFloat;
import org.quantscope.core.session.ResolvedSettings;
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
    @Option(names = "--check", description = FloatReport.CHECK + ".")
    private boolean check;

    EvalCommand(Terminal terminal, CancelToken cancel) {
        super(terminal, cancel);
    }

    @Override
    public Integer call() throws IOException {
        long start = System.nanoTime();
        Setting nearest = setting();
        Optional<String> first = equalizeFirst(nearest.model(), nearest.state());
        Setting setting = solved(nearest);
        ResolvedSettings resolved = setting.resolved();
        ModelSize size = ModelSize.of(setting.model(), resolved);

        AccuracyEstimate figure;
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
            figure = evaluator.evaluate(
                    new EvalRequest(Optional.empty(), resolved.weights(), resolved.activations()),
                    cancel(),
                    part -> bar.report(
                            total + part.seen(), 2L * total, "quantized, sample " + part.seen() + " of " + total));
            evaluation = (System.nanoTime() - from) / 1e9;
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        notes.addAll(EvalReport.collapse(figure));
        first.ifPresent(notes::add);
        Json json = EvalReport.json(figure, how, setting.reference(), size, notes, evaluation, seconds);
        List<LeftFloat> left = LeftFloat.of(setting.model(), setting.state());
        FloatReport.put(json, left);
        setting.ranges().put(json);
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
            printNotes(how, notes);
            terminal()
                    .out()
                    .println(Text.number(figure.seen() / evaluation) + " samples/s, " + Text.number(seconds)
                            + " s in all");
            setting.ranges().print(terminal());
            FloatReport.print(left, terminal());
        });
        return FloatReport.code(check, left);
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
