package org.quantscope.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.quantscope.core.Engine;
import org.quantscope.core.corruption.Corrupted;
import org.quantscope.core.corruption.Corruption;
import org.quantscope.core.corruption.Corruptions;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.robustness.Robustness;
import org.quantscope.core.robustness.ShareInterval;
import org.quantscope.core.session.LeftFloat;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "robustness",
        description = {
            "Says how the float and the quantized model fare on samples that get worse: the accuracy of both at each"
                    + " severity of each corruption,",
            "with 95 % intervals, and how many samples flip. Ranges stay those of the calibration data."
        },
        footer = {
            "",
            "Example:",
            "  quantscope robustness model.onnx --data test.npz --bits 4 --calibration-data calibration.npz"
                    + " --corruptions noise,blur"
        })
final class RobustnessCommand extends EvaluatingCommand {
    @Option(
            names = "--corruptions",
            paramLabel = "ID",
            split = ",",
            description = "Only these, with commas between them (default: all that make sense for the data; list"
                    + " corruptions).")
    private List<String> ids = List.of();

    @Option(
            names = "--severities",
            paramLabel = "S",
            split = ",",
            description = "From 0 to 5, with commas between them (default: ${DEFAULT-VALUE}).",
            defaultValue = "0,1,2,3,4,5")
    private List<Double> severities = List.of();

    RobustnessCommand(Terminal terminal, CancelToken cancel) {
        super(terminal, cancel);
    }

    @Override
    public Integer call() throws IOException {
        refuseCorrupt("robustness corrupts by itself; --corruptions and --severities say how");
        for (double severity : severities) {
            if (!(severity >= 0 && severity <= Corrupted.MOST)) {
                throw usage("--severities: 0 to " + Corrupted.MOST + ", got " + severity);
            }
        }
        List<Corruption> chosen = new ArrayList<>();
        for (String id : ids) {
            chosen.add(Corruptions.find(id)
                    .orElseThrow(() -> usage("--corruptions: " + id + " is none of "
                            + Corruptions.all().stream().map(Corruption::id).collect(Collectors.joining(", ")))));
        }
        Setting setting = solved(setting());
        List<Corruption> corruptions = chosen.isEmpty() ? Robustness.fitting(setting.samples()) : chosen;
        if (corruptions.isEmpty()) {
            // Asking for one says why none fits.
            corruptions = List.of(Corruptions.all().getFirst());
        }
        Robustness robustness = new Robustness(
                setting.samples(),
                new EvalRequest(
                        Optional.empty(),
                        setting.resolved().weights(),
                        setting.resolved().activations()),
                worse -> Engine.evaluator(
                        setting.model(),
                        setting.reference(),
                        worse,
                        setting.wanted().or(setting.state()::metric)));
        List<Robustness.Curve> curves;
        try (Terminal.Bar bar = terminal().progress("robustness")) {
            curves = robustness.run(corruptions, severities, bar, cancel(), part -> {});
        }
        AccuracyEstimate any = curves.getFirst().points().getFirst().figure();
        Json json = new Json()
                .put("metric", any.task().id())
                .put("samples", any.seen())
                .put("curves", curves.stream().map(RobustnessCommand::json).toList());
        List<LeftFloat> left = LeftFloat.of(setting.model(), setting.state());
        FloatReport.put(json, left);
        setting.ranges().put(json);
        print(json, () -> {
            Table table = new Table(
                    "corruption",
                    ">severity",
                    ">" + any.task().title() + " float32",
                    ">quantized",
                    ">difference",
                    ">95 %",
                    ">lost",
                    ">gained",
                    ">other flips");
            curves.forEach(curve -> curve.points().forEach(p -> table.row(row(curve, p))));
            table.print(terminal());
            terminal().out().println(any.seen() + " samples; intervals are for samples such as these");
            setting.ranges().print(terminal());
            FloatReport.print(left, terminal());
        });
        return ExitCode.DONE;
    }

    private static String[] row(Robustness.Curve curve, Robustness.Point p) {
        AccuracyEstimate f = p.figure();
        return new String[] {
            curve.corruption().title(),
            Corrupted.number(p.severity()),
            text(f, f.floatScore()),
            text(f, f.score()),
            text(f, f.delta()),
            text(f, p.delta().lo()) + " … " + text(f, p.delta().hi()),
            Integer.toString(p.lost()),
            Integer.toString(p.gained()),
            Integer.toString(p.other())
        };
    }

    private static Json json(Robustness.Curve curve) {
        return new Json()
                .put("corruption", curve.corruption().id())
                .put("title", curve.corruption().title())
                .put(
                        "points",
                        curve.points().stream().map(RobustnessCommand::json).toList());
    }

    private static Json json(Robustness.Point p) {
        AccuracyEstimate figure = p.figure();
        Json json = new Json().put("severity", p.severity());
        p.said().ifPresent(said -> json.put("said", said));
        json.put("float32", with(floatScore(figure), p.ofFloat()))
                .put("quantized", with(quantizedScore(figure), p.quantized()))
                .put("delta", figure.delta())
                .put("delta_lo95", p.delta().lo())
                .put("delta_hi95", p.delta().hi())
                .put("lost", p.lost())
                .put("gained", p.gained())
                .put("other_flips", p.other())
                .put("agreement", figure.agreement());
        return json;
    }

    private static Json with(Json score, Optional<ShareInterval> interval) {
        interval.ifPresent(i -> score.put("lo95", i.lo()).put("hi95", i.hi()));
        return score;
    }
}
