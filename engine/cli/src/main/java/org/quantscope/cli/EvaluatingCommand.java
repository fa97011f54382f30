package org.quantscope.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.quantscope.core.Engine;
import org.quantscope.core.dataset.Dataset;
import org.quantscope.core.eval.AccuracyEstimate;
import org.quantscope.core.eval.LiveEvaluator;
import org.quantscope.core.eval.Task;
import org.quantscope.core.job.CancelToken;
import org.quantscope.core.model.Model;
import org.quantscope.core.session.Calibration;
import org.quantscope.core.session.FileRef;
import org.quantscope.core.session.ResolvedSettings;
import org.quantscope.core.session.Session;
import org.quantscope.core.session.SessionState;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A command that runs a quantized model on data: the shared options, and the steps from them to an evaluator. */
abstract class EvaluatingCommand extends EngineCommand {
    @Parameters(paramLabel = "MODEL", description = "An ONNX model.")
    private Path file;

    @Option(
            names = "--data",
            paramLabel = "D",
            required = true,
            description = "The data to evaluate on: .npz, a folder of pictures by class, IDX or CSV.")
    private Path data;

    @Option(
            names = "--config",
            paramLabel = "CFG",
            description = "A config of calibrate or of the desktop, instead of quantizer options.")
    private @Nullable Path config;

    @Option(
            names = "--calibration-data",
            paramLabel = "D2",
            description = "Data that activations are calibrated on; labels are not needed.")
    private @Nullable Path calibrationData;

    @Option(names = "--limit", paramLabel = "N", description = "Use only the first N samples of the data.")
    private @Nullable Integer limit;

    @Option(
            names = "--metric",
            paramLabel = "ID",
            description =
                    "What to score instead of the automatic choice: top1, top5, binary, mse, mae, agreement, cosine or"
                            + " float-mae.")
    private @Nullable String metric;

    @Mixin
    private SettingsOptions settings;

    EvaluatingCommand(Terminal terminal, CancelToken cancel) {
        super(terminal, cancel);
    }

    /**
     * What is to be evaluated.
     *
     * @param reference the float model to compare with: the one before any corrections
     * @param wanted the metric that was asked for on the command line
     */
    record Setting(
            Model model,
            Model reference,
            SessionState state,
            ResolvedSettings resolved,
            Dataset samples,
            Optional<Task> wanted) {
        LiveEvaluator evaluator() {
            return Engine.evaluator(model, reference, samples, wanted.or(state::metric));
        }
    }

    /** Opens the model and the data and resolves the settings. */
    final Setting setting() throws IOException {
        if (limit != null && limit < 1) {
            throw usage("--limit: at least 1, got " + limit);
        }
        if (config != null && settings.given()) {
            throw usage("--config says how to quantize; it excludes the quantizer options");
        }
        Optional<Session> saved = config == null
                ? Optional.empty()
                : Optional.of(ModelSetup.readConfig(config, file, terminal(), cancel()));
        SessionState asked = settings(saved);
        Model model = ModelSetup.openGraph(file, asked, terminal(), cancel());
        Model reference = asked.corrections().isEmpty()
                ? model
                : ModelSetup.openGraph(file, asked.withCorrections(List.of()), terminal(), cancel());
        SessionState state = checked(() -> settings.keepFloat(asked, model));
        Calibration calibration;
        if (calibrationData != null) {
            ModelSetup.Calibrated calibrated = ModelSetup.calibrate(
                    model,
                    state,
                    ModelSetup.openData(calibrationData, 0, Optional.of(state), cancel()),
                    terminal(),
                    cancel());
            state = calibrated.state();
            calibration = calibrated.calibration();
        } else {
            calibration = config != null && saved.isPresent()
                    ? ModelSetup.calibration(config, saved.get(), model, state, cancel())
                    : Calibration.NONE;
            if (state.activations().isPresent() && calibration.activations().isEmpty()) {
                throw usage("--activations needs --calibration-data, or a --config with ranges");
            }
        }
        ModelSetup.warnOfUnfitted(model, state, calibration, terminal());
        Optional<Task> wanted = Optional.ofNullable(metric)
                .map(id ->
                        Task.byId(id).orElseThrow(() -> usage("--metric: " + id + " is none of " + ids(Task.all()))));
        Dataset samples = ModelSetup.openData(data, limit == null ? 0 : limit, Optional.of(state), cancel());
        try (Terminal.Bar bar = terminal().progress("resolve")) {
            return new Setting(
                    model, reference, state, Engine.resolve(model, state, calibration, bar, cancel()), samples, wanted);
        }
    }

    private SessionState settings(Optional<Session> saved) throws IOException {
        if (saved.isEmpty()) {
            FileRef ref = FileRef.of(file, cancel());
            return checked(() -> settings.state(ref, calibrationData != null));
        }
        SessionState state = saved.get().state();
        return settings.keepsBatchNorm() ? state.withFoldBatchNorm(false) : state;
    }

    /** Refuses a metric that was asked for but does not fit the model and the data. */
    final void checkMetric(Setting setting, LiveEvaluator evaluator) {
        if (setting.wanted.isPresent() && !evaluator.tasks(cancel()).contains(setting.wanted.get())) {
            throw usage("--metric: " + setting.wanted.get().id() + " does not fit the model and the data; "
                    + ids(evaluator.tasks(cancel())) + " do");
        }
    }

    private static String ids(List<Task> tasks) {
        return tasks.stream().map(Task::id).collect(Collectors.joining(", "));
    }

    /** A score in the form that people read. */
    static String text(AccuracyEstimate figure, double score) {
        return figure.task().isProportion() ? Text.percent(score) : Text.number(score);
    }

    /** The float model's score: a count of correct samples for an accuracy, a value for any other metric. */
    static Json floatScore(AccuracyEstimate figure) {
        return score(figure, figure.task().isProportion() ? figure.floatCorrect() : 0, figure.floatScore());
    }

    /** The quantized model's score: a count of correct samples for an accuracy, a value for any other metric. */
    static Json quantizedScore(AccuracyEstimate figure) {
        return score(figure, figure.task().isProportion() ? figure.correct() : 0, figure.score());
    }

    private static Json score(AccuracyEstimate figure, int correct, double score) {
        return figure.task().isProportion()
                ? new Json().put("correct", correct).put("total", figure.seen()).put("accuracy", score)
                : new Json().put("total", figure.seen()).put("value", score);
    }
}
