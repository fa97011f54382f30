package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.Engine;
import org.quantscope.core.calib.Importances;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.EvalRequest;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.Task;
import org.quantscope.core.export.ModelSize;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.SessionState;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "eval",
        description = {
            "Says what quantization costs: the float model against the quantized one on the same samples. What is scored follows from",
            "the model's output and the labels; data without labels is scored against the float model's answers.",
            "Activations need ranges: from --calibration-data or from the config, never from the evaluation data."
        },
        footer = {
            "",
            "Examples:",
            "  quantscope eval model.onnx --data test.npz --weights 8 --granularity channel",
            "  quantscope eval model.onnx --data test.npz --config config.json --json"
        })
final class EvalCommand extends EngineCommand {
    @Parameters(paramLabel = "MODEL", description = "An ONNX model.")
    private Path file;

    @Option(names = "--data", paramLabel = "D", required = true, description = "The data to evaluate on: .npz, a folder of pictures by class, IDX or CSV.")
    private Path data;

    @Option(names = "--config", paramLabel = "CFG", description = "A config of calibrate or of the desktop, instead of quantizer options.")
    private @Nullable Path config;

    @Option(names = "--calibration-data", paramLabel = "D2", description = "Data that activations are calibrated on; labels are not needed.")
    private @Nullable Path calibrationData;

    @Option(names = "--limit", paramLabel = "N", description = "Use only the first N samples of the data.")
    private @Nullable Integer limit;

    @Option(names = "--metric", paramLabel = "ID", description = "What to score instead of the automatic choice: top1, top5, binary, mse, mae, agreement, cosine or float-mae.")
    private @Nullable String metric;

    @Mixin
    private SettingsOptions settings;

    EvalCommand(Terminal terminal, CancelToken cancel) {
        super(terminal, cancel);
    }

    @Override
    public Integer call() throws IOException {
        long start = System.nanoTime();
        if (limit != null && limit < 1) {
            throw usage("--limit: at least 1, got " + limit);
        }
        if (config != null && settings.given()) {
            throw usage("--config says how to quantize; it excludes the quantizer options");
        }
        SessionState asked = settings();
        Model model = Subject.openGraph(file, asked, terminal(), cancel());
        Model reference = asked.corrections().isEmpty() ? model : Subject.openGraph(file, asked.withCorrections(List.of()), terminal(), cancel());
        SessionState state = checked(() -> settings.keepFloat(asked, model));
        Importances importances = config != null && Subject.needsImportance(state) ? Subject.besideConfig(config, state, cancel()) : Importances.NONE;
        if (calibrationData != null) {
            Subject.Calibrated calibrated = Subject.calibrate(model, state, Subject.openData(calibrationData, 0, Optional.of(state), cancel()), terminal(), cancel());
            state = calibrated.state();
            importances = calibrated.importances();
        } else if (state.activations().isPresent() && state.activationRanges().isEmpty()) {
            throw usage("--activations needs --calibration-data, or a --config with ranges");
        }
        Optional<Task> wanted = Optional.ofNullable(metric).map(id -> Task.byId(id).orElseThrow(() -> usage("--metric: " + id + " is none of " + ids(Task.all()))));
        Optional<Task> task = wanted.or(asked::metric);
        Dataset samples = Subject.openData(data, limit == null ? 0 : limit, Optional.of(state), cancel());
        ResolvedSettings resolved;
        try (Terminal.Bar bar = terminal().progress("resolve")) {
            resolved = Engine.resolve(model, state, importances, bar, cancel());
        }
        ModelSize size = ModelSize.of(model, state, resolved.weights());

        AccuracyEstimate figure;
        double evaluation;
        try (LiveEvaluator evaluator = Engine.evaluator(model, reference, samples, task);
                Terminal.Bar bar = terminal().progress("evaluate")) {
            if (wanted.isPresent() && !evaluator.tasks(cancel()).contains(wanted.get())) {
                throw usage("--metric: " + wanted.get().id() + " does not fit the model and the data; " + ids(evaluator.tasks(cancel())) + " do");
            }
            int total = samples.size();
            evaluator.floatBaseline(cancel(), part -> bar.report(part.seen(), 2L * total, "float, sample " + part.seen() + " of " + total));
            long from = System.nanoTime();
            figure = evaluator.evaluate(
                    new EvalRequest(Optional.empty(), resolved.weights(), resolved.activations()),
                    cancel(),
                    part -> bar.report(total + part.seen(), 2L * total, "quantized, sample " + part.seen() + " of " + total));
            evaluation = (System.nanoTime() - from) / 1e9;
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        Json json = new Json()
                .put("metric", figure.task().id())
                .put("float32", score(figure, figure.task().isProportion() ? figure.floatCorrect() : 0, figure.floatScore()))
                .put("quantized", score(figure, figure.task().isProportion() ? figure.correct() : 0, figure.score()))
                .put("delta", figure.delta())
                .put("delta_lo95", figure.deltaLo())
                .put("delta_hi95", figure.deltaHi())
                .put("agreement", figure.agreement())
                .put("logit_sqnr_db", figure.logitSqnrDb())
                .put("size_bytes", new Json().put("float32", size.floatBytes()).put("quantized", size.quantizedBytes()))
                .put("samples_per_second", figure.seen() / evaluation)
                .put("seconds", seconds);
        print(json, () -> {
            boolean share = figure.task().isProportion();
            (share ? new Table("", ">correct", ">of", ">" + figure.task().title(), ">size") : new Table("", ">samples", ">" + figure.task().title(), ">size"))
                    .row(row("float32", figure, share ? figure.floatCorrect() : 0, figure.floatScore(), size.floatBytes()))
                    .row(row("quantized", figure, share ? figure.correct() : 0, figure.score(), size.quantizedBytes()))
                    .print(terminal());
            String agreement = figure.agreement().isPresent() ? ", same class on " + Text.percent(figure.agreement().getAsDouble()) + " of the samples" : "";
            String divergence = figure.divergence().isPresent() ? ", KL " + Text.number(figure.divergence()) + " nats" : "";
            terminal().out().println("difference " + text(figure, figure.delta()) + agreement + ", output SQNR " + Text.number(figure.logitSqnrDb()) + " dB" + divergence);
            terminal().out().println(Text.number(figure.seen() / evaluation) + " samples/s, " + Text.number(seconds) + " s in all");
        });
        return ExitCode.DONE;
    }

    private SessionState settings() throws IOException {
        if (config == null) {
            FileRef ref = FileRef.of(file, cancel());
            return checked(() -> settings.state(ref, calibrationData != null));
        }
        SessionState state = Subject.readConfig(config, file, terminal(), cancel());
        return settings.keepsBatchNorm() ? state.withFoldBatchNorm(false) : state;
    }

    private static String[] row(String name, AccuracyEstimate figure, int correct, double score, long bytes) {
        return figure.task().isProportion()
                ? new String[] {name, Integer.toString(correct), Integer.toString(figure.seen()), text(figure, score), Text.bytes(bytes)}
                : new String[] {name, Integer.toString(figure.seen()), text(figure, score), Text.bytes(bytes)};
    }

    private static String text(AccuracyEstimate figure, double score) {
        return figure.task().isProportion() ? Text.percent(score) : Text.number(score);
    }

    private static String ids(List<Task> tasks) {
        return tasks.stream().map(Task::id).collect(Collectors.joining(", "));
    }

    /** A share is counted; any other mean is a value. */
    private static Json score(AccuracyEstimate figure, int correct, double score) {
        return figure.task().isProportion()
                ? new Json().put("correct", correct).put("total", figure.seen()).put("accuracy", score)
                : new Json().put("total", figure.seen()).put("value", score);
    }
}
