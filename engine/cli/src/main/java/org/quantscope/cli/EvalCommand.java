package org.quantscope.cli;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.export.ModelSize;
import org.quantscope.core.job.CancelToken;
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
        Setting setting = setting();
        ResolvedSettings resolved = setting.resolved();
        ModelSize size = ModelSize.of(setting.model(), resolved);

        AccuracyEstimate figure;
        double evaluation;
        try (LiveEvaluator evaluator = setting.evaluator();
                Terminal.Bar bar = terminal().progress("evaluate")) {
            checkMetric(setting, evaluator);
            int total = setting.samples().size();
            evaluator.floatBaseline(
                    cancel(),
                    part -> bar.report(part.seen(), 2L * total, "float, sample " + part.seen() + " of " + total));
            long from = System.nanoTime();
            figure = evaluator.evaluate(
                    new EvalRequest(Optional.empty(), resolved.weights(), resolved.activations()),
                    cancel(),
                    part -> bar.report(
                            total + part.seen(), 2L * total, "quantized, sample " + part.seen() + " of " + total));
            evaluation = (System.nanoTime() - from) / 1e9;
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        Json json = new Json()
                .put("metric", figure.task().id())
                .put("float32", floatScore(figure))
                .put("quantized", quantizedScore(figure))
                .put("delta", figure.delta())
                .put("delta_lo95", figure.deltaLo())
                .put("delta_hi95", figure.deltaHi())
                .put("agreement", figure.agreement())
                .put("logit_sqnr_db", figure.logitSqnrDb())
                .put("size_bytes", new Json().put("float32", size.floatBytes()).put("quantized", size.quantizedBytes()))
                .put("samples_per_second", figure.seen() / evaluation)
                .put("seconds", seconds);
        List<LeftFloat> left = LeftFloat.of(setting.model(), setting.state());
        FloatReport.put(json, left);
        print(json, () -> {
            boolean share = figure.task().isProportion();
            (share
                            ? new Table(
                                    "", ">correct", ">of", ">" + figure.task().title(), ">size")
                            : new Table("", ">samples", ">" + figure.task().title(), ">size"))
                    .row(row(
                            "float32",
                            figure,
                            share ? figure.floatCorrect() : 0,
                            figure.floatScore(),
                            size.floatBytes()))
                    .row(row("quantized", figure, share ? figure.correct() : 0, figure.score(), size.quantizedBytes()))
                    .print(terminal());
            String agreement = figure.agreement().isPresent()
                    ? ", same class on " + Text.percent(figure.agreement().getAsDouble()) + " of the samples"
                    : "";
            String divergence =
                    figure.divergence().isPresent() ? ", KL " + Text.number(figure.divergence()) + " nats" : "";
            terminal()
                    .out()
                    .println("difference " + text(figure, figure.delta()) + agreement + ", output SQNR "
                            + Text.number(figure.logitSqnrDb()) + " dB" + divergence);
            terminal()
                    .out()
                    .println(Text.number(figure.seen() / evaluation) + " samples/s, " + Text.number(seconds)
                            + " s in all");
            FloatReport.print(left, terminal());
        });
        return FloatReport.code(check, left);
    }

    private static String[] row(String name, AccuracyEstimate figure, int correct, double score, long bytes) {
        return figure.task().isProportion()
                ? new String[] {
                    name,
                    Integer.toString(correct),
                    Integer.toString(figure.seen()),
                    text(figure, score),
                    Text.bytes(bytes)
                }
                : new String[] {name, Integer.toString(figure.seen()), text(figure, score), Text.bytes(bytes)};
    }
}
